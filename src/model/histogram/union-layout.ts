import { upperBound } from "./bounds.ts";
import { bucketCount, customSchema, type HistogramLayout, sameEntries, sameLayout } from "./histogram.ts";

/**
 * The buckets of two layouts of one schema in one, and where those of each lie in it.
 *
 *   first   1 2 . 5     places 0 1 3
 *   second  . 2 3 5     places 1 2 3, of which the bucket 3 is new
 */
export interface LayoutUnion {
  readonly first: HistogramLayout;
  readonly second: HistogramLayout;
  /** Has the zero threshold of `first`; is `first` or `second` where that has all buckets. */
  readonly layout: HistogramLayout;
  readonly firstPlaces: Int32Array;
  /** −1 for a bucket that lies inside the zero bucket, and is left out. */
  readonly secondPlaces: Int32Array;
  /** 1 for the buckets of `second` that `first` does not have. */
  readonly isNew: Uint8Array;
}

/** Few layouts meet at a time; more would only be searched. */
const remembered = 16;
const unions: LayoutUnion[] = [];
let oldest = 0;

/** The union of two layouts; the last ones are remembered by identity, so that many samples cost one. */
export function unionOf(first: HistogramLayout, second: HistogramLayout): LayoutUnion {
  for (let i = 0; i < unions.length; i++) {
    const union = unions[i] as LayoutUnion;
    if (union.first === first && union.second === second) return union;
  }
  const union = unite(first, second);
  unions[oldest] = union;
  oldest = (oldest + 1) % remembered;
  return union;
}

function unite(first: HistogramLayout, second: HistogramLayout): LayoutUnion {
  const firstPlaces = new Int32Array(bucketCount(first));
  const secondPlaces = new Int32Array(bucketCount(second));
  const isNew = new Uint8Array(bucketCount(second));
  const positive = uniteIndexes(first.positive, second.positive, insideZeroBucket(first, second.positive), {
    firstPlaces,
    secondPlaces,
    isNew,
  });
  const negative = uniteIndexes(first.negative, second.negative, insideZeroBucket(first, second.negative), {
    firstPlaces: firstPlaces.subarray(first.positive.length),
    secondPlaces: secondPlaces.subarray(second.positive.length),
    isNew: isNew.subarray(second.positive.length),
  });
  shift(firstPlaces, first.positive.length, positive.length);
  shift(secondPlaces, second.positive.length, positive.length);
  const layout = sharedLayout(first, second, positive, negative);
  return { first, second, layout, firstPlaces, secondPlaces, isNew };
}

/** How many of the leading buckets end inside the zero bucket of `layout`. */
function insideZeroBucket(layout: HistogramLayout, indexes: Int32Array): number {
  if (layout.schema === customSchema) return 0;
  let count = 0;
  while (count < indexes.length && upperBound(layout, indexes[count] as number) <= layout.zeroThreshold)
    count++;
  return count;
}

/**
 * Whether adding a histogram of this layout to another of it is adding their buckets, none being left out.
 * Bounds so low that they are zero lie inside a zero bucket of no width.
 */
export function clearOfZeroBucket(layout: HistogramLayout): boolean {
  if (layout !== asked) {
    asked = layout;
    isClear =
      insideZeroBucket(layout, layout.positive) === 0 && insideZeroBucket(layout, layout.negative) === 0;
  }
  return isClear;
}

/** The layout that was asked about last, and the answer. */
let asked: HistogramLayout | undefined;
let isClear = true;

function uniteIndexes(
  first: Int32Array,
  second: Int32Array,
  leftOut: number,
  places: Pick<LayoutUnion, "firstPlaces" | "secondPlaces" | "isNew">,
): Int32Array {
  const united = new Int32Array(first.length + second.length - leftOut);
  places.secondPlaces.fill(-1, 0, leftOut);
  let count = 0;
  let i = 0;
  let j = leftOut;
  while (i < first.length || j < second.length) {
    const a = i < first.length ? (first[i] as number) : Number.POSITIVE_INFINITY;
    const b = j < second.length ? (second[j] as number) : Number.POSITIVE_INFINITY;
    if (a <= b) places.firstPlaces[i++] = count;
    if (b < a) places.isNew[j] = 1;
    if (b <= a) places.secondPlaces[j++] = count;
    united[count++] = Math.min(a, b);
  }
  return united.slice(0, count);
}

function shift(places: Int32Array, start: number, by: number): void {
  for (let i = start; i < places.length; i++) {
    const place = places[i] as number;
    if (place >= 0) places[i] = place + by;
  }
}

/** A layout that is there already, where one fits: samples that share a layout share the next union. */
function sharedLayout(
  first: HistogramLayout,
  second: HistogramLayout,
  positive: Int32Array,
  negative: Int32Array,
): HistogramLayout {
  if (sameEntries(positive, first.positive) && sameEntries(negative, first.negative)) return first;
  const layout = { ...first, positive, negative };
  if (sameLayout(layout, second)) return second;
  for (const union of unions) if (sameLayout(layout, union.layout)) return union.layout;
  return layout;
}
