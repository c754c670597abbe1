import { suite } from "uvu";
import * as assert from "uvu/assert";
import { equalHistograms } from "../../../src/model/histogram/equal.ts";
import { resetHints } from "../../../src/model/histogram/histogram.ts";
import { histogramOf, toLentHistogram, toPlain } from "../../support/histograms.ts";

const test = suite("equal histograms");

const parts = { zeroThreshold: 0.1, zeroCount: 2, sum: 3, positive: { 1: 4, 3: 5 }, negative: { 1: 8 } };

test("the same data are equal, wherever they lie and whatever is known of resets", () => {
  const a = histogramOf(parts);
  assert.ok(equalHistograms(a, a));
  assert.ok(equalHistograms(a, toLentHistogram(toPlain(histogramOf({ ...parts, hint: resetHints.reset })))));
});

test("anything else is a difference", () => {
  const a = histogramOf(parts);
  for (const [name, changed] of Object.entries({
    schema: { schema: 1 },
    zeroThreshold: { zeroThreshold: 0.2 },
    zeroCount: { zeroCount: 1, count: a.count },
    count: { count: a.count + 1 },
    sum: { sum: 4 },
    positive: { positive: { 1: 5, 3: 4 } },
    negative: { negative: { 1: 9 }, count: a.count },
    index: { positive: { 1: 4, 4: 5 } },
    "an empty bucket": { positive: { 1: 4, 2: 0, 3: 5 } },
  })) {
    const b = histogramOf({ ...parts, ...changed });
    assert.not(equalHistograms(a, b), name);
    assert.not(equalHistograms(b, a), name);
  }
});

test("custom buckets are equal where their bounds are", () => {
  const custom = (...customValues: number[]) => histogramOf({ customValues, positive: { 0: 1 } });
  assert.ok(equalHistograms(custom(1, 2), custom(1, 2)));
  assert.not(equalHistograms(custom(1, 2), custom(1, 3)));
  assert.not(equalHistograms(custom(1, 2), custom(1)));
});

test("NaN is NaN, and zero is not minus zero", () => {
  const nan = () =>
    histogramOf({ ...parts, sum: Number.NaN, positive: { 1: Number.NaN }, count: Number.NaN });
  assert.ok(equalHistograms(nan(), nan()));
  assert.not(equalHistograms(histogramOf({ sum: 0 }), histogramOf({ sum: -0 })));
  assert.not(equalHistograms(histogramOf({ positive: { 1: 0 } }), histogramOf({ positive: { 1: -0 } })));
});

test.run();
