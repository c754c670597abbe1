import { lowerBound, upperBound } from "./bounds.ts";
import { dropEmptyBuckets } from "./compact.ts";
import { lostWith } from "./compensated.ts";
import type { Histogram } from "./histogram.ts";

/** What a histogram's zero bucket is at another threshold. */
export interface ZeroBucket {
  threshold: number;
  count: number;
  /** What the additions to `count` lost. */
  lost: number;
}

export function createZeroBucket(): ZeroBucket {
  return { threshold: 0, count: 0, lost: 0 };
}

/**
 * The zero bucket that a histogram would have at `threshold`, which is not below its own. Where the threshold falls
 * inside a populated bucket it is raised to that bucket's far end.
 *
 *        | zero |  a  |  b  |         threshold inside b, b populated:
 *        | zero + a + b     |         all of b goes in
 *
 * With `compensation`, what that holds goes in as well. As Prometheus's zeroCountForLargerThreshold, in its order.
 */
export function zeroBucketAt(
  histogram: Histogram,
  compensation: Histogram | undefined,
  threshold: number,
  into: ZeroBucket,
): void {
  into.threshold = threshold;
  into.count = histogram.zeroCount;
  into.lost = compensation === undefined ? 0 : compensation.zeroCount;
  if (threshold === histogram.layout.zeroThreshold) return;
  const { positive, negative } = histogram.layout;
  let raised: number | undefined = threshold;
  while (raised !== undefined) {
    into.threshold = raised;
    into.count = histogram.zeroCount;
    into.threshold = takeBuckets(histogram, compensation, positive, 0, into) ?? into.threshold;
    // What the positive side took is wrong once the negative side raises the threshold; `lost` stays, as upstream.
    raised = takeBuckets(histogram, compensation, negative, positive.length, into);
  }
}

/** Adds the buckets that begin below the threshold; a new threshold where a populated bucket reaches past it. */
function takeBuckets(
  histogram: Histogram,
  compensation: Histogram | undefined,
  indexes: Int32Array,
  first: number,
  into: ZeroBucket,
): number | undefined {
  const { layout, buckets, at } = histogram;
  for (let i = 0; i < indexes.length; i++) {
    const index = indexes[i] as number;
    if (lowerBound(layout, index) >= into.threshold) return undefined;
    const count = buckets[at + first + i] as number;
    add(into, count);
    if (compensation !== undefined) add(into, compensation.buckets[compensation.at + first + i] as number);
    const upper = upperBound(layout, index);
    if (upper > into.threshold) return count === 0 ? undefined : upper;
  }
  return undefined;
}

function add(into: ZeroBucket, value: number): void {
  const sum = into.count;
  into.count = sum + value;
  into.lost = lostWith(sum, value, into.count, into.lost);
}

/**
 * Widens the zero bucket of `into` until neither histogram has a populated bucket at its edge, and tells in
 * `otherZero` what the zero bucket of `other` is at that threshold. As Prometheus's reconcileZeroBuckets.
 */
export function reconcileZeroBuckets(
  into: Histogram,
  compensation: Histogram | undefined,
  other: Histogram,
  otherZero: ZeroBucket,
): void {
  otherZero.threshold = other.layout.zeroThreshold;
  otherZero.count = other.zeroCount;
  otherZero.lost = 0;
  while (otherZero.threshold !== into.layout.zeroThreshold) {
    if (into.layout.zeroThreshold > otherZero.threshold) {
      zeroBucketAt(other, undefined, into.layout.zeroThreshold, otherZero);
    }
    if (otherZero.threshold > into.layout.zeroThreshold) widen(into, compensation, otherZero.threshold);
    // A threshold that is no number would go round for ever.
    if (Number.isNaN(otherZero.threshold - into.layout.zeroThreshold)) return;
  }
}

const widened = createZeroBucket();

function widen(into: Histogram, compensation: Histogram | undefined, threshold: number): void {
  zeroBucketAt(into, compensation, threshold, widened);
  into.zeroCount = widened.count;
  if (compensation !== undefined) compensation.zeroCount = widened.lost;
  const { positive, negative } = into.layout;
  emptyBelow(into, compensation, positive, 0);
  emptyBelow(into, compensation, negative, positive.length);
  dropEmptyBuckets(into, compensation, widened.threshold);
}

function emptyBelow(
  into: Histogram,
  compensation: Histogram | undefined,
  indexes: Int32Array,
  first: number,
): void {
  for (let i = 0; i < indexes.length; i++) {
    if (lowerBound(into.layout, indexes[i] as number) >= widened.threshold) return;
    into.buckets[into.at + first + i] = 0;
    if (compensation !== undefined) compensation.buckets[compensation.at + first + i] = 0;
  }
}
