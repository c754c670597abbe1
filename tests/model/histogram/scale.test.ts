import { suite } from "uvu";
import * as assert from "uvu/assert";
import { resetHints } from "../../../src/model/histogram/histogram.ts";
import { divide, multiply } from "../../../src/model/histogram/scale.ts";
import { histogramOf, toPlain } from "../../support/histograms.ts";

const test = suite("multiples of histograms");

const parts = {
  zeroCount: 2,
  sum: 3,
  positive: { 1: 4, 2: 0 },
  negative: { 1: 8 },
  hint: resetHints.notReset,
};

test("counts and sum are multiplied, and the hint stays", () => {
  const histogram = histogramOf(parts);
  multiply(histogram, 2.5);
  assert.equal(
    toPlain(histogram),
    toPlain(
      histogramOf({ ...parts, zeroCount: 5, sum: 7.5, positive: { 1: 10, 2: 0 }, negative: { 1: 20 } }),
    ),
  );
});

test("counts and sum are divided", () => {
  const histogram = histogramOf(parts);
  divide(histogram, 2);
  assert.equal(
    toPlain(histogram),
    toPlain(histogramOf({ ...parts, zeroCount: 1, sum: 1.5, positive: { 1: 2, 2: 0 }, negative: { 1: 4 } })),
  );
});

test("a negative factor or divisor makes a gauge, minus zero does not", () => {
  for (const [operation, by, hint] of [
    [multiply, -1, resetHints.gauge],
    [divide, -1, resetHints.gauge],
    [multiply, -0, resetHints.notReset],
    [divide, -0, resetHints.notReset],
  ] as const) {
    const histogram = histogramOf(parts);
    operation(histogram, by);
    assert.is(histogram.resetHint, hint);
  }
});

test("a division by zero takes the buckets and leaves no finite number", () => {
  const histogram = histogramOf({ ...parts, zeroCount: 0 });
  divide(histogram, 0);
  assert.equal(toPlain(histogram), {
    ...toPlain(histogramOf({ hint: resetHints.notReset })),
    count: "+Inf",
    sum: "+Inf",
    zeroCount: "NaN",
  });
});

test.run();
