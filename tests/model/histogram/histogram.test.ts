import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  bucketCount,
  clearHistogram,
  copyHistogram,
  createHistogram,
  giveRoom,
  sameLayout,
  sampleSizeOf,
  spanCount,
} from "../../../src/model/histogram/histogram.ts";
import { histogramOf, toLentHistogram, toPlain } from "../../support/histograms.ts";

const test = suite("histograms");

const parts = { zeroThreshold: 0.1, zeroCount: 1, sum: 2, positive: { 1: 3, 2: 4 }, negative: { 1: 5 } };

test("a copy is owned, and lives alone", () => {
  const lent = toLentHistogram(toPlain(histogramOf(parts)));
  const copy = createHistogram();
  copyHistogram(lent, copy);
  assert.equal(toPlain(copy), toPlain(lent));
  assert.is(copy.layout, lent.layout);
  assert.is(copy.at, 0);
  lent.buckets.fill(0);
  assert.equal(toPlain(copy), toPlain(histogramOf(parts)));
});

test("a cleared histogram is a new one with its room", () => {
  const histogram = histogramOf({ ...parts, hint: 3 });
  const { buckets } = histogram;
  clearHistogram(histogram);
  assert.equal(toPlain(histogram), toPlain(createHistogram()));
  assert.is(histogram.buckets, buckets);
});

test("room is made where there is too little", () => {
  const histogram = createHistogram();
  const { layout } = histogramOf(parts);
  giveRoom(histogram, layout);
  assert.ok(histogram.buckets.length >= bucketCount(layout));
  const { buckets } = histogram;
  giveRoom(histogram, layout);
  assert.is(histogram.buckets, buckets);
});

test("layouts are the same where all their parts are", () => {
  const { layout } = histogramOf(parts);
  assert.ok(sameLayout(layout, histogramOf(parts).layout));
  for (const changed of [
    { schema: 1 },
    { zeroThreshold: 0.2 },
    { positive: { 1: 3, 3: 4 } },
    { positive: { 1: 3 } },
    { negative: { 2: 5 } },
  ]) {
    assert.not(sameLayout(layout, histogramOf({ ...parts, ...changed }).layout));
  }
  const custom = (...customValues: number[]) => histogramOf({ customValues }).layout;
  assert.ok(sameLayout(custom(1, 2), custom(1, 2)));
  assert.not(sameLayout(custom(1, 2), custom(1, 3)));
});

test("spans are runs of consecutive indexes", () => {
  assert.is(spanCount(Int32Array.of()), 0);
  assert.is(spanCount(Int32Array.of(-1, 0, 1)), 1);
  assert.is(spanCount(Int32Array.of(-1, 1, 2, 5)), 3);
});

test("a histogram counts as many samples as upstream's would of its size in memory", () => {
  // 168 bytes, 8 for each span, bucket and bound, and 8 for the time: 16 are a sample.
  assert.is(sampleSizeOf(histogramOf({}).layout), 11);
  assert.is(sampleSizeOf(histogramOf(parts).layout), Math.floor((168 + 8 * (2 + 3) + 8) / 16));
  assert.is(
    sampleSizeOf(histogramOf({ customValues: [1, 2], positive: { 0: 1, 2: 1 } }).layout),
    Math.floor((168 + 8 * 6 + 8) / 16),
  );
});

test.run();
