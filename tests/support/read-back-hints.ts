import {
  bucketCount,
  copyHistogram,
  createHistogram,
  type Histogram,
  type ResetHint,
  resetHints,
  sameEntries,
} from "../../src/model/histogram/histogram.ts";
import type { MemorySample } from "./memory-selectable.ts";

/**
 * Samples in time order with the reset hints that Prometheus's head gives back: `gauge` in chunks of gauges, otherwise
 * `unknown` for the first histogram of a chunk and `not reset` for those after it. A new chunk begins where the kind
 * changes, a reset is told or seen, the layout changes but for buckets, or a series comes back from staleness.
 */
export function readBackHints(samples: readonly MemorySample[]): readonly MemorySample[] {
  let before: MemorySample | undefined;
  return samples.map((sample) => {
    const { histogram } = sample;
    const last = before;
    before = sample;
    if (histogram === undefined) return sample;
    const hint = hintOf(histogram, last?.histogram);
    if (hint === histogram.resetHint) return sample;
    const copy = createHistogram();
    copyHistogram(histogram, copy);
    copy.resetHint = hint;
    return { ...sample, histogram: copy };
  });
}

function hintOf(histogram: Histogram, last: Histogram | undefined): ResetHint {
  if (histogram.resetHint === resetHints.gauge) return resetHints.gauge;
  return last === undefined || beginsChunk(histogram, last) ? resetHints.unknown : resetHints.notReset;
}

function beginsChunk(histogram: Histogram, last: Histogram): boolean {
  const { layout } = histogram;
  return (
    histogram.resetHint === resetHints.reset ||
    last.resetHint === resetHints.gauge ||
    layout.schema !== last.layout.schema ||
    layout.zeroThreshold !== last.layout.zeroThreshold ||
    !sameEntries(layout.customValues, last.layout.customValues) ||
    histogram.count < last.count ||
    histogram.zeroCount < last.zeroCount ||
    losesAny(histogram, last)
  );
}

/** Whether any bucket counts less than before, or is gone although it counted something. */
function losesAny(histogram: Histogram, last: Histogram): boolean {
  const now = countsOf(histogram);
  return [...countsOf(last)].some(([bucket, count]) => (now.get(bucket) ?? 0) < count);
}

function countsOf({ layout, buckets, at }: Histogram): Map<string, number> {
  const counts = new Map<string, number>();
  for (let i = 0; i < bucketCount(layout); i++) {
    const side = i < layout.positive.length ? "+" : "-";
    const index = side === "+" ? layout.positive[i] : layout.negative[i - layout.positive.length];
    counts.set(`${side}${index}`, buckets[at + i] as number);
  }
  return counts;
}
