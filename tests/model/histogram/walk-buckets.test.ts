import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Histogram } from "../../../src/model/histogram/histogram.ts";
import { createBucketWalk, nextBucket, walkDown, walkUp } from "../../../src/model/histogram/walk-buckets.ts";
import { histogramOf, randomHistogram, toLentHistogram } from "../../support/histograms.ts";
import { everySeed } from "../../support/seeded-random.ts";

const test = suite("walks over buckets");

/** `[1,2):3` for each bucket on the way. */
function walked(histogram: Histogram, start = walkUp): string[] {
  const walk = createBucketWalk();
  const texts: string[] = [];
  start(walk, histogram);
  while (nextBucket(walk)) {
    const { lower, upper, lowerInclusive, upperInclusive, count } = walk;
    texts.push(`${lowerInclusive ? "[" : "("}${lower},${upper}${upperInclusive ? "]" : ")"}:${count}`);
  }
  return texts;
}

test("buckets come in the order of their values, negative ones mirrored", () => {
  const histogram = histogramOf({
    zeroThreshold: 0.1,
    zeroCount: 2,
    positive: { 1: 4, 2: 0, 4: 5 },
    negative: { 0: 7, 2: 8 },
  });
  assert.equal(walked(histogram), [
    "[-4,-2):8",
    "[-1,-0.5):7",
    "[-0.1,0.1]:2",
    "(1,2]:4",
    "(2,4]:0",
    "(8,16]:5",
  ]);
});

test("a zero bucket without a count above zero is passed over", () => {
  assert.equal(walked(histogramOf({ zeroThreshold: 1, zeroCount: 0, positive: { 2: 1 } })), ["(2,4]:1"]);
  assert.equal(walked(histogramOf({ zeroThreshold: 1, zeroCount: -2, positive: { 2: 1 } })), ["(2,4]:1"]);
  assert.equal(walked(histogramOf({})), []);
  assert.equal(walked(histogramOf({ zeroThreshold: 1, zeroCount: 3 })), ["[-1,1]:3"]);
});

test("a bucket that reaches into the zero bucket begins at its edge", () => {
  const histogram = histogramOf({
    zeroThreshold: 0.3,
    zeroCount: 1,
    positive: { [-1]: 2 },
    negative: { [-1]: 3 },
  });
  assert.equal(walked(histogram), ["[-0.5,-0.3):3", "[-0.3,0.3]:1", "(0.3,0.5]:2"]);
});

test("custom buckets include their upper bounds, the first one both", () => {
  const histogram = histogramOf({ customValues: [-1, 2], positive: { 0: 1, 1: 2, 2: 3 } });
  assert.equal(walked(histogram), ["[-Infinity,-1]:1", "(-1,2]:2", "(2,Infinity]:3"]);
});

test("past the last bucket a walk still tells that one, and can be asked again", () => {
  const walk = createBucketWalk();
  walkUp(walk, histogramOf({ positive: { 1: 5 } }));
  assert.ok(nextBucket(walk));
  assert.not(nextBucket(walk));
  assert.not(nextBucket(walk));
  assert.is(walk.count, 5);
});

test("by chance: the way down is the way up, backwards", () =>
  everySeed(200, (random) => {
    const histogram = toLentHistogram(randomHistogram(random));
    assert.equal(walked(histogram, walkDown), walked(histogram).reverse());
  }));

test.run();
