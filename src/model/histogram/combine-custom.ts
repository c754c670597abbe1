import { lostWith } from "./compensated.ts";
import { customSchema, giveRoom, type Histogram, type HistogramLayout, sameEntries } from "./histogram.ts";

/**
 * Adds a histogram of custom buckets to an owned one whose bounds are others: both go into the buckets between the
 * bounds that they share, and buckets that stay zero are left out.
 *
 *   into    1   2 3   5        bounds shared: 2, 5
 *   other     2     4 5        into's bucket (2,3] and other's (2,4] go into (2,5]
 *
 * `sign` −1 subtracts. As Prometheus's addCustomBucketsWithMismatches, in its order.
 */
export function addMismatched(
  into: Histogram,
  compensation: Histogram | undefined,
  other: Histogram,
  sign: 1 | -1,
): void {
  const bounds = sharedBounds(into.layout.customValues, other.layout.customValues);
  const { sums, lost } = roomFor(bounds.length + 1);
  pour(into, compensation, 1, bounds);
  pour(other, undefined, sign, bounds);
  const layout = nonZeroLayout(bounds);
  giveRoom(into, layout);
  if (compensation !== undefined) giveRoom(compensation, layout);
  for (let i = 0; i < layout.positive.length; i++) {
    const bucket = layout.positive[i] as number;
    into.buckets[i] = sums[bucket] as number;
    if (compensation !== undefined) compensation.buckets[i] = lost[bucket] as number;
  }
}

/** Counts by shared bucket, and what their additions lost. */
const room = { sums: new Float64Array(0), lost: new Float64Array(0) };

function roomFor(count: number): typeof room {
  if (room.sums.length < count) {
    room.sums = new Float64Array(2 * count);
    room.lost = new Float64Array(2 * count);
  }
  room.sums.fill(0, 0, count);
  room.lost.fill(0, 0, count);
  return room;
}

function pour(
  from: Histogram,
  compensation: Histogram | undefined,
  sign: 1 | -1,
  bounds: Float64Array,
): void {
  const { layout, buckets, at } = from;
  let shared = 0;
  for (let i = 0; i < layout.positive.length; i++) {
    const index = layout.positive[i] as number;
    let target = bounds.length;
    if (index < layout.customValues.length) {
      const bound = layout.customValues[index] as number;
      while (shared < bounds.length && !((bounds[shared] as number) >= bound)) shared++;
      target = shared;
    }
    add(target, sign * (buckets[at + i] as number));
    if (compensation !== undefined) add(target, compensation.buckets[compensation.at + i] as number);
  }
}

function add(target: number, value: number): void {
  const sum = room.sums[target] as number;
  const total = sum + value;
  room.lost[target] = lostWith(sum, value, total, room.lost[target] as number);
  room.sums[target] = total;
}

interface SharedBounds {
  readonly a: Float64Array;
  readonly b: Float64Array;
  readonly shared: Float64Array;
}

/** Few lists of bounds meet at a time. */
const remembered = 16;
const found: SharedBounds[] = [];
let oldest = 0;

/** The bounds that both lists have; the last answers are remembered by identity. */
export function sharedBounds(a: Float64Array, b: Float64Array): Float64Array {
  for (let i = 0; i < found.length; i++) {
    const known = found[i] as SharedBounds;
    if (known.a === a && known.b === b) return known.shared;
  }
  const shared = intersection(a, b);
  found[oldest] = { a, b, shared };
  oldest = (oldest + 1) % remembered;
  return shared;
}

/** One of the lists itself where it has no bound that the other lacks. */
function intersection(a: Float64Array, b: Float64Array): Float64Array {
  const both = new Float64Array(Math.min(a.length, b.length));
  let count = 0;
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    const first = a[i] as number;
    const second = b[j] as number;
    if (first === second) both[count++] = first;
    if (first <= second) i++;
    if (!(first < second)) j++;
  }
  const exact = both.subarray(0, count);
  if (sameEntries(exact, a)) return a;
  return sameEntries(exact, b) ? b : exact.slice();
}

const lastLayouts = new WeakMap<Float64Array, HistogramLayout>();

function nonZeroLayout(bounds: Float64Array): HistogramLayout {
  const last = lastLayouts.get(bounds);
  if (last !== undefined && isNonZero(last.positive, bounds)) return last;
  const positive = new Int32Array(bounds.length + 1);
  let count = 0;
  for (let i = 0; i <= bounds.length; i++) if (!isZero(i)) positive[count++] = i;
  const layout = {
    schema: customSchema,
    zeroThreshold: 0,
    positive: positive.slice(0, count),
    negative: new Int32Array(0),
    customValues: bounds,
  };
  lastLayouts.set(bounds, layout);
  return layout;
}

function isZero(bucket: number): boolean {
  return room.sums[bucket] === 0 && room.lost[bucket] === 0;
}

/** Whether the buckets that are not zero are those of `positive`. */
function isNonZero(positive: Int32Array, bounds: Float64Array): boolean {
  let at = 0;
  for (let i = 0; i <= bounds.length; i++) if (!isZero(i) && positive[at++] !== i) return false;
  return at === positive.length;
}
