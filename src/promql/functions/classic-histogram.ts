/** Cumulative buckets of one histogram at one step: the first `length` of bounds and counts, bounds ascending. */
export interface Buckets {
  length: number;
  readonly bounds: Float64Array;
  readonly counts: Float64Array;
}

/** Differences below this ratio are rounding, not a bucket that shrinks. */
const smallDelta = 1e-12;
const smallestNormal = 2.2250738585072014e-308;

/** Where counts were raised because they shrank from bucket to bucket, beyond rounding. */
export interface Mending {
  mended: boolean;
  minBucket: number;
  maxBucket: number;
  maxDiff: number;
}

export function createMending(): Mending {
  return { mended: false, minBucket: Infinity, maxBucket: -Infinity, maxDiff: 0 };
}

/**
 * The φ-quantile of a classic histogram, as upstream's BucketQuantile. Needs the +Inf bucket and one more; NaN without.
 * Changes `buckets`: equal bounds are added up and shrinking counts raised, which `mending` tells.
 */
export function bucketQuantile(phi: number, buckets: Buckets, mending: Mending): number {
  mending.mended = false;
  if (Number.isNaN(phi)) return Number.NaN;
  if (phi < 0) return -Infinity;
  if (phi > 1) return Infinity;
  if (!endsAtInfinity(buckets)) return Number.NaN;
  coalesce(buckets);
  makeMonotonic(buckets, mending);
  const { length, bounds, counts } = buckets;
  if (length < 2) return Number.NaN;
  const observations = counts[length - 1] as number;
  if (observations === 0) return Number.NaN;
  const rank = phi * observations;
  const at = firstReaching(counts, length - 1, rank);
  if (at === length - 1) return bounds[length - 2] as number;
  const end = bounds[at] as number;
  if (at === 0) return end <= 0 ? end : 0 + end * (rank / (counts[0] as number)); // Zero, and no negative one.
  const start = bounds[at - 1] as number;
  const below = counts[at - 1] as number;
  return start + (end - start) * ((rank - below) / ((counts[at] as number) - below));
}

/** First index below `length` whose count reaches `rank`, by upstream's binary search. */
function firstReaching(counts: Float64Array, length: number, rank: number): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((counts[middle] as number) >= rank) high = middle;
    else low = middle + 1;
  }
  return low;
}

function endsAtInfinity({ length, bounds }: Buckets): boolean {
  return length > 0 && bounds[length - 1] === Infinity;
}

function coalesce(buckets: Buckets): void {
  const { bounds, counts } = buckets;
  let last = 0;
  for (let i = 1; i < buckets.length; i++) {
    if (bounds[i] === bounds[last]) {
      counts[last] = (counts[last] as number) + (counts[i] as number);
    } else {
      last++;
      bounds[last] = bounds[i] as number;
      counts[last] = counts[i] as number;
    }
  }
  if (buckets.length > 0) buckets.length = last + 1;
}

function makeMonotonic({ length, bounds, counts }: Buckets, mending: Mending): void {
  let previous = counts[0] as number;
  for (let i = 1; i < length; i++) {
    const count = counts[i] as number;
    if (count === previous) continue;
    if (almostEqual(previous, count)) {
      counts[i] = previous;
    } else if (count < previous) {
      counts[i] = previous;
      noteMended(mending, bounds[i] as number, previous - count);
    } else {
      previous = count;
    }
  }
}

function noteMended(mending: Mending, bound: number, diff: number): void {
  if (!mending.mended) {
    mending.mended = true;
    mending.minBucket = Infinity;
    mending.maxBucket = -Infinity;
    mending.maxDiff = 0;
  }
  if (bound < mending.minBucket) mending.minBucket = bound;
  if (bound > mending.maxBucket) mending.maxBucket = bound;
  if (diff > mending.maxDiff) mending.maxDiff = diff;
}

function almostEqual(a: number, b: number): boolean {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return true;
  const sum = Math.abs(a) + Math.abs(b);
  const difference = Math.abs(a - b);
  if (a === 0 || b === 0 || sum < smallestNormal) return difference < smallDelta * smallestNormal;
  return difference / Math.min(sum, Number.MAX_VALUE) < smallDelta;
}

/** The share of observations between two values, as upstream's BucketFraction. Changes `buckets`. */
export function bucketFraction(lower: number, upper: number, buckets: Buckets): number {
  if (!endsAtInfinity(buckets)) return Number.NaN;
  coalesce(buckets);
  const total = buckets.counts[buckets.length - 1] as number;
  if (total === 0 || Number.isNaN(lower) || Number.isNaN(upper)) return Number.NaN;
  if (lower >= upper) return 0;
  return (rankAt(upper, buckets, total) - rankAt(lower, buckets, total)) / total;
}

/** How many observations lie below `value`, interpolated within its bucket. */
function rankAt(value: number, { length, bounds, counts }: Buckets, total: number): number {
  let rank = 0;
  let start = (bounds[0] as number) <= 0 ? -Infinity : 0;
  for (let i = 0; i < length; i++) {
    if (i > 0) start = bounds[i - 1] as number;
    const end = bounds[i] as number;
    const count = counts[i] as number;
    if (start >= value) return Math.min(rank, total);
    if (end > value) {
      const at = start === -Infinity ? count : rank + ((count - rank) * (value - start)) / (end - start);
      return Math.min(at, total);
    }
    rank = count;
  }
  return total;
}

/** A bucket's upper bound from its `le`, as Go's ParseFloat reads it; undefined where it is none. */
export function parseBound(text: string): number | undefined {
  if (/^[+-]?(inf|infinity)$/i.test(text)) return text.startsWith("-") ? -Infinity : Infinity;
  if (/^[+-]?nan$/i.test(text)) return Number.NaN;
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return undefined;
  const bound = Number(text);
  return Number.isFinite(bound) ? bound : undefined;
}
