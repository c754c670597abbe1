import { suite } from "uvu";
import * as assert from "uvu/assert";
import { formatHistogram } from "../../../src/model/histogram/format.ts";
import { histogramOf, toLentHistogram, toPlain } from "../../support/histograms.ts";

const test = suite("histograms as text");

test("buckets with a count are listed with their bounds, from the lowest on", () => {
  const histogram = histogramOf({
    zeroThreshold: 0.01,
    zeroCount: 5.5,
    count: 3493.3,
    sum: 2349209.324,
    positive: { [-2]: 1, 1: 3.3, 2: 0, 3: 0.1 },
    negative: { 3: 3.1, 8: 1.234e5 },
  });
  const text =
    "{count:3493.3, sum:2.349209324e+06, [-256,-128):123400, [-8,-4):3.1, [-0.01,0.01]:5.5, (0.125,0.25]:1, (1,2]:3.3, (4,8]:0.1}";
  assert.is(formatHistogram(histogram), text);
  assert.is(formatHistogram(toLentHistogram(toPlain(histogram))), text);
});

test("custom buckets reach from and to infinity", () => {
  const histogram = histogramOf({ customValues: [1, 2.5], sum: 4, positive: { 0: 3, 1: 2, 2: 1 } });
  assert.is(formatHistogram(histogram), "{count:6, sum:4, [-Inf,1]:3, (1,2.5]:2, (2.5,+Inf]:1}");
});

test("numbers of all sizes are written as Go writes them", () => {
  const histogram = histogramOf({
    zeroThreshold: 2 ** -128,
    zeroCount: 1e6,
    count: Number.NaN,
    sum: Number.NEGATIVE_INFINITY,
    positive: { 30: 1e21 },
  });
  assert.is(
    formatHistogram(histogram),
    "{count:NaN, sum:-Inf, [-2.938735877055719e-39,2.938735877055719e-39]:1e+06, (5.36870912e+08,1.073741824e+09]:1e+21}",
  );
});

test("a histogram without observations is short", () => {
  assert.is(formatHistogram(histogramOf({})), "{count:0, sum:0}");
});

test.run();
