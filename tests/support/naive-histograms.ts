import { coarserIndex, exponentialBound } from "../../src/model/histogram/bounds.ts";
import type { Histogram } from "../../src/model/histogram/histogram.ts";

/** An exponential histogram as one thinks of it: counts by bucket, none of them zero. */
export interface NaiveHistogram {
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly count: number;
  readonly sum: number;
  readonly positive: ReadonlyMap<number, number>;
  readonly negative: ReadonlyMap<number, number>;
}

export function toNaive({ layout, buckets, at, ...numbers }: Histogram): NaiveHistogram {
  const side = (indexes: Int32Array, first: number) =>
    new Map([...indexes].map((index, i) => [index, buckets[at + first + i] as number] as const));
  return withoutEmpty({
    schema: layout.schema,
    zeroThreshold: layout.zeroThreshold,
    zeroCount: numbers.zeroCount,
    count: numbers.count,
    sum: numbers.sum,
    positive: side(layout.positive, 0),
    negative: side(layout.negative, layout.positive.length),
  });
}

function withoutEmpty(histogram: NaiveHistogram): NaiveHistogram {
  const populated = (counts: ReadonlyMap<number, number>) =>
    new Map([...counts].filter(([, count]) => count !== 0).sort(([a], [b]) => a - b));
  return { ...histogram, positive: populated(histogram.positive), negative: populated(histogram.negative) };
}

/** `a + sign · b` at the coarser schema and the narrowest zero bucket that cuts no populated bucket. */
export function naiveSum(a: NaiveHistogram, b: NaiveHistogram, sign: 1 | -1): NaiveHistogram {
  const threshold = commonThreshold(a, b);
  const schema = Math.min(a.schema, b.schema);
  const first = brought(a, schema, threshold);
  const second = brought(b, schema, threshold);
  const both = (side: "positive" | "negative") => {
    const sums = new Map(first[side]);
    for (const [index, count] of second[side]) sums.set(index, (sums.get(index) ?? 0) + sign * count);
    return sums;
  };
  return withoutEmpty({
    schema,
    zeroThreshold: threshold,
    zeroCount: first.zeroCount + sign * second.zeroCount,
    count: a.count + sign * b.count,
    sum: a.sum + sign * b.sum,
    positive: both("positive"),
    negative: both("negative"),
  });
}

function commonThreshold(a: NaiveHistogram, b: NaiveHistogram): number {
  let threshold = Math.max(a.zeroThreshold, b.zeroThreshold);
  const populated = [a, b].flatMap(({ schema, positive, negative }) =>
    [...positive.keys(), ...negative.keys()].map((index) => ({
      lower: exponentialBound(schema, index - 1),
      upper: exponentialBound(schema, index),
    })),
  );
  for (;;) {
    const cut = populated.find(({ lower, upper }) => lower < threshold && threshold < upper);
    if (cut === undefined) return threshold;
    threshold = cut.upper;
  }
}

function brought(histogram: NaiveHistogram, schema: number, threshold: number): NaiveHistogram {
  let { zeroCount } = histogram;
  const side = (counts: ReadonlyMap<number, number>) => {
    const merged = new Map<number, number>();
    for (const [index, count] of counts) {
      if (exponentialBound(histogram.schema, index) <= threshold) {
        zeroCount += count;
        continue;
      }
      const target = coarserIndex(index, histogram.schema, schema);
      merged.set(target, (merged.get(target) ?? 0) + count);
    }
    return merged;
  };
  const positive = side(histogram.positive);
  const negative = side(histogram.negative);
  return { ...histogram, schema, zeroThreshold: threshold, zeroCount, positive, negative };
}
