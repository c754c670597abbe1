import { lowerBound, upperBound } from "./bounds.ts";
import { createHistogram, customSchema, type Histogram } from "./histogram.ts";

/**
 * One bucket after the other, in one object, so that nothing is allocated on the way.
 *
 *   walkUp(walk, histogram);
 *   while (nextBucket(walk)) use(walk.lower, walk.upper, walk.count);
 *
 * Buckets without observations are visited where the layout has them, the zero bucket where its count is above zero.
 * Where a bucket reaches into the zero bucket, its bound is the zero bucket's.
 */
export interface BucketWalk {
  lower: number;
  upper: number;
  lowerInclusive: boolean;
  upperInclusive: boolean;
  count: number;
  /** Where it is: lent as long as the histogram is. */
  histogram: Histogram;
  /** Rank of the bucket by value: negative buckets from 0 on, the zero bucket, the positive ones. */
  rank: number;
  step: 1 | -1;
}

export function createBucketWalk(): BucketWalk {
  return {
    lower: 0,
    upper: 0,
    lowerInclusive: false,
    upperInclusive: false,
    count: 0,
    histogram: createHistogram(),
    rank: 0,
    step: 1,
  };
}

/** Starts a walk from the lowest bucket. */
export function walkUp(walk: BucketWalk, histogram: Histogram): void {
  start(walk, histogram, 1);
  walk.rank = -1;
}

/** Starts a walk from the highest bucket. */
export function walkDown(walk: BucketWalk, histogram: Histogram): void {
  start(walk, histogram, -1);
  walk.rank = histogram.layout.negative.length + 1 + histogram.layout.positive.length;
}

/** What a walk over no bucket at all leaves is a bucket of zeros. */
function start(walk: BucketWalk, histogram: Histogram, step: 1 | -1): void {
  walk.histogram = histogram;
  walk.step = step;
  walk.lower = 0;
  walk.upper = 0;
  walk.lowerInclusive = false;
  walk.upperInclusive = false;
  walk.count = 0;
}

/** Moves on; false past the last bucket, and then the walk still tells the last one. */
export function nextBucket(walk: BucketWalk): boolean {
  const { layout, zeroCount } = walk.histogram;
  const negatives = layout.negative.length;
  walk.rank += walk.step;
  if (walk.rank === negatives) {
    if (zeroCount > 0) {
      readZeroBucket(walk);
      return true;
    }
    walk.rank += walk.step;
  }
  if (walk.rank < 0 || walk.rank > negatives + layout.positive.length) return false;
  if (walk.rank < negatives) readNegative(walk, negatives - 1 - walk.rank);
  else readPositive(walk, walk.rank - negatives - 1);
  return true;
}

function readPositive(walk: BucketWalk, position: number): void {
  const { layout, buckets, at } = walk.histogram;
  const index = layout.positive[position] as number;
  const lower = lowerBound(layout, index);
  walk.upper = upperBound(layout, index);
  walk.count = buckets[at + position] as number;
  if (layout.schema === customSchema) {
    walk.lowerInclusive = index === 0;
    walk.upperInclusive = true;
  } else {
    walk.lowerInclusive = lower < 0;
    walk.upperInclusive = walk.upper > 0;
  }
  walk.lower = lower > 0 && lower < layout.zeroThreshold ? layout.zeroThreshold : lower;
}

function readNegative(walk: BucketWalk, position: number): void {
  const { layout, buckets, at } = walk.histogram;
  const index = layout.negative[position] as number;
  const upper = -lowerBound(layout, index);
  walk.lower = -upperBound(layout, index);
  walk.count = buckets[at + layout.positive.length + position] as number;
  walk.lowerInclusive = walk.lower < 0;
  walk.upperInclusive = upper > 0;
  walk.upper = upper < 0 && upper > -layout.zeroThreshold ? -layout.zeroThreshold : upper;
}

function readZeroBucket(walk: BucketWalk): void {
  const { layout, zeroCount } = walk.histogram;
  walk.lower = -layout.zeroThreshold;
  walk.upper = layout.zeroThreshold;
  walk.lowerInclusive = true;
  walk.upperInclusive = true;
  walk.count = zeroCount;
}
