import { bucketCount, type Histogram, sameLayout } from "./histogram.ts";

/**
 * Whether two histograms are the same data: the same buckets, also empty ones, and the same numbers, where NaN is NaN
 * and zero is not minus zero. Reset hints do not count.
 */
export function equalHistograms(a: Histogram, b: Histogram): boolean {
  if (!Object.is(a.count, b.count) || !Object.is(a.sum, b.sum) || !Object.is(a.zeroCount, b.zeroCount)) {
    return false;
  }
  if (!sameLayout(a.layout, b.layout)) return false;
  const count = bucketCount(a.layout);
  for (let i = 0; i < count; i++) {
    if (!Object.is(a.buckets[a.at + i], b.buckets[b.at + i])) return false;
  }
  return true;
}
