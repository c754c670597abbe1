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
import type { WindowGrid } from "../functions/windows.ts";

/**
 * Leaves of histograms their schema, count and sum, which is all that histogram_count, histogram_sum and histogram_avg look
 * at. Resets can not be seen without buckets: they are found here, where hints do not tell them. Lent until the next call.
 * Follows Prometheus's HistogramStatsIterator, which knows nothing of the samples that it leaps over between the windows of
 * `grid`.
 */
export function createStatsReader(grid: WindowGrid): (series: SampleColumn) => SampleColumn {
  const stats = new HistogramColumn();
  const hasGaps = grid.stepMs > grid.rangeMs;
  return (series) => {
    const { histograms, timesMs, length } = series;
    if (histograms === undefined) return series;
    stats.clear();
    let before = -1;
    for (let i = 0; i < length; i++) {
      if (hasGaps && isLeaptTo(grid, timesMs, i)) before = -1;
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

/**
 * Whether sample `i` is the first of a window, and the one before it lies in the gap before that: then upstream's iterator
 * stands there after the window before, and seeks.
 */
function isLeaptTo(
  { firstEndMs, stepMs, count, rangeMs }: WindowGrid,
  timesMs: Float64Array,
  i: number,
): boolean {
  const timeMs = timesMs[i] as number;
  const step = Math.ceil((timeMs - firstEndMs) / stepMs);
  if (i === 0 || step < 1 || step >= count) return false;
  const endMs = firstEndMs + step * stepMs;
  const startMs = endMs - rangeMs;
  const beforeMs = timesMs[i - 1] as number;
  return timeMs >= startMs && beforeMs < startMs && beforeMs >= endMs - stepMs;
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
