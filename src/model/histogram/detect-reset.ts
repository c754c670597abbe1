import { coarserIndex, exponentialBound, upperBound } from "./bounds.ts";
import { customSchema, type Histogram, type HistogramLayout, resetHints, sameEntries } from "./histogram.ts";
import { createZeroBucket, zeroBucketAt } from "./zero-bucket.ts";

/**
 * Whether a counter was reset between `previous` and `current`: something is counted less often, or can only be counted
 * so after a reset (a finer schema, a narrower zero bucket). The hint of `current` decides where it says so; that of
 * `previous` does not count. Follows Prometheus's FloatHistogram.DetectReset.
 */
export function detectReset(current: Histogram, previous: Histogram): boolean {
  if (current.resetHint === resetHints.reset) return true;
  if (current.resetHint === resetHints.notReset) return false;
  if (current.count < previous.count) return true;
  const now = current.layout;
  const before = previous.layout;
  if (now === before) return current.zeroCount < previous.zeroCount || hasSmallerBucket(current, previous);
  if (now.schema === customSchema) {
    if (before.schema !== customSchema) return true;
    if (!sameEntries(now.customValues, before.customValues)) return hasSmallerSharedBucket(current, previous);
  }
  if (now.schema > before.schema || now.zeroThreshold < before.zeroThreshold) return true;
  zeroBucketAt(previous, undefined, now.zeroThreshold, previousZero);
  if (previousZero.threshold !== now.zeroThreshold) return true;
  return current.zeroCount < previousZero.count || hasSmallerBucket(current, previous);
}

const previousZero = createZeroBucket();

function hasSmallerBucket(current: Histogram, previous: Histogram): boolean {
  const now = current.layout;
  const before = previous.layout;
  if (now === before && (now.zeroThreshold === 0 || now.schema === customSchema)) {
    return hasSmallerCount(current, previous);
  }
  return (
    hasSmallerMerged(current, previous, {
      indexes: now.positive,
      before: before.positive,
      at: 0,
      beforeAt: 0,
    }) ||
    hasSmallerMerged(current, previous, {
      indexes: now.negative,
      before: before.negative,
      at: now.positive.length,
      beforeAt: before.positive.length,
    })
  );
}

/** Of one layout, whose buckets all count. */
function hasSmallerCount(current: Histogram, previous: Histogram): boolean {
  const { positive, negative } = current.layout;
  const count = positive.length + negative.length;
  for (let i = 0; i < count; i++) {
    if ((current.buckets[current.at + i] as number) < (previous.buckets[previous.at + i] as number))
      return true;
  }
  return false;
}

interface Side {
  readonly indexes: Int32Array;
  readonly before: Int32Array;
  readonly at: number;
  readonly beforeAt: number;
}

/** Of one side: the earlier buckets are merged to the later schema; those inside the zero bucket are left out. */
function hasSmallerMerged(current: Histogram, previous: Histogram, side: Side): boolean {
  const { schema, zeroThreshold } = current.layout;
  const { indexes, before } = side;
  let isPast = zeroThreshold === 0 || schema === customSchema;
  let i = 0;
  let j = 0;
  while (j < before.length) {
    const index = indexIn(previous.layout, before[j] as number, schema);
    let count = 0;
    for (; j < before.length && indexIn(previous.layout, before[j] as number, schema) === index; j++) {
      count += previous.buckets[previous.at + side.beforeAt + j] as number;
    }
    if (!isPast) {
      if (exponentialBound(schema, index) <= zeroThreshold) continue;
      isPast = true;
    }
    while (i < indexes.length && (indexes[i] as number) < index) i++;
    const isThere = i < indexes.length && indexes[i] === index;
    if (isThere ? (current.buckets[current.at + side.at + i] as number) < count : count !== 0) return true;
  }
  return false;
}

function indexIn(layout: HistogramLayout, index: number, schema: number): number {
  return layout.schema === schema ? index : coarserIndex(index, layout.schema, schema);
}

/** Of custom buckets with other bounds: compared are the buckets between the bounds that both have. */
function hasSmallerSharedBucket(current: Histogram, previous: Histogram): boolean {
  const now = current.layout.customValues;
  const before = previous.layout.customValues;
  let i = 0;
  let j = 0;
  nowTaken.next = 0;
  beforeTaken.next = 0;
  while (i <= now.length && j <= before.length) {
    const bound = i < now.length ? (now[i] as number) : Number.POSITIVE_INFINITY;
    const other = j < before.length ? (before[j] as number) : Number.POSITIVE_INFINITY;
    if (bound === other) {
      const count = takeUpTo(bound, current, nowTaken);
      if (count < takeUpTo(bound, previous, beforeTaken)) return true;
    }
    if (bound <= other) i++;
    if (!(bound < other)) j++;
  }
  return false;
}

interface Taken {
  next: number;
}

const nowTaken: Taken = { next: 0 };
const beforeTaken: Taken = { next: 0 };

/** Sum of the buckets from `next` on that end at `bound` or below. */
function takeUpTo(bound: number, histogram: Histogram, taken: Taken): number {
  const { layout, buckets, at } = histogram;
  let sum = 0;
  while (taken.next < layout.positive.length) {
    if (!(upperBound(layout, layout.positive[taken.next] as number) <= bound)) break;
    sum += buckets[at + taken.next] as number;
    taken.next++;
  }
  return sum;
}
