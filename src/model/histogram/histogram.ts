/** Schema of histograms whose bucket bounds are listed (NHCB). */
export const customSchema = -53;

/**
 * Which buckets a native histogram has, at which resolution. A value, shared by all samples that were written alike.
 *
 *   negative 3 2 1 | zero bucket | 1 2 3 positive      bucket i of schema s: (2^((i−1)/2^s), 2^(i/2^s)]
 *                −zt … +zt                              of custom bounds b:   (b[i−1], b[i]], b[−1] −Inf, b[length] +Inf
 */
export interface HistogramLayout {
  /** −4 … 8, or `customSchema`. */
  readonly schema: number;
  readonly zeroThreshold: number;
  /** Indexes of the positive buckets that have a count, ascending; buckets without observations may be among them. */
  readonly positive: Int32Array;
  readonly negative: Int32Array;
  /** Upper bounds, ascending, +Inf left out; empty unless the schema is `customSchema`. */
  readonly customValues: Float64Array;
}

/** What is known of a counter reset between a histogram and the one before it. */
export const resetHints = { unknown: 0, reset: 1, notReset: 2, gauge: 3 } as const;
export type ResetHint = (typeof resetHints)[keyof typeof resetHints];

/**
 * One native histogram; counts are absolute and floats, whatever the chunk held. Either owned (`at` 0, `buckets` grow
 * with `giveRoom`) or lent by a column, and then only read.
 */
export interface Histogram {
  layout: HistogramLayout;
  resetHint: ResetHint;
  count: number;
  sum: number;
  zeroCount: number;
  /** Counts of the positive buckets from `at` on, in the layout's order, those of the negative ones after them. */
  buckets: Float64Array;
  at: number;
}

const none = new Int32Array(0);

export const emptyLayout: HistogramLayout = {
  schema: 0,
  zeroThreshold: 0,
  positive: none,
  negative: none,
  customValues: new Float64Array(0),
};

/** An owned histogram without observations. */
export function createHistogram(): Histogram {
  return {
    layout: emptyLayout,
    resetHint: resetHints.unknown,
    count: 0,
    sum: 0,
    zeroCount: 0,
    buckets: new Float64Array(0),
    at: 0,
  };
}

/** How many bucket counts a histogram of this layout has. */
export function bucketCount(layout: HistogramLayout): number {
  return layout.positive.length + layout.negative.length;
}

/** Makes room for the counts of `layout` in an owned histogram; what they are is junk. */
export function giveRoom(histogram: Histogram, layout: HistogramLayout): void {
  const wanted = bucketCount(layout);
  if (histogram.buckets.length < wanted) histogram.buckets = new Float64Array(Math.max(wanted, 16));
  histogram.at = 0;
  histogram.layout = layout;
}

/** Makes an owned histogram one without observations again; its room stays. */
export function clearHistogram(histogram: Histogram): void {
  histogram.layout = emptyLayout;
  histogram.resetHint = resetHints.unknown;
  histogram.count = 0;
  histogram.sum = 0;
  histogram.zeroCount = 0;
  histogram.at = 0;
}

/** Copies `from` into an owned histogram. */
export function copyHistogram(from: Histogram, into: Histogram): void {
  giveRoom(into, from.layout);
  into.resetHint = from.resetHint;
  into.count = from.count;
  into.sum = from.sum;
  into.zeroCount = from.zeroCount;
  const wanted = bucketCount(from.layout);
  for (let i = 0; i < wanted; i++) into.buckets[i] = from.buckets[from.at + i] as number;
}

/** Whether two layouts have the same buckets, without looking past identity where they are the same object. */
export function sameLayout(a: HistogramLayout, b: HistogramLayout): boolean {
  return (
    a === b ||
    (a.schema === b.schema &&
      a.zeroThreshold === b.zeroThreshold &&
      sameEntries(a.positive, b.positive) &&
      sameEntries(a.negative, b.negative) &&
      sameEntries(a.customValues, b.customValues))
  );
}

/** Whether two lists hold the same numbers; NaN equals nothing. */
export function sameEntries(a: Int32Array | Float64Array, b: Int32Array | Float64Array): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Runs of consecutive indexes: Prometheus's spans. */
export function spanCount(indexes: Int32Array): number {
  let spans = 0;
  for (let i = 0; i < indexes.length; i++) {
    if (i === 0 || (indexes[i] as number) !== (indexes[i - 1] as number) + 1) spans++;
  }
  return spans;
}

/** What a histogram counts against the limit on samples, as upstream sizes it: a float sample is 1. */
export function sampleSizeOf(layout: HistogramLayout): number {
  if (layout !== sized) {
    sized = layout;
    size = sizes.get(layout) ?? sizeOf(layout);
  }
  return size;
}

function sizeOf(layout: HistogramLayout): number {
  const parts =
    spanCount(layout.positive) +
    spanCount(layout.negative) +
    bucketCount(layout) +
    layout.customValues.length;
  const made = Math.floor((168 + 8 * parts + 8) / 16);
  sizes.set(layout, made);
  return made;
}

const sizes = new WeakMap<HistogramLayout, number>();
/** The layout that was asked about last: mostly the next one, too. */
let sized: HistogramLayout | undefined;
let size = 0;
