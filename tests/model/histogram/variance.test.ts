import { suite } from "uvu";
import * as assert from "uvu/assert";
import { varianceOfHistogram } from "../../../src/model/histogram/variance.ts";
import { histogramOf, randomHistogram, toHistogram } from "../../support/histograms.ts";
import { everySeed } from "../../support/seeded-random.ts";

const test = suite("variance of histograms");

function near(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) <= 1e-12 * Math.abs(expected), `${actual} is not ${expected}`);
}

test("observations are taken for the geometric middle of an exponential bucket", () => {
  near(
    varianceOfHistogram(histogramOf({ positive: { 2: 1, 4: 1 }, sum: 10 })),
    ((8 ** 0.5 - 5) ** 2 + (128 ** 0.5 - 5) ** 2) / 2,
  );
  near(varianceOfHistogram(histogramOf({ negative: { 2: 3 }, sum: -6 })), (8 ** 0.5 - 2) ** 2);
});

test("those of the zero bucket for zero", () => {
  assert.is(varianceOfHistogram(histogramOf({ zeroThreshold: 0.5, zeroCount: 4, sum: 4 })), 1);
});

test("those of custom buckets for the middle", () => {
  const histogram = histogramOf({ customValues: [1, 3, 7], positive: { 1: 1, 2: 1 }, sum: 6 });
  assert.is(varianceOfHistogram(histogram), (1 + 4) / 2);
  const endless = histogramOf({ customValues: [1], positive: { 0: 1 }, sum: 1 });
  assert.is(varianceOfHistogram(endless), Number.POSITIVE_INFINITY);
});

test("a histogram without observations has none", () => {
  assert.ok(Number.isNaN(varianceOfHistogram(histogramOf({}))));
});

test("by chance: no variance is negative", () =>
  everySeed(200, (random) => {
    const plain = randomHistogram(random);
    const variance = varianceOfHistogram(toHistogram({ ...plain, sum: random.below(100), count: 50 }));
    assert.ok(!(variance < 0));
  }));

test.run();
