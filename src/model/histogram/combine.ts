import { addMismatched } from "./combine-custom.ts";
import { addCompensated, lostWith } from "./compensated.ts";
import {
  bucketCount,
  createHistogram,
  customSchema,
  giveRoom,
  type Histogram,
  type HistogramLayout,
  type ResetHint,
  resetHints,
  sameEntries,
  sameLayout,
} from "./histogram.ts";
import { mergeBuckets } from "./reduce-resolution.ts";
import { clearOfZeroBucket, type LayoutUnion, unionOf } from "./union-layout.ts";
import { createZeroBucket, reconcileZeroBuckets } from "./zero-bucket.ts";

/** What a combination came across; flags, added up. */
export const combined = {
  /** Exponential and custom buckets: nothing was done. */
  incompatible: 1,
  /** One says that it is a counter reset, the other that it is none. */
  resetCollision: 2,
  /** Custom buckets with other bounds: what is left are the bounds that both have. */
  customMismatch: 4,
} as const;

/**
 * Adds `other` to the owned `into`; flags of `combined`. Zero thresholds and schemas become the wider of both. Buckets
 * stay even where they are zero: see `compact`. Follows Prometheus's FloatHistogram.Add, float for float.
 */
export function addTo(into: Histogram, other: Histogram): number {
  return combine(into, undefined, other, 1);
}

/** As `addTo`, taking away. */
export function subtractFrom(into: Histogram, other: Histogram): number {
  return combine(into, undefined, other, -1);
}

/**
 * As `addTo`, with Neumaier's summation: `compensation` gathers what `into` loses, and is added to it at the end. It is
 * owned, and either new (`createHistogram`), or cleared by `clearHistogram`, or the one of earlier additions to `into`.
 */
export function kahanAddTo(into: Histogram, compensation: Histogram, other: Histogram): number {
  if (compensation.layout !== into.layout) startCompensation(into, compensation);
  return combine(into, compensation, other, 1);
}

function startCompensation(into: Histogram, compensation: Histogram): void {
  const isNew = bucketCount(compensation.layout) === 0;
  if (!isNew && !sameLayout(compensation.layout, into.layout)) {
    throw new Error("assertion failed: a compensation belongs to another histogram");
  }
  giveRoom(compensation, into.layout);
  if (isNew) compensation.buckets.fill(0, 0, bucketCount(into.layout));
}

function combine(
  into: Histogram,
  compensation: Histogram | undefined,
  other: Histogram,
  sign: 1 | -1,
): number {
  const isCustom = into.layout.schema === customSchema;
  if (isCustom !== (other.layout.schema === customSchema)) return combined.incompatible;
  const flags = mergeHints(into, other.resetHint);
  if (!isCustom) combineZeroBuckets(into, compensation, other, sign);
  combineNumbers(into, compensation, other, sign);
  if (isCustom && !sameEntries(into.layout.customValues, other.layout.customValues)) {
    addMismatched(into, compensation, other, sign);
    return flags | combined.customMismatch;
  }
  const from = atOneSchema(into, compensation, other);
  combineBuckets(into, compensation, from, sign);
  return flags;
}

function mergeHints(into: Histogram, other: ResetHint): number {
  const { unknown, gauge } = resetHints;
  if (other === into.resetHint || into.resetHint === gauge) return 0;
  if (other === gauge) {
    into.resetHint = gauge;
    return 0;
  }
  if (into.resetHint === unknown) return 0;
  into.resetHint = unknown;
  return other === unknown ? 0 : combined.resetCollision;
}

const otherZero = createZeroBucket();

function combineZeroBuckets(
  into: Histogram,
  compensation: Histogram | undefined,
  other: Histogram,
  sign: 1 | -1,
): void {
  reconcileZeroBuckets(into, compensation, other, otherZero);
  addToZeroCount(into, compensation, sign * otherZero.count);
  // A plain addition forgets what the other's zero bucket lost.
  if (compensation !== undefined) addToZeroCount(into, compensation, otherZero.lost);
}

function addToZeroCount(into: Histogram, compensation: Histogram | undefined, value: number): void {
  const sum = into.zeroCount;
  into.zeroCount = sum + value;
  if (compensation !== undefined) {
    compensation.zeroCount = lostWith(sum, value, into.zeroCount, compensation.zeroCount);
  }
}

function combineNumbers(
  into: Histogram,
  compensation: Histogram | undefined,
  other: Histogram,
  sign: 1 | -1,
): void {
  const { count, sum } = into;
  into.count = count + sign * other.count;
  into.sum = sum + sign * other.sum;
  if (compensation === undefined) return;
  compensation.count = lostWith(count, other.count, into.count, compensation.count);
  compensation.sum = lostWith(sum, other.sum, into.sum, compensation.sum);
}

const coarser = createHistogram();
const coarserLost = createHistogram();

/** Brings both to the coarser schema of the two: `into` itself, or a copy of the other. */
function atOneSchema(into: Histogram, compensation: Histogram | undefined, other: Histogram): Part {
  const { schema } = into.layout;
  if (other.layout.schema < schema) {
    mergeBuckets(into, compensation, into, compensation, other.layout.schema);
  } else if (other.layout.schema > schema) {
    const lost = compensation === undefined ? undefined : coarserLost;
    mergeBuckets(other, undefined, coarser, lost, schema);
    return part(coarser, lost);
  }
  return part(other, undefined);
}

/** Buckets that are to be added, and what was lost when they were merged. */
interface Part {
  buckets: Histogram;
  lost: Histogram | undefined;
}

const thePart: Part = { buckets: coarser, lost: undefined };

function part(buckets: Histogram, lost: Histogram | undefined): Part {
  thePart.buckets = buckets;
  thePart.lost = lost;
  return thePart;
}

function combineBuckets(
  into: Histogram,
  compensation: Histogram | undefined,
  { buckets: from, lost }: Part,
  sign: 1 | -1,
): void {
  if (hasSameBuckets(into.layout, from.layout)) {
    if (compensation === undefined) addBuckets(into, from, sign);
    else addBucketsCompensated(into, compensation, from, lost);
    return;
  }
  const union = unionOf(into.layout, from.layout);
  spread(into, union);
  if (compensation === undefined) {
    addToPlaces(into, from, union, sign);
  } else {
    spread(compensation, union);
    addToPlacesCompensated({ sums: into, losses: compensation }, from, lost, union);
  }
}

function hasSameBuckets(into: HistogramLayout, from: HistogramLayout): boolean {
  return sameLayout(into, from) && addsByBucket(into);
}

/** Whether histograms of this layout are added and subtracted by adding and subtracting all their counts. */
export function addsByBucket(layout: HistogramLayout): boolean {
  return layout.schema === customSchema || clearOfZeroBucket(layout);
}

/**
 * Whether an addition leaves the layout as it is. Then it changes counts and numbers of `into` and nothing else, so
 * that `into` and its compensation may be lent by a column.
 */
export function keepsLayout(into: HistogramLayout, from: HistogramLayout): boolean {
  return (
    hasSameBuckets(into, from) ||
    (into.schema === from.schema &&
      into.zeroThreshold === from.zeroThreshold &&
      sameEntries(into.customValues, from.customValues) &&
      unionOf(into, from).layout === into)
  );
}

function addBuckets(into: Histogram, from: Histogram, sign: 1 | -1): void {
  const count = bucketCount(from.layout);
  const sums = into.buckets;
  const values = from.buckets;
  const start = into.at;
  const fromStart = from.at;
  if (sign === 1) {
    for (let i = 0; i < count; i++) {
      sums[start + i] = (sums[start + i] as number) + (values[fromStart + i] as number);
    }
  } else {
    for (let i = 0; i < count; i++) {
      sums[start + i] = (sums[start + i] as number) - (values[fromStart + i] as number);
    }
  }
}

function addBucketsCompensated(
  into: Histogram,
  compensation: Histogram,
  from: Histogram,
  lost: Histogram | undefined,
): void {
  const count = bucketCount(from.layout);
  const sums = into.buckets;
  const losses = compensation.buckets;
  const values = from.buckets;
  const start = into.at;
  const lossStart = compensation.at;
  const fromStart = from.at;
  for (let i = 0; i < count; i++) {
    const sum = sums[start + i] as number;
    const value = values[fromStart + i] as number;
    const total = sum + value;
    sums[start + i] = total;
    losses[lossStart + i] = lostWith(sum, value, total, losses[lossStart + i] as number);
  }
  if (lost === undefined) return;
  for (let i = 0; i < count; i++) {
    const value = lost.buckets[lost.at + i] as number;
    if (value !== 0) addCompensated(sums, losses, start + i, value);
  }
}

/** Moves the counts of an owned histogram to their places in a union; new buckets are zero. */
function spread(into: Histogram, union: LayoutUnion): void {
  const { layout, firstPlaces } = union;
  into.layout = layout;
  const count = bucketCount(layout);
  if (firstPlaces.length === count) return;
  if (into.buckets.length < count) {
    const roomier = new Float64Array(Math.max(count, 2 * into.buckets.length));
    roomier.set(into.buckets);
    into.buckets = roomier;
  }
  const { buckets } = into;
  let from = firstPlaces.length - 1;
  for (let to = count - 1; to >= 0; to--) {
    buckets[to] = from >= 0 && firstPlaces[from] === to ? (buckets[from--] as number) : 0;
  }
}

function addToPlaces(into: Histogram, from: Histogram, union: LayoutUnion, sign: 1 | -1): void {
  const { secondPlaces } = union;
  const sums = into.buckets;
  const start = into.at;
  for (let i = 0; i < secondPlaces.length; i++) {
    const place = secondPlaces[i] as number;
    if (place < 0) continue;
    sums[start + place] = (sums[start + place] as number) + sign * (from.buckets[from.at + i] as number);
  }
}

function addToPlacesCompensated(
  { sums: into, losses: compensation }: { readonly sums: Histogram; readonly losses: Histogram },
  from: Histogram,
  lost: Histogram | undefined,
  { secondPlaces, isNew }: LayoutUnion,
): void {
  const sums = into.buckets;
  const losses = compensation.buckets;
  for (let i = 0; i < secondPlaces.length; i++) {
    const place = secondPlaces[i] as number;
    if (place < 0) continue;
    const at = into.at + place;
    const lossAt = compensation.at + place;
    const value = from.buckets[from.at + i] as number;
    const valueLost = lost === undefined ? 0 : (lost.buckets[lost.at + i] as number);
    if (isNew[i] === 1) {
      // Not zero plus the value: where that is no number, nothing is lost.
      sums[at] = value;
      losses[lossAt] = valueLost;
      continue;
    }
    const sum = sums[at] as number;
    const total = sum + value;
    sums[at] = total;
    losses[lossAt] = lostWith(sum, value, total, losses[lossAt] as number);
    if (valueLost !== 0) addCompensated(sums, losses, place, valueLost);
  }
}
