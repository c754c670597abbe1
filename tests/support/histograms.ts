import {
  createHistogram,
  customSchema,
  type Histogram,
  type HistogramLayout,
  type ResetHint,
} from "../../src/model/histogram/histogram.ts";
import type { SeededRandom } from "./seeded-random.ts";

/** A histogram as a JSON value; numbers that JSON has not are texts ("NaN", "+Inf", "-Inf", "-0"). */
export interface PlainHistogram {
  readonly schema: number;
  readonly zeroThreshold: PlainNumber;
  readonly zeroCount: PlainNumber;
  readonly count: PlainNumber;
  readonly sum: PlainNumber;
  readonly hint: number;
  readonly positive: readonly number[];
  readonly negative: readonly number[];
  /** Counts of the positive buckets, then those of the negative ones. */
  readonly buckets: readonly PlainNumber[];
  readonly customValues: readonly PlainNumber[];
}

export type PlainNumber = number | string;

export function toNumber(value: PlainNumber): number {
  if (value === "+Inf") return Number.POSITIVE_INFINITY;
  if (value === "-Inf") return Number.NEGATIVE_INFINITY;
  return Number(value);
}

export function toPlainNumber(value: number): PlainNumber {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  return Object.is(value, -0) ? "-0" : value;
}

export function layoutOf(plain: PlainHistogram): HistogramLayout {
  return {
    schema: plain.schema,
    zeroThreshold: toNumber(plain.zeroThreshold),
    positive: Int32Array.from(plain.positive),
    negative: Int32Array.from(plain.negative),
    customValues: Float64Array.from(plain.customValues, toNumber),
  };
}

/** An owned histogram, with a layout of its own. */
export function toHistogram(plain: PlainHistogram): Histogram {
  const histogram = createHistogram();
  histogram.layout = layoutOf(plain);
  histogram.resetHint = plain.hint as ResetHint;
  histogram.count = toNumber(plain.count);
  histogram.sum = toNumber(plain.sum);
  histogram.zeroCount = toNumber(plain.zeroCount);
  histogram.buckets = Float64Array.from(plain.buckets, toNumber);
  return histogram;
}

/** The same histogram as `toHistogram`'s, lent out of the middle of an array. */
export function toLentHistogram(plain: PlainHistogram): Histogram {
  const histogram = toHistogram(plain);
  const buckets = new Float64Array(histogram.buckets.length + 5).fill(777);
  buckets.set(histogram.buckets, 3);
  histogram.buckets = buckets;
  histogram.at = 3;
  return histogram;
}

export function toPlain({ layout, buckets, at, ...rest }: Histogram): PlainHistogram {
  const end = at + layout.positive.length + layout.negative.length;
  return {
    schema: layout.schema,
    zeroThreshold: toPlainNumber(layout.zeroThreshold),
    zeroCount: toPlainNumber(rest.zeroCount),
    count: toPlainNumber(rest.count),
    sum: toPlainNumber(rest.sum),
    hint: rest.resetHint,
    positive: [...layout.positive],
    negative: [...layout.negative],
    buckets: Array.from(buckets.subarray(at, end), toPlainNumber),
    customValues: Array.from(layout.customValues, toPlainNumber),
  };
}

/** Buckets by index: `{ 1: 3, 4: 1 }` is 3 in bucket 1 and 1 in bucket 4. */
export type Counts = Readonly<Record<number, number>>;

/** A histogram for a test's eyes; its count is that of its buckets unless given. */
export function histogramOf(parts: {
  readonly schema?: number;
  readonly zeroThreshold?: number;
  readonly zeroCount?: number;
  readonly count?: number;
  readonly sum?: number;
  readonly hint?: ResetHint;
  readonly positive?: Counts;
  readonly negative?: Counts;
  readonly customValues?: readonly number[];
}): Histogram {
  const positive = entriesOf(parts.positive);
  const negative = entriesOf(parts.negative);
  const buckets = [...positive, ...negative].map(([, count]) => count);
  const zeroCount = parts.zeroCount ?? 0;
  return toHistogram({
    schema: parts.schema ?? (parts.customValues === undefined ? 0 : customSchema),
    zeroThreshold: parts.zeroThreshold ?? 0,
    zeroCount,
    count: toPlainNumber(parts.count ?? buckets.reduce((sum, count) => sum + count, zeroCount)),
    sum: toPlainNumber(parts.sum ?? 0),
    hint: parts.hint ?? 0,
    positive: positive.map(([index]) => index),
    negative: negative.map(([index]) => index),
    buckets: buckets.map(toPlainNumber),
    customValues: parts.customValues ?? [],
  });
}

function entriesOf(counts: Counts = {}): readonly (readonly [number, number])[] {
  return Object.entries(counts)
    .map(([index, count]) => [Number(index), count] as const)
    .sort(([a], [b]) => a - b);
}

const thresholds = [0, 0, 0.001, 0.001, 2 ** -128, 0.01, 0.25, 0.3, 0.5, 1, 3];
const bounds = [-5, -1, 0, 0.1, 0.5, 1, 2, 3, 5, 10];

/** A histogram like those in the field or worse: empty buckets, fractions, schemas of all sorts, odd zero buckets. */
export function randomHistogram(
  random: SeededRandom,
  kind: "any" | "exponential" | "custom" = "any",
): PlainHistogram {
  const isCustom = kind === "any" ? random.chance(0.25) : kind === "custom";
  const customValues = isCustom ? bounds.filter(() => random.chance(0.6)) : [];
  const schema = isCustom ? customSchema : random.chance(0.8) ? random.below(4) - 1 : random.below(13) - 4;
  const positive = isCustom
    ? [...customValues.keys(), customValues.length].filter(() => random.chance(0.6))
    : randomIndexes(random, schema);
  const negative = isCustom || random.chance(0.4) ? [] : randomIndexes(random, schema);
  const buckets = [...positive, ...negative].map(() => randomCount(random));
  const zeroCount = isCustom || random.chance(0.4) ? 0 : randomCount(random);
  const total = buckets.reduce((sum, count) => sum + count, zeroCount);
  return {
    schema,
    zeroThreshold: isCustom ? 0 : random.oneOf(thresholds),
    zeroCount,
    count: random.chance(0.85) ? total : total + random.below(4),
    sum: random.chance(0.1) ? "NaN" : random.chance(0.5) ? random.below(100) - 20 : random.next() * 1e3,
    hint: random.below(4),
    positive,
    negative,
    buckets,
    customValues,
  };
}

function randomIndexes(random: SeededRandom, schema: number): number[] {
  const density = random.next();
  const width = schema > 0 ? Math.min(6 << schema, 40) : 8;
  const indexes: number[] = [];
  const start = random.chance(0.8) ? -Math.floor(width / 2) : random.below(200) - 100;
  for (let i = 0; i < width; i++) if (random.chance(density)) indexes.push(start + i);
  if (random.chance(0.05)) {
    const last = 1024 * 2 ** schema;
    if (random.chance(0.5)) indexes.push(Math.ceil(last));
    indexes.push(Math.ceil(last) + 1);
  }
  return [...new Set(indexes)].sort((a, b) => a - b);
}

function randomCount(random: SeededRandom): number {
  const kind = random.next();
  if (kind < 0.25) return 0;
  if (kind < 0.7) return random.below(9) + 1;
  if (kind < 0.95) return random.next() * 10;
  return random.oneOf([1e16, 1e-9, 1e300, 0.1]);
}
