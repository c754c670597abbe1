import { suite } from "uvu";
import * as assert from "uvu/assert";
import { lowerBound } from "../../../src/model/histogram/bounds.ts";
import { customSchema, type Histogram } from "../../../src/model/histogram/histogram.ts";
import { type TrimmedSide, trimBuckets } from "../../../src/model/histogram/trim.ts";
import { createBucketWalk, nextBucket, walkUp } from "../../../src/model/histogram/walk-buckets.ts";
import {
  type Counts,
  histogramOf,
  layoutOf,
  randomHistogram,
  toHistogram,
  toPlain,
} from "../../support/histograms.ts";
import { everySeed, type SeededRandom } from "../../support/seeded-random.ts";

const test = suite("trimmed histograms");

type Parts = Parameters<typeof histogramOf>[0];

function trimmed(parts: Parts, bound: number, side: TrimmedSide): Histogram {
  const histogram = histogramOf(parts);
  trimBuckets(histogram, bound, side);
  return histogram;
}

function near(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) <= 1e-12 * Math.abs(expected), `${actual} is not ${expected}`);
}

const parts = { zeroThreshold: 0.5, zeroCount: 8, sum: 77, positive: { 1: 4, 2: 6 }, negative: { 1: 2 } };

test("a bound past all buckets takes nothing, and leaves even the sum alone", () => {
  for (const [bound, side] of [
    [4, "upper"],
    [100, "upper"],
    [-2, "lower"],
    [-100, "lower"],
  ] as const) {
    assert.equal(toPlain(trimmed(parts, bound, side)), toPlain(histogramOf(parts)));
  }
});

test("whole buckets go, and the sum is that of the middles of the rest", () => {
  const below = trimmed(parts, 2, "upper");
  assert.equal([...below.layout.positive], [1]);
  assert.is(below.count, 14);
  near(below.sum, 4 * Math.SQRT2 - 2 * Math.SQRT2);
  const above = trimmed(parts, 1, "lower");
  assert.equal([above.zeroCount, above.count, ...above.layout.negative], [0, 10]);
  near(above.sum, 4 * Math.SQRT2 + 6 * Math.sqrt(8));
});

test("an exponential bucket is split on a logarithmic scale", () => {
  const below = trimmed({ positive: { 1: 4, 2: 6 } }, 2 * Math.SQRT2, "upper");
  near(below.buckets[1] as number, 3);
  near(below.sum, 4 * Math.SQRT2 + 3 * Math.sqrt(2 * 2 * Math.SQRT2));
  const above = trimmed({ negative: { 1: 4, 2: 6 } }, -2 * Math.SQRT2, "lower");
  near(above.buckets[1] as number, 3);
});

test("the zero bucket is split on a linear scale, and has one side where the buckets have", () => {
  assert.is(trimmed({ zeroThreshold: 1, zeroCount: 8 }, 0.5, "upper").zeroCount, 6);
  assert.is(trimmed({ zeroThreshold: 1, zeroCount: 8 }, 0.5, "lower").zeroCount, 2);
  assert.is(trimmed({ zeroThreshold: 1, zeroCount: 8, positive: { 1: 1 } }, 0.5, "upper").zeroCount, 4);
  assert.is(trimmed({ zeroThreshold: 1, zeroCount: 8, negative: { 1: 1 } }, -0.25, "lower").zeroCount, 2);
  assert.is(trimmed({ zeroThreshold: 1, zeroCount: 8, negative: { 1: 1 } }, 0.5, "lower").zeroCount, 0);
});

test("custom buckets are split on a linear scale, those without an end as one can", () => {
  const custom = (positive: Counts) => ({ customValues: [2, 4], positive });
  const cases: [Parts, number, TrimmedSide, count: number, sum: number][] = [
    [custom({ 1: 4 }), 3, "upper", 2, 5],
    [custom({ 1: 4 }), 3, "lower", 2, 7],
    [custom({ 0: 4 }), 1, "upper", 2, 1],
    [custom({ 0: 4 }), 1, "lower", 2, 3],
    [custom({ 0: 4, 1: 4 }), -1, "upper", 0, 0],
    [custom({ 0: 4, 1: 1 }), -1, "lower", 1, 3],
    [custom({ 0: 4, 1: 4 }), 2, "upper", 4, 4],
    [custom({ 0: 4, 1: 4, 2: 1 }), 4, "lower", 1, 4],
    [custom({ 2: 4, 0: 1 }), 9, "upper", 1, 1],
    [custom({ 2: 4, 0: 1 }), 9, "lower", 4, 36],
    [custom({ 2: 4, 0: 1 }), 3, "lower", 4, 16],
    [{ customValues: [-2, 4], positive: { 0: 4, 2: 1 } }, -5, "upper", 4, -20],
    [{ customValues: [-2, 4], positive: { 0: 4, 2: 1 } }, -5, "lower", 1, 4],
  ];
  for (const [input, bound, side, count, sum] of cases) {
    const histogram = trimmed(input, bound, side);
    assert.equal([histogram.count, histogram.sum], [count, sum], JSON.stringify([input, bound, side]));
  }
});

/** With its buckets outside of the zero bucket, and all of them finite. */
function wholeHistogram(random: SeededRandom): Histogram {
  const plain = randomHistogram(random, "exponential");
  const layout = layoutOf(plain);
  const buckets = [...plain.positive, ...plain.negative].map((index) => {
    const lower = lowerBound(layout, index);
    return lower >= layout.zeroThreshold && lower < 1e300 && lower > 1e-300 ? random.below(6) : 0;
  });
  const count = buckets.reduce((sum, bucket) => sum + bucket, 3);
  return toHistogram({ ...plain, buckets, zeroCount: 3, count, sum: 1 });
}

test("by chance: what one side keeps the other loses, and no bucket is left beyond the bound's", () =>
  everySeed(200, (random) => {
    const bound = random.chance(0.5) ? 2 ** (random.below(9) - 4) : random.next() * 10 - 3;
    const histogram = wholeHistogram(random);
    const below = toHistogram(toPlain(histogram));
    const above = toHistogram(toPlain(histogram));
    trimBuckets(below, bound, "upper");
    trimBuckets(above, bound, "lower");
    near(below.count + above.count, histogram.count);
    const walk = createBucketWalk();
    walkUp(walk, below);
    while (nextBucket(walk)) assert.ok(walk.lower < bound || walk.count === 0 || walk.lower === walk.upper);
    walkUp(walk, above);
    while (nextBucket(walk)) assert.ok(walk.upper > bound || walk.count === 0 || walk.lower === walk.upper);
  }));

test("by chance: a bound that is no number takes what lies at any place", () =>
  everySeed(20, (random) => {
    const histogram = toHistogram(randomHistogram(random, "custom"));
    assert.is(histogram.layout.schema, customSchema);
    trimBuckets(histogram, Number.NaN, "upper");
    assert.equal([...histogram.layout.positive], []);
  }));

test.run();
