import { bucketCount, type Histogram } from "./histogram.ts";

/** Whether a number of a histogram is infinite, as one is after sums past what a float holds. */
export function hasOverflow(histogram: Histogram): boolean {
  const { buckets, at, layout } = histogram;
  if (isInfinite(histogram.zeroCount) || isInfinite(histogram.count) || isInfinite(histogram.sum))
    return true;
  const end = at + bucketCount(layout);
  for (let i = at; i < end; i++) if (isInfinite(buckets[i] as number)) return true;
  for (let i = 0; i < layout.customValues.length; i++) {
    if (isInfinite(layout.customValues[i] as number)) return true;
  }
  return false;
}

function isInfinite(value: number): boolean {
  return value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY;
}
