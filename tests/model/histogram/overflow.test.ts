import { suite } from "uvu";
import * as assert from "uvu/assert";
import { hasOverflow } from "../../../src/model/histogram/overflow.ts";
import { histogramOf, toLentHistogram, toPlain } from "../../support/histograms.ts";

const test = suite("overflown histograms");

const parts = { zeroCount: 2, sum: 3, positive: { 1: 4, 2: 0 }, negative: { 1: 8 } };

test("an overflow is an infinite number anywhere, NaN is none", () => {
  const infinity = Number.POSITIVE_INFINITY;
  assert.is(hasOverflow(histogramOf({ ...parts, sum: Number.NaN })), false);
  assert.is(hasOverflow(histogramOf({ ...parts, sum: -infinity })), true);
  assert.is(hasOverflow(histogramOf({ ...parts, count: infinity })), true);
  assert.is(hasOverflow(histogramOf({ ...parts, zeroCount: infinity, count: 1 })), true);
  assert.is(hasOverflow(histogramOf({ ...parts, negative: { 1: infinity }, count: 1 })), true);
  assert.is(hasOverflow(histogramOf({ ...parts, positive: { 1: -infinity }, count: 1 })), true);
  assert.is(hasOverflow(histogramOf({ customValues: [1, infinity] })), true);
  assert.is(hasOverflow(histogramOf({ customValues: [1] })), false);
});

test("what lies beside a lent histogram does not count", () => {
  const lent = toLentHistogram(toPlain(histogramOf(parts)));
  lent.buckets[lent.at - 1] = Number.POSITIVE_INFINITY;
  lent.buckets[lent.at + 3] = Number.POSITIVE_INFINITY;
  assert.is(hasOverflow(lent), false);
  lent.buckets[lent.at + 2] = Number.POSITIVE_INFINITY;
  assert.is(hasOverflow(lent), true);
});

test.run();
