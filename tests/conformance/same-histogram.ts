import { compact } from "../../src/model/histogram/compact.ts";
import {
  bucketCount,
  copyHistogram,
  createHistogram,
  type Histogram,
  sameLayout,
} from "../../src/model/histogram/histogram.ts";
import { almostEqual } from "./almost-equal.ts";
import type { WrittenHistogram } from "./histogram-notation.ts";

/** Whether two histograms are equal but for empty buckets and small differences, as upstream's tests compare. */
export function sameHistogram(wanted: WrittenHistogram, got: Histogram): boolean {
  const a = compacted(wanted.histogram);
  const b = compacted(got);
  if (!sameLayout(a.layout, b.layout)) return false;
  if (wanted.hintIsSet && a.resetHint !== b.resetHint) return false;
  if (
    !almostEqual(a.count, b.count) ||
    !almostEqual(a.sum, b.sum) ||
    !almostEqual(a.zeroCount, b.zeroCount)
  ) {
    return false;
  }
  for (let i = 0; i < bucketCount(a.layout); i++) {
    if (!almostEqual(a.buckets[a.at + i] as number, b.buckets[b.at + i] as number)) return false;
  }
  return true;
}

function compacted(histogram: Histogram): Histogram {
  const copy = createHistogram();
  copyHistogram(histogram, copy);
  compact(copy);
  return copy;
}
