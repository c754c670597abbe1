import { suite } from "uvu";
import * as assert from "uvu/assert";
import { compact } from "../../../src/model/histogram/compact.ts";
import { copyHistogram, createHistogram } from "../../../src/model/histogram/histogram.ts";
import { everyCase } from "../../support/every-case.ts";
import { histogramOf, toPlain } from "../../support/histograms.ts";

const test = suite("compacting histograms");

test("a histogram without empty buckets keeps its layout", () => {
  const histogram = histogramOf({ positive: { 1: 2, 3: 4 }, negative: { 2: 1 } });
  const { layout } = histogram;
  compact(histogram);
  assert.is(histogram.layout, layout);
});

test("a bucket with a count that is no number stays, one of minus zero goes", () => {
  const histogram = histogramOf({ positive: { 1: Number.NaN, 2: -0, 3: -1 } });
  compact(histogram);
  assert.equal([...histogram.layout.positive], [1, 3]);
});

test("samples that are empty at the same places share one layout again", () => {
  const full = histogramOf({ positive: { 1: 2, 2: 3, 3: 4 }, negative: { 2: 1 } });
  const layouts = [0, 1, 0, 0].map((empty) => {
    const histogram = createHistogram();
    copyHistogram(full, histogram);
    histogram.buckets[empty] = 0;
    compact(histogram);
    return histogram.layout;
  });
  assert.is(layouts[2], layouts[3]);
  assert.equal([...(layouts[1]?.positive ?? [])], [1, 3]);
  assert.equal([...(layouts[2]?.positive ?? [])], [2, 3]);
});

test("every way for buckets to be empty leaves those that are not", () => {
  for (const pick of everyCase()) {
    const states = [pick(2), pick(2), pick(2), pick(2), pick(2)];
    const counts = (from: number, to: number) =>
      Object.fromEntries(states.slice(from, to).map((state, i) => [2 * i - 1, state * (from + i + 1)]));
    const populated = (from: number, to: number) =>
      Object.fromEntries(Object.entries(counts(from, to)).filter(([, count]) => count > 0));
    const histogram = histogramOf({ zeroCount: 1, positive: counts(0, 3), negative: counts(3, 5) });
    compact(histogram);
    const expected = histogramOf({ zeroCount: 1, positive: populated(0, 3), negative: populated(3, 5) });
    assert.equal(toPlain(histogram), toPlain(expected));
  }
});

test.run();
