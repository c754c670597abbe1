import { bucketCount, type Histogram, type HistogramLayout } from "./histogram.ts";

/** Drops the buckets without observations from an owned histogram, as Prometheus's Compact(0). */
export function compact(into: Histogram): void {
  dropEmptyBuckets(into, undefined, into.layout.zeroThreshold);
}

/**
 * Drops the buckets that are zero in an owned histogram, and in its compensation where it has one, and gives it a zero
 * threshold. Both keep one layout.
 */
export function dropEmptyBuckets(
  into: Histogram,
  compensation: Histogram | undefined,
  zeroThreshold: number,
): void {
  const { layout } = into;
  const kept = populatedLayout(into, compensation, zeroThreshold);
  if (kept === layout) return;
  if (bucketCount(kept) < bucketCount(layout)) {
    closeGaps(into, compensation, bucketCount(layout));
  }
  into.layout = kept;
  if (compensation !== undefined) compensation.layout = kept;
}

function isEmpty(histogram: Histogram, compensation: Histogram | undefined, i: number): boolean {
  return (
    histogram.buckets[histogram.at + i] === 0 &&
    (compensation === undefined || compensation.buckets[compensation.at + i] === 0)
  );
}

function closeGaps(into: Histogram, compensation: Histogram | undefined, count: number): void {
  let to = 0;
  for (let i = 0; i < count; i++) {
    if (isEmpty(into, compensation, i)) continue;
    into.buckets[into.at + to] = into.buckets[into.at + i] as number;
    if (compensation !== undefined) {
      compensation.buckets[compensation.at + to] = compensation.buckets[compensation.at + i] as number;
    }
    to++;
  }
}

/** What the samples of one layout become is mostly one layout again; the last one is tried first. */
const lastOf = new WeakMap<HistogramLayout, HistogramLayout>();

function populatedLayout(
  into: Histogram,
  compensation: Histogram | undefined,
  zeroThreshold: number,
): HistogramLayout {
  const { layout } = into;
  const positives = populated(into, compensation, 0, layout.positive.length);
  const negatives = populated(into, compensation, layout.positive.length, bucketCount(layout));
  if (
    positives === layout.positive.length &&
    negatives === layout.negative.length &&
    zeroThreshold === layout.zeroThreshold
  ) {
    return layout;
  }
  const last = lastOf.get(layout);
  if (
    last !== undefined &&
    last.zeroThreshold === zeroThreshold &&
    last.positive.length === positives &&
    last.negative.length === negatives &&
    isPopulated(into, compensation, last)
  ) {
    return last;
  }
  const kept = pickPopulated(into, compensation, { positives, negatives, zeroThreshold });
  lastOf.set(layout, kept);
  return kept;
}

function populated(into: Histogram, compensation: Histogram | undefined, start: number, end: number): number {
  let count = 0;
  for (let i = start; i < end; i++) if (!isEmpty(into, compensation, i)) count++;
  return count;
}

/** Whether `kept`, which has as many buckets, has the populated ones. */
function isPopulated(into: Histogram, compensation: Histogram | undefined, kept: HistogramLayout): boolean {
  const { positive, negative } = into.layout;
  let to = 0;
  for (let i = 0; i < positive.length; i++) {
    if (!isEmpty(into, compensation, i) && kept.positive[to++] !== positive[i]) return false;
  }
  to = 0;
  for (let i = 0; i < negative.length; i++) {
    if (!isEmpty(into, compensation, positive.length + i) && kept.negative[to++] !== negative[i])
      return false;
  }
  return true;
}

function pickPopulated(
  into: Histogram,
  compensation: Histogram | undefined,
  sizes: { readonly positives: number; readonly negatives: number; readonly zeroThreshold: number },
): HistogramLayout {
  const { layout } = into;
  const positive = new Int32Array(sizes.positives);
  const negative = new Int32Array(sizes.negatives);
  let to = 0;
  for (let i = 0; i < layout.positive.length; i++) {
    if (!isEmpty(into, compensation, i)) positive[to++] = layout.positive[i] as number;
  }
  to = 0;
  for (let i = 0; i < layout.negative.length; i++) {
    if (!isEmpty(into, compensation, layout.positive.length + i)) {
      negative[to++] = layout.negative[i] as number;
    }
  }
  const { schema, customValues } = layout;
  return { schema, zeroThreshold: sizes.zeroThreshold, positive, negative, customValues };
}
