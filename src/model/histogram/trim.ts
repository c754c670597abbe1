import { lowerBound, upperBound } from "./bounds.ts";
import { compact } from "./compact.ts";
import { fractionBelow } from "./fraction-below.ts";
import { customSchema, type Histogram } from "./histogram.ts";

/** Which side of the bound goes: `upper` what is above (`</`), `lower` what is below (`>/`). */
export type TrimmedSide = "upper" | "lower";

/**
 * Takes the observations above or below `bound` from an owned histogram. A bucket that holds the bound is split where
 * its observations are thought to lie; count and sum are then estimated from what is left, unless nothing was taken.
 * Follows Prometheus's FloatHistogram.TrimBuckets.
 */
export function trimBuckets(into: Histogram, bound: number, side: TrimmedSide): void {
  const kept: Kept = { count: 0, sum: 0, isTrimmed: false };
  const hasPositive = trimSide(into, { bound, side, isPositive: true }, kept);
  const hasNegative = trimSide(into, { bound, side, isPositive: false }, kept);
  if (into.zeroCount > 0) trimZeroBucket(into, { bound, side }, { hasPositive, hasNegative, kept });
  if (!kept.isTrimmed) return;
  into.count = kept.count;
  into.sum = kept.sum;
  compact(into);
}

interface Trim {
  readonly bound: number;
  readonly side: TrimmedSide;
}

interface SideTrim extends Trim {
  readonly isPositive: boolean;
}

interface Kept {
  count: number;
  sum: number;
  isTrimmed: boolean;
}

interface Bucket {
  readonly lower: number;
  readonly upper: number;
  readonly count: number;
}

/** What stays of a bucket, and the value that its observations are taken for. */
interface Remainder {
  readonly count: number;
  readonly value: number;
}

/** Whether the side has observations. */
function trimSide(into: Histogram, trim: SideTrim, kept: Kept): boolean {
  const { layout, buckets } = into;
  const { bound, side, isPositive } = trim;
  const indexes = isPositive ? layout.positive : layout.negative;
  const first = into.at + (isPositive ? 0 : layout.positive.length);
  const isLinear = layout.schema === customSchema;
  let hasObservations = false;
  for (let i = 0; i < indexes.length; i++) {
    const index = indexes[i] as number;
    const count = buckets[first + i] as number;
    if (count === 0) continue;
    hasObservations = true;
    const near = lowerBound(layout, index);
    const far = upperBound(layout, index);
    const bucket = { lower: isPositive ? near : -far, upper: isPositive ? far : -near, count };
    const stays = side === "upper" ? bucket.upper <= bound : bucket.lower >= bound;
    const isSplit = side === "upper" ? bucket.lower < bound : bucket.upper > bound;
    if (stays) {
      keep(kept, { count, value: midpoint(bucket.lower, bucket.upper, isPositive, isLinear) });
    } else if (isSplit) {
      const remainder = splitBucket(bucket, trim, isLinear);
      keep(kept, remainder);
      if (remainder.count === count) continue;
      buckets[first + i] = remainder.count;
      kept.isTrimmed = true;
    } else {
      buckets[first + i] = 0;
      kept.isTrimmed = true;
    }
  }
  return hasObservations;
}

function keep(kept: Kept, { count, value }: Remainder): void {
  kept.count += count;
  kept.sum += value * count;
}

function splitBucket(bucket: Bucket, { bound, side, isPositive }: SideTrim, isLinear: boolean): Remainder {
  const { lower, upper, count } = bucket;
  if (lower === Number.NEGATIVE_INFINITY) return splitLowest(bucket, { bound, side });
  if (upper === Number.POSITIVE_INFINITY) return splitHighest(bucket, { bound, side });
  const below = countBelow(bucket, bound, isLinear);
  return side === "upper"
    ? { count: below, value: midpoint(lower, bound, isPositive, isLinear) }
    : { count: count - below, value: midpoint(bound, upper, isPositive, isLinear) };
}

function countBelow({ lower, upper, count }: Bucket, bound: number, isLinear: boolean): number {
  if (bound <= lower) return 0;
  if (bound >= upper) return count;
  return count * fractionBelow(lower, upper, bound, isLinear);
}

/** Of a bucket from −Inf on. With custom bounds above zero it is taken to begin at zero. */
function splitLowest({ lower, upper, count }: Bucket, { bound, side }: Trim): Remainder {
  const reachesUp = upper > 0 && upper !== Number.POSITIVE_INFINITY;
  if (side === "upper") {
    if (bound >= upper) return { count, value: 0 };
    if (bound > 0 && reachesUp) return { count: (count * bound) / upper, value: bound / 2 };
    return upper <= 0 ? { count, value: bound } : { count: 0, value: finiteOrZero(upper) };
  }
  if (bound <= lower) return { count, value: 0 };
  if (bound >= 0 && upper > bound && upper !== Number.POSITIVE_INFINITY) {
    return { count: count * (1 - bound / upper), value: (bound + upper) / 2 };
  }
  return { count: 0, value: finiteOrZero(upper) };
}

/** Of a bucket up to +Inf: nobody knows how far its observations lie. */
function splitHighest({ lower, count }: Bucket, { bound, side }: Trim): Remainder {
  if (side === "lower" && bound >= lower) return { count, value: bound };
  return { count: 0, value: finiteOrZero(lower) };
}

function finiteOrZero(value: number): number {
  return value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY ? 0 : value;
}

function midpoint(lower: number, upper: number, isPositive: boolean, isLinear: boolean): number {
  if (lower === Number.NEGATIVE_INFINITY || lower === Number.POSITIVE_INFINITY) {
    if (finiteOrZero(upper) !== upper) return 0;
    return upper > 0 ? upper / 2 : upper;
  }
  if (finiteOrZero(upper) !== upper && !Number.isNaN(upper)) return lower;
  if (isLinear) return (lower + upper) / 2;
  const geometric = Math.sqrt(Math.abs(lower * upper));
  return isPositive ? geometric : -geometric;
}

function trimZeroBucket(
  into: Histogram,
  trim: Trim,
  { hasPositive, hasNegative, kept }: { hasPositive: boolean; hasNegative: boolean; kept: Kept },
): void {
  const { zeroThreshold } = into.layout;
  const lower = hasPositive && !hasNegative ? 0 : -zeroThreshold;
  const upper = hasNegative && !hasPositive ? 0 : zeroThreshold;
  const remainder = zeroRemainder({ lower, upper, count: into.zeroCount }, trim);
  if (remainder.count !== into.zeroCount) {
    into.zeroCount = remainder.count;
    kept.isTrimmed = true;
  }
  keep(kept, remainder);
}

function zeroRemainder({ lower, upper, count }: Bucket, { bound, side }: Trim): Remainder {
  const all = { count, value: (lower + upper) / 2 };
  const none = { count: 0, value: 0 };
  if (bound <= lower) return side === "upper" ? none : all;
  if (bound >= upper) return side === "upper" ? all : none;
  return side === "upper"
    ? { count: count * ((bound - lower) / (upper - lower)), value: (lower + bound) / 2 }
    : { count: count * ((upper - bound) / (upper - lower)), value: (bound + upper) / 2 };
}
