import { detectReset } from "../../model/histogram/detect-reset.ts";
import {
  createHistogram,
  emptyLayout,
  type HistogramLayout,
  type ResetHint,
  resetHints,
} from "../../model/histogram/histogram.ts";
import { HistogramColumn } from "../../model/histogram/histogram-column.ts";
import type { SampleColumn } from "../../store/samples.ts";

/**
 * Leaves of histograms their schema, count and sum, which is all that histogram_count, histogram_sum and histogram_avg look
 * at. Resets can not be seen without buckets: they are found here, where hints do not tell them. Lent until the next call.
 * Follows Prometheus's HistogramStatsIterator.
 */
export function createStatsReader(): (series: SampleColumn) => SampleColumn {
  const stats = new HistogramColumn();
  return (series) => {
    const { histograms, length } = series;
    if (histograms === undefined) return series;
    stats.clear();
    let before = -1;
    for (let i = 0; i < length; i++) {
      const layout = histograms.layoutAt(i);
      if (layout === undefined) continue;
      numbers.count = histograms.countAt(i);
      numbers.sum = histograms.sumAt(i);
      numbers.resetHint = hintOf(histograms, i, before);
      stats.place(i, statsLayout(layout.schema));
      stats.setNumbers(i, numbers);
      before = i;
    }
    return { ...series, histograms: stats };
  };
}

const numbers = createHistogram();
const current = createHistogram();
const previous = createHistogram();

function hintOf(histograms: HistogramColumn, i: number, before: number): ResetHint {
  const hint = histograms.hintAt(i);
  if (hint !== resetHints.unknown || before < 0) return hint;
  return detectReset(histograms.lend(i, current), histograms.lend(before, previous))
    ? resetHints.reset
    : resetHints.notReset;
}

const layouts = new Map<number, HistogramLayout>();

/** One layout a schema, so that layouts are compared by identity. */
function statsLayout(schema: number): HistogramLayout {
  let layout = layouts.get(schema);
  if (layout === undefined) {
    layout = { ...emptyLayout, schema };
    layouts.set(schema, layout);
  }
  return layout;
}
