import { lostWith } from "./compensated.ts";
import { customSchema, type Histogram } from "./histogram.ts";
import { type BucketWalk, createBucketWalk, nextBucket, walkUp } from "./walk-buckets.ts";

const walk = createBucketWalk();

/**
 * Estimated variance of the observations, each taken for the middle of its bucket: the geometric one, zero in the zero
 * bucket, the arithmetic one of custom buckets. As Prometheus's histogram_stdvar.
 */
export function varianceOfHistogram(histogram: Histogram): number {
  const isCustom = histogram.layout.schema === customSchema;
  const mean = histogram.sum / histogram.count;
  let sum = 0;
  let lost = 0;
  walkUp(walk, histogram);
  while (nextBucket(walk)) {
    if (walk.count === 0) continue;
    const distance = middleOf(walk, isCustom) - mean;
    const value = walk.count * distance * distance;
    const total = sum + value;
    lost = lostWith(sum, value, total, lost);
    sum = total;
  }
  return (sum + lost) / histogram.count;
}

function middleOf({ lower, upper }: BucketWalk, isCustom: boolean): number {
  if (isCustom) return (upper + lower) / 2;
  if (lower <= 0 && upper >= 0) return 0;
  const middle = Math.sqrt(upper * lower);
  return upper < 0 ? -middle : middle;
}
