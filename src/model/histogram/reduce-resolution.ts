import { coarserIndex } from "./bounds.ts";
import { addCompensated } from "./compensated.ts";
import { bucketCount, giveRoom, type Histogram, type HistogramLayout } from "./histogram.ts";

/** Merges buckets of an owned histogram until it has `targetSchema`; one that is as coarse already stays as it is. */
export function reduceResolution(into: Histogram, targetSchema: number): void {
  if (targetSchema < into.layout.schema) mergeBuckets(into, undefined, into, undefined, targetSchema);
}

/**
 * Writes the buckets of `from` at `targetSchema`, which is coarser, into the owned `into`, which may be `from` itself;
 * numbers besides the buckets are left alone. With compensations, their buckets go along.
 */
export function mergeBuckets(
  from: Histogram,
  fromLost: Histogram | undefined,
  into: Histogram,
  intoLost: Histogram | undefined,
  targetSchema: number,
): void {
  const coarser = coarserLayout(from.layout, targetSchema);
  const { targets, layout } = coarser;
  const source = from.buckets;
  const start = from.at;
  const lost = fromLost?.buckets;
  const lostStart = fromLost?.at ?? 0;
  if (into !== from) giveRoom(into, layout);
  if (intoLost !== undefined && intoLost !== fromLost) giveRoom(intoLost, layout);
  // Buckets never move up, so that both may be one array.
  let last = -1;
  for (let i = 0; i < targets.length; i++) {
    const target = targets[i] as number;
    const count = source[start + i] as number;
    if (intoLost === undefined) {
      into.buckets[target] = target === last ? (into.buckets[target] as number) + count : count;
    } else {
      const countLost = lost === undefined ? 0 : (lost[lostStart + i] as number);
      if (target === last) {
        addCompensated(into.buckets, intoLost.buckets, target, count);
        addCompensated(into.buckets, intoLost.buckets, target, countLost);
      } else {
        into.buckets[target] = count;
        intoLost.buckets[target] = countLost;
      }
    }
    last = target;
  }
  into.layout = layout;
  if (intoLost !== undefined) intoLost.layout = layout;
}

interface CoarserLayout {
  readonly layout: HistogramLayout;
  /** For each bucket of the finer layout, the place of the one it goes into. */
  readonly targets: Int32Array;
}

const known = new WeakMap<HistogramLayout, Map<number, CoarserLayout>>();

function coarserLayout(layout: HistogramLayout, schema: number): CoarserLayout {
  const bySchema = known.get(layout) ?? new Map<number, CoarserLayout>();
  known.set(layout, bySchema);
  const found = bySchema.get(schema);
  if (found !== undefined) return found;
  const targets = new Int32Array(bucketCount(layout));
  const positive = coarserIndexes(layout.positive, layout.schema, schema, targets, 0);
  const negative = coarserIndexes(layout.negative, layout.schema, schema, targets, layout.positive.length);
  for (let i = layout.positive.length; i < targets.length; i++) {
    targets[i] = (targets[i] as number) + positive.length;
  }
  const coarser = { layout: { ...layout, schema, positive, negative }, targets };
  bySchema.set(schema, coarser);
  return coarser;
}

function coarserIndexes(
  indexes: Int32Array,
  from: number,
  to: number,
  targets: Int32Array,
  first: number,
): Int32Array {
  const coarser = new Int32Array(indexes.length);
  let count = 0;
  for (let i = 0; i < indexes.length; i++) {
    const index = coarserIndex(indexes[i] as number, from, to);
    if (count === 0 || coarser[count - 1] !== index) coarser[count++] = index;
    targets[first + i] = count - 1;
  }
  return coarser.slice(0, count);
}
