import { suite } from "uvu";
import * as assert from "uvu/assert";
import { copyHistogram, createHistogram } from "../../../src/model/histogram/histogram.ts";
import { reduceResolution } from "../../../src/model/histogram/reduce-resolution.ts";
import { histogramOf, randomHistogram, toHistogram, toPlain } from "../../support/histograms.ts";
import { everySeed } from "../../support/seeded-random.ts";

const test = suite("coarser histograms");

test("buckets are merged, also empty ones", () => {
  const histogram = histogramOf({
    schema: 1,
    zeroCount: 3,
    sum: 7,
    positive: { [-1]: 1, 0: 2, 1: 4, 2: 8, 5: 0 },
    negative: { 3: 16, 4: 32 },
  });
  reduceResolution(histogram, 0);
  assert.equal(
    toPlain(histogram),
    toPlain(histogramOf({ zeroCount: 3, sum: 7, positive: { 0: 3, 1: 12, 3: 0 }, negative: { 2: 48 } })),
  );
});

test("a schema that is as coarse already stays", () => {
  const histogram = histogramOf({ schema: 1, positive: { 1: 2 } });
  const before = toPlain(histogram);
  reduceResolution(histogram, 1);
  reduceResolution(histogram, 3);
  assert.equal(toPlain(histogram), before);
});

test("schemas past those that are computed with come down to one of them", () => {
  const histogram = histogramOf({ schema: 20, positive: { 1: 1, [2 ** 12]: 2, [2 ** 12 + 1]: 4 } });
  reduceResolution(histogram, 8);
  assert.equal(toPlain(histogram), toPlain(histogramOf({ schema: 8, positive: { 1: 3, 2: 4 } })));
});

test("by chance: two steps lead where one does, and nothing is lost", () =>
  everySeed(100, (random) => {
    const plain = randomHistogram(random, "exponential");
    const whole = { ...plain, buckets: plain.buckets.map(() => random.below(9)) };
    const total = whole.buckets.reduce((sum, count) => sum + count, 0);
    const stepwise = toHistogram(whole);
    for (let schema = plain.schema - 1; schema >= -4; schema--) {
      const atOnce = createHistogram();
      copyHistogram(toHistogram(whole), atOnce);
      reduceResolution(atOnce, schema);
      reduceResolution(stepwise, schema);
      assert.equal(toPlain(stepwise), toPlain(atOnce));
      assert.is(
        toPlain(atOnce).buckets.reduce((sum: number, count) => sum + Number(count), 0),
        total,
      );
    }
  }));

test.run();
