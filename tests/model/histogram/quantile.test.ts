import { suite } from "uvu";
import * as assert from "uvu/assert";
import { exp2, log2 } from "../../../src/model/histogram/binary-logarithm.ts";
import { lowerBound } from "../../../src/model/histogram/bounds.ts";
import { formatHistogram } from "../../../src/model/histogram/format.ts";
import { customSchema, type Histogram } from "../../../src/model/histogram/histogram.ts";
import {
  fractionExcludedNaN,
  fractionOfHistogram,
  quantileNote,
  quantileNotes,
  quantileOfHistogram,
} from "../../../src/model/histogram/quantile.ts";
import { createBucketWalk, nextBucket, walkUp } from "../../../src/model/histogram/walk-buckets.ts";
import { histogramOf, layoutOf, randomHistogram, toHistogram, toNumber } from "../../support/histograms.ts";
import { everySeed, type SeededRandom } from "../../support/seeded-random.ts";

const test = suite("quantiles and fractions of histograms");

const infinity = Number.POSITIVE_INFINITY;

function near(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) <= 1e-12 * Math.abs(expected), `${actual} is not ${expected}`);
}

test("a share below 0 or above 1 has an infinite quantile, none has none", () => {
  const histogram = histogramOf({ positive: { 1: 1 } });
  assert.is(quantileOfHistogram(-0.1, histogram), -infinity);
  assert.is(quantileOfHistogram(1.1, histogram), infinity);
  assert.ok(Number.isNaN(quantileOfHistogram(Number.NaN, histogram)));
  assert.ok(Number.isNaN(quantileOfHistogram(0.5, histogramOf({}))));
  assert.is(quantileOfHistogram(2, histogramOf({})), infinity);
});

test("exponential buckets are split on a logarithmic scale", () => {
  const histogram = histogramOf({ positive: { 1: 2, 2: 2 } });
  near(quantileOfHistogram(0.25, histogram), Math.SQRT2);
  near(quantileOfHistogram(0.75, histogram), 2 * Math.SQRT2);
  assert.is(quantileOfHistogram(0.5, histogram), 2);
  assert.is(quantileOfHistogram(0, histogram), 1);
  assert.is(quantileOfHistogram(1, histogram), 4);
  near(quantileOfHistogram(0.25, histogramOf({ negative: { 1: 2, 2: 2 } })), -2 * Math.SQRT2);
});

test("the zero bucket is split on a linear scale, and has one side where the buckets have", () => {
  const zero = { zeroThreshold: 1, zeroCount: 4 };
  assert.is(quantileOfHistogram(0.25, histogramOf(zero)), -0.5);
  assert.is(quantileOfHistogram(0.25, histogramOf({ ...zero, positive: { 1: 4 } })), 0.5);
  assert.is(quantileOfHistogram(0.75, histogramOf({ ...zero, negative: { 1: 4 } })), -0.5);
  assert.is(quantileOfHistogram(0.5, histogramOf({ ...zero, positive: { 1: 4 }, negative: { 1: 4 } })), 0);
});

test("custom buckets are split on a linear scale; the first begins at zero, and the last is its lower bound", () => {
  const histogram = histogramOf({ customValues: [2, 4], positive: { 0: 2, 1: 2, 2: 4 } });
  assert.is(quantileOfHistogram(0.125, histogram), 1);
  assert.is(quantileOfHistogram(0.375, histogram), 3);
  assert.is(quantileOfHistogram(0.9, histogram), 4);
  assert.is(quantileOfHistogram(0.1, histogramOf({ customValues: [-3, 4], positive: { 0: 5, 1: 1 } })), -3);
});

test("buckets that count more than the histogram are no more than it", () => {
  const histogram = histogramOf({ count: 5, positive: { 1: 2, 2: 4 } });
  near(quantileOfHistogram(0.45, histogram), 2 * 2 ** ((2.25 - (5 - 4)) / 4));
});

test("observations of NaN are above all numbers, and said so", () => {
  const histogram = histogramOf({ sum: Number.NaN, count: 4, positive: { 1: 2 } });
  near(quantileOfHistogram(0.25, histogram), Math.SQRT2);
  assert.is(quantileNote(), quantileNotes.isSkewed);
  assert.ok(Number.isNaN(quantileOfHistogram(0.75, histogram)));
  assert.is(quantileNote(), quantileNotes.isNaN);
  quantileOfHistogram(0.75, histogramOf({ sum: Number.NaN, positive: { 1: 2 } }));
  assert.is(quantileNote(), quantileNotes.none, "a sum of NaN may come of infinities as well");
});

test("fractions lie between the ranks of their bounds", () => {
  const histogram = histogramOf({ zeroThreshold: 0.5, zeroCount: 2, positive: { 1: 2, 2: 4 } });
  assert.is(fractionOfHistogram(-infinity, infinity, histogram), 1);
  assert.is(fractionOfHistogram(-infinity, 2, histogram), 0.5);
  near(fractionOfHistogram(2, 2 * Math.SQRT2, histogram), 0.25);
  assert.is(fractionOfHistogram(0, 0.25, histogram), 0.125);
  assert.is(fractionOfHistogram(2, 2, histogram), 0);
  assert.is(fractionOfHistogram(3, 2, histogram), 0);
  assert.is(fractionOfHistogram(5, infinity, histogram), 0);
  assert.ok(Number.isNaN(fractionOfHistogram(Number.NaN, 2, histogram)));
  assert.ok(Number.isNaN(fractionOfHistogram(0, 2, histogramOf({}))));
});

test("fractions leave out observations of NaN, and say so", () => {
  assert.is(
    fractionOfHistogram(-infinity, infinity, histogramOf({ sum: Number.NaN, count: 4, positive: { 1: 2 } })),
    0.5,
  );
  assert.ok(fractionExcludedNaN());
  fractionOfHistogram(-infinity, infinity, histogramOf({ count: 4, positive: { 1: 2 } }));
  assert.not(fractionExcludedNaN());
});

test("custom buckets to and from infinity are not split", () => {
  const histogram = histogramOf({ customValues: [-2, 2], positive: { 0: 1, 1: 2, 2: 1 } });
  assert.is(fractionOfHistogram(-infinity, -5, histogram), 0.25);
  assert.is(fractionOfHistogram(-infinity, 5, histogram), 0.75);
  assert.is(fractionOfHistogram(5, infinity, histogram), 0.25);
});

/** Whether each bucket has an end, and a width to be split. */
function hasWidth(histogram: Histogram): boolean {
  const walk = createBucketWalk();
  walkUp(walk, histogram);
  while (nextBucket(walk)) {
    const width = walk.upper - walk.lower;
    if (!(width > 0 && width < infinity)) return false;
  }
  return true;
}

/** With the counts that its buckets say, so that no rank is out of reach, and none inside the zero bucket. */
function wholeHistogram(random: SeededRandom): Histogram {
  const plain = randomHistogram(random);
  const layout = layoutOf(plain);
  const isFree = (index: number) =>
    layout.schema === customSchema || lowerBound(layout, index) >= layout.zeroThreshold;
  const buckets = [...plain.positive, ...plain.negative].map((index) =>
    isFree(index) ? random.below(6) : 0,
  );
  const zeroCount = toNumber(plain.zeroCount) === 0 ? 0 : random.below(6);
  const count = buckets.reduce((sum, bucket) => sum + bucket, zeroCount);
  return toHistogram({ ...plain, buckets, zeroCount, count, sum: 1 });
}

test("by chance: quantiles grow with the share, and lie in a populated bucket", () =>
  everySeed(200, (random) => {
    const histogram = wholeHistogram(random);
    if (histogram.count === 0 || (histogram.layout.schema !== customSchema && !hasWidth(histogram))) return;
    let last = -infinity;
    for (let share = 0; share <= 1; share += 1 / 16) {
      const quantile = quantileOfHistogram(share, histogram);
      // Up to ½ ranks are counted from below, past it from above.
      assert.ok(quantile >= last - Math.abs(last) * 1e-12, `${quantile} after ${last}`);
      assert.ok(isCovered(quantile, histogram), `${quantile}`);
      last = quantile;
    }
  }));

function isCovered(value: number, histogram: Histogram): boolean {
  const walk = createBucketWalk();
  walkUp(walk, histogram);
  while (nextBucket(walk)) {
    const slack = 1e-12 * Math.abs(value);
    // The bucket to +Inf counts as its lower bound.
    if (walk.count > 0 && walk.lower - slack <= value && value <= walk.upper + slack) return true;
    if (walk.count > 0 && walk.lower <= 0 && walk.upper >= 0 && value === 0) return true;
    // The first custom bucket is taken to begin at zero, also where it ends below.
    if (walk.count > 0 && walk.lower === -infinity && value <= walk.upper) return true;
  }
  return false;
}

test("by chance: the fraction below a quantile is its share", () =>
  everySeed(200, (random) => {
    const histogram = wholeHistogram(random);
    const { layout } = histogram;
    // Custom buckets to and from infinity are not split.
    if (histogram.count === 0 || layout.customValues.length > 0 || layout.schema < -3) return;
    if (!hasWidth(histogram)) return;
    const share = (random.below(97) + 1.5) / 100;
    const fraction = fractionOfHistogram(-infinity, quantileOfHistogram(share, histogram), histogram);
    assert.ok(
      Math.abs(fraction - share) < 1e-6,
      `${fraction} is not ${share}: ${formatHistogram(histogram)}`,
    );
  }));

test("powers of two and their logarithms are exact, and the others near", () => {
  for (let exponent = -1074; exponent <= 1023; exponent++) {
    assert.is(exp2(exponent), 2 ** exponent);
    assert.is(log2(2 ** exponent), exponent);
  }
  for (let x = -1000.3; x < 1000; x += 0.7) {
    near(exp2(x), 2 ** x);
    assert.ok(Math.abs(log2(2 ** x) - x) < 1e-12 * Math.max(1, Math.abs(x)));
  }
  assert.is(exp2(1024), infinity);
  assert.is(exp2(-1080), 0);
  assert.is(log2(0), -infinity);
  assert.is(log2(infinity), infinity);
  near(exp2(-1073.2), 2 ** -1073.2);
  assert.ok(Number.isNaN(exp2(Number.NaN)));
});

test.run();
