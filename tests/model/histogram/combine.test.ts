import { suite } from "uvu";
import * as assert from "uvu/assert";
import { exponentialBound } from "../../../src/model/histogram/bounds.ts";
import { addTo, combined, kahanAddTo, subtractFrom } from "../../../src/model/histogram/combine.ts";
import { compact } from "../../../src/model/histogram/compact.ts";
import {
  clearHistogram,
  copyHistogram,
  createHistogram,
  type Histogram,
  resetHints,
} from "../../../src/model/histogram/histogram.ts";
import { everyCase, type Pick } from "../../support/every-case.ts";
import {
  histogramOf,
  randomHistogram,
  toHistogram,
  toLentHistogram,
  toPlain,
} from "../../support/histograms.ts";
import { type NaiveHistogram, naiveSum, toNaive } from "../../support/naive-histograms.ts";
import { everySeed, type SeededRandom } from "../../support/seeded-random.ts";

const test = suite("sums of histograms");

test("buckets of the same layout are added one to one, and the layout stays the same object", () => {
  const a = histogramOf({ zeroCount: 1, sum: 10, positive: { 1: 2, 4: 3 }, negative: { 0: 1 } });
  const b = createHistogram();
  copyHistogram(a, b);
  const { layout, buckets } = a;
  assert.is(addTo(a, b), 0);
  assert.is(a.layout, layout);
  assert.is(a.buckets, buckets);
  assert.equal(
    toPlain(a),
    toPlain(histogramOf({ zeroCount: 2, sum: 20, positive: { 1: 4, 4: 6 }, negative: { 0: 2 } })),
  );
});

test("buckets of either are in the sum, also empty ones", () => {
  const a = histogramOf({ positive: { 1: 2, 4: 0 }, negative: { 3: 1 } });
  const b = histogramOf({ positive: { 0: 1, 2: 0, 4: 3 }, negative: { 2: 5 } });
  addTo(a, b);
  assert.equal(
    toPlain(a),
    toPlain(histogramOf({ positive: { 0: 1, 1: 2, 2: 0, 4: 3 }, negative: { 2: 5, 3: 1 } })),
  );
});

test("a difference can be negative, and its zeros stay until it is compacted", () => {
  const a = histogramOf({ zeroCount: 1, positive: { 1: 2, 4: 3 } });
  subtractFrom(a, histogramOf({ zeroCount: 2, positive: { 1: 2, 3: 4 } }));
  assert.equal(
    toPlain(a),
    toPlain(histogramOf({ zeroCount: -1, positive: { 1: 0, 3: -4, 4: 3 }, count: -2 })),
  );
});

test("the coarser schema wins, whichever side has it", () => {
  const fine = () => histogramOf({ schema: 1, positive: { 1: 1, 2: 2, 3: 4, 5: 8 }, negative: { 0: 1 } });
  const coarse = () => histogramOf({ schema: 0, positive: { 1: 10, 2: 20 } });
  const a = fine();
  addTo(a, coarse());
  const b = coarse();
  addTo(b, fine());
  const sum = histogramOf({ schema: 0, positive: { 1: 13, 2: 24, 3: 8 }, negative: { 0: 1 } });
  assert.equal(toPlain(a), toPlain(sum));
  assert.equal(toPlain(b), toPlain(sum));
});

test("a wider zero bucket takes buckets in, and grows to the end of one that it cuts", () => {
  const a = histogramOf({ zeroThreshold: 0.3, zeroCount: 1, positive: { 3: 1 } });
  const b = histogramOf({
    zeroThreshold: 0.1,
    zeroCount: 2,
    positive: { [-2]: 4, [-1]: 8 },
    negative: { 1: 16 },
  });
  addTo(a, b);
  // (0.25, 0.5] has 8: the threshold is raised to 0.5.
  assert.is(a.layout.zeroThreshold, 0.5);
  assert.is(a.zeroCount, 15);
  assert.equal([...a.layout.positive], [3]);
  assert.equal([...a.layout.negative], [1]);
});

test("a zero bucket that cuts an empty bucket stays as wide as it is", () => {
  const a = histogramOf({ zeroThreshold: 0.3, zeroCount: 1 });
  addTo(a, histogramOf({ zeroThreshold: 0.1, zeroCount: 2, positive: { [-1]: 0, 1: 3 } }));
  assert.is(a.layout.zeroThreshold, 0.3);
  assert.is(a.zeroCount, 3);
});

test("a bucket that the zero bucket took is counted again where it lies in a coarser one, as upstream", () => {
  // The threshold, 2^1.5, is no bound of schema 0: the other's (2, 2^1.5] is taken in, and comes again with (2, 4].
  const fine = () => histogramOf({ schema: 1, positive: { 3: 1, 4: 2 } });
  const coarse = () => histogramOf({ schema: 0, zeroThreshold: exponentialBound(1, 3), zeroCount: 4 });
  const a = coarse();
  addTo(a, fine());
  assert.equal([a.zeroCount, ...a.buckets.subarray(0, 1)], [5, 3]);
  const b = fine();
  addTo(b, coarse());
  assert.equal([b.zeroCount, ...b.buckets.subarray(0, 1)], [5, 2]);
});

test("a threshold that is no number does not go round for ever", () => {
  const a = histogramOf({ zeroThreshold: Number.NaN, positive: { 1: 1 } });
  addTo(a, histogramOf({ positive: { 1: 1 } }));
  assert.is(a.count, 2);
});

test("exponential and custom buckets do not go together, and nothing changes", () => {
  const custom = histogramOf({ customValues: [1, 2], positive: { 0: 1 }, hint: resetHints.gauge });
  for (const operation of [addTo, subtractFrom]) {
    const a = histogramOf({ positive: { 1: 1 } });
    const before = toPlain(a);
    assert.is(operation(a, custom), combined.incompatible);
    assert.equal(toPlain(a), before);
  }
  const a = histogramOf({ positive: { 1: 1 } });
  assert.is(kahanAddTo(custom, createHistogram(), a), combined.incompatible);
});

test("custom buckets with other bounds meet in those that both have", () => {
  const a = histogramOf({ customValues: [1, 2, 3, 5], positive: { 0: 1, 1: 2, 2: 4, 4: 8 } });
  const b = histogramOf({ customValues: [2, 4, 5], positive: { 0: 16, 1: 32, 3: 64 } });
  assert.is(addTo(a, b), combined.customMismatch);
  assert.equal(toPlain(a), toPlain(histogramOf({ customValues: [2, 5], positive: { 0: 19, 1: 36, 2: 72 } })));
});

test("custom buckets without a common bound are all one", () => {
  const a = histogramOf({ customValues: [1, 3], positive: { 0: 1, 1: 2 } });
  assert.is(subtractFrom(a, histogramOf({ customValues: [2], positive: { 1: 7 } })), combined.customMismatch);
  assert.equal(toPlain(a), toPlain(histogramOf({ customValues: [], positive: { 0: -4 } })));
});

test("of hints the more careful one is left, and a reset beside none is told", () => {
  const { unknown, reset, notReset, gauge } = resetHints;
  const sum = new Map([
    [unknown, [unknown, unknown, unknown, gauge]],
    [reset, [unknown, reset, unknown, gauge]],
    [notReset, [unknown, unknown, notReset, gauge]],
    [gauge, [gauge, gauge, gauge, gauge]],
  ] as const);
  for (const [mine, sums] of sum) {
    for (const [theirs, hint] of [unknown, reset, notReset, gauge].map(
      (other) => [other, sums[other]] as const,
    )) {
      const a = histogramOf({ positive: { 1: 1 }, hint: mine });
      const flags = addTo(a, histogramOf({ positive: { 1: 1 }, hint: theirs }));
      assert.is(a.resetHint, hint, `${mine} + ${theirs}`);
      const isCollision = mine + theirs === reset + notReset && mine * theirs !== 0;
      assert.is(flags, isCollision ? combined.resetCollision : 0);
    }
  }
});

/** A histogram whose buckets all lie outside its zero bucket; counts are powers of two, so that none hides another. */
function smallHistogram(pick: Pick, first: number, emptyToo: boolean): Histogram {
  const schema = pick(2);
  const zeroThreshold = [0, 0.3, 1][pick(3)] as number;
  const counts = (indexes: readonly number[], weight: number) =>
    Object.fromEntries(
      indexes.flatMap((index, i) => {
        const state = pick(emptyToo ? 3 : 2);
        const isFree = exponentialBound(schema, index - 1) >= zeroThreshold;
        if (state === 0) return [];
        return [[index, state === 2 || !isFree ? 0 : weight * 2 ** i]];
      }),
    );
  const positive = counts(emptyToo ? [0, 2] : [-1, 0, 1], first);
  const negative = counts([1], first * 8);
  return histogramOf({ schema, zeroThreshold, zeroCount: first * 16, sum: first, positive, negative });
}

test("every two small histograms add up and subtract as by hand", () => {
  const ones = Array.from(everyCase(), (pick) => smallHistogram(pick, 1, false));
  const others = Array.from(everyCase(), (pick) => smallHistogram(pick, 32, true));
  assert.is(ones.length * others.length, 96 * 162);
  const kept = others.map((other) => toPlain(other));
  const naives = others.map((other) => toNaive(other));
  const into = createHistogram();
  for (const [k, one] of ones.entries()) {
    const naive = toNaive(one);
    others.forEach((other, i) => {
      const sign = (i + k) % 2 === 0 ? 1 : -1;
      copyHistogram(one, into);
      if (sign === 1) addTo(into, other);
      else subtractFrom(into, other);
      compact(into);
      const sum = toNaive(into);
      assert.equal(sum, naiveSum(naive, naives[i] as NaiveHistogram, sign), `pair ${k}, ${i}`);
    });
  }
  assert.equal(
    others.map((other) => toPlain(other)),
    kept,
    "operands are left alone",
  );
});

/**
 * Whole counts, so that no order of additions is told from another, buckets outside the zero bucket only, and zero
 * thresholds that are bounds in every schema.
 */
function wholeHistogram(random: SeededRandom): Histogram {
  const plain = randomHistogram(random, "exponential");
  const zeroThreshold = random.oneOf([0, 0.25, 0.5, 1, 2]);
  const histogram = toHistogram({ ...plain, schema: Math.max(0, plain.schema), zeroThreshold, hint: 0 });
  const { layout, buckets } = histogram;
  const indexes = [...layout.positive, ...layout.negative];
  indexes.forEach((index, i) => {
    const isFree = exponentialBound(layout.schema, index - 1) >= layout.zeroThreshold;
    buckets[i] = isFree ? random.below(5) : 0;
  });
  histogram.zeroCount = random.below(9);
  histogram.sum = random.below(100);
  histogram.count = buckets.reduce((sum, count) => sum + count, histogram.zeroCount);
  return histogram;
}

test("by chance: sums are the ones by hand, and do not mind the order", () =>
  everySeed(300, (random) => {
    const a = wholeHistogram(random);
    const b = wholeHistogram(random);
    const [ab, ba] = [createHistogram(), createHistogram()];
    copyHistogram(a, ab);
    copyHistogram(b, ba);
    addTo(ab, b);
    addTo(ba, a);
    compact(ab);
    compact(ba);
    assert.equal(toPlain(ab), toPlain(ba));
    assert.equal(toNaive(ab), naiveSum(toNaive(a), toNaive(b), 1));
  }));

test("by chance: what is added and taken away again leaves what was there", () =>
  everySeed(200, (random) => {
    const a = wholeHistogram(random);
    const b = wholeHistogram(random);
    const into = createHistogram();
    copyHistogram(a, into);
    addTo(into, b);
    subtractFrom(into, b);
    compact(into);
    // What is left of `a` at the schema and the zero bucket of the sum.
    const nothing = histogramOf({ schema: into.layout.schema, zeroThreshold: into.layout.zeroThreshold });
    assert.equal(toNaive(into), naiveSum(toNaive(a), toNaive(nothing), 1));
  }));

test("a compensated sum loses nothing that a plain one does", () => {
  const values = [1, 1e100, 1, -1e100, 3, 1e16, 0.5, -1e16];
  const histograms = values.map((value) =>
    histogramOf({ zeroCount: value, sum: value, positive: { 1: value }, negative: { 2: value } }),
  );
  const into = createHistogram();
  copyHistogram(histograms[0] as Histogram, into);
  const compensation = createHistogram();
  for (const histogram of histograms.slice(1)) kahanAddTo(into, compensation, histogram);
  addTo(into, compensation);
  assert.equal(
    toPlain(into),
    toPlain(
      histogramOf({
        zeroCount: 5.5,
        sum: 5.5,
        positive: { 1: 5.5 },
        negative: { 2: 5.5 },
        count: into.count,
      }),
    ),
  );
});

test("a compensation goes along when layouts change under it", () => {
  const into = histogramOf({ schema: 1, positive: { 1: 1, 2: 1e16 } });
  const compensation = createHistogram();
  kahanAddTo(into, compensation, histogramOf({ schema: 1, positive: { 1: 1e16, 2: 1, 7: 1 } }));
  assert.equal([...compensation.buckets.subarray(0, 3)], [1, 1, 0]);
  kahanAddTo(into, compensation, histogramOf({ schema: 0, positive: { 0: 5, 1: 1 } }));
  assert.is(compensation.layout, into.layout);
  addTo(into, compensation);
  assert.equal([...into.layout.positive], [0, 1, 4]);
  assert.equal([...into.buckets.subarray(0, 3)], [5, 2e16 + 4, 1]);
});

test("what a finer histogram loses when its buckets are merged is not lost", () => {
  const fine = { schema: 1, positive: { 1: 1e16, 2: 1, 3: 1e16, 4: 1 }, count: 0 };
  const into = histogramOf({ positive: { 1: 0, 2: 0 } });
  const compensation = createHistogram();
  kahanAddTo(into, compensation, histogramOf(fine));
  assert.equal([...into.buckets.subarray(0, 2)], [1e16, 1e16]);
  assert.equal([...compensation.buckets.subarray(0, 2)], [1, 1]);
  const other = histogramOf({ positive: { 1: 0 } });
  const otherCompensation = createHistogram();
  kahanAddTo(
    other,
    otherCompensation,
    histogramOf({ ...fine, positive: { 3: 1e16, 4: -1e16, 5: 1e16, 6: 1 } }),
  );
  assert.equal([...other.buckets.subarray(0, 3)], [0, 0, 1e16]);
  assert.equal([...otherCompensation.buckets.subarray(0, 3)], [0, 0, 1]);
});

test("a bucket that the sum has not takes what was merged and what that lost as they are", () => {
  const into = histogramOf({ positive: { 1: 0 } });
  const compensation = createHistogram();
  // (2, 4] of the coarser schema: 1e16 + 1 − 1e16 is 0, and 1 is lost.
  const parts = { schema: 2, positive: { 5: 1e16, 6: 1, 7: -1e16 }, count: 0 };
  kahanAddTo(into, compensation, histogramOf(parts));
  assert.equal([...into.layout.positive], [1, 2]);
  assert.is(into.buckets[1], 0);
  assert.is(compensation.buckets[1], 1);
});

test("a custom bucket that is zero but has lost something is kept", () => {
  const into = histogramOf({ customValues: [1, 2], positive: { 0: 1, 1: 1e100 }, count: 0 });
  const compensation = createHistogram();
  const other = histogramOf({ customValues: [2, 3], positive: { 0: -1e100 }, count: 0 });
  assert.is(kahanAddTo(into, compensation, other), combined.customMismatch);
  assert.equal([...into.layout.positive], [0]);
  assert.equal([into.buckets[0], compensation.buckets[0]], [0, 1]);
});

test("zero buckets are widened to each threshold anew", () => {
  const into = createHistogram();
  const far = histogramOf({ positive: { 5: 1 } });
  for (const zeroThreshold of [0.5, 0.25, 0.5]) {
    copyHistogram(far, into);
    addTo(into, histogramOf({ zeroThreshold, zeroCount: 1 }));
    assert.is(into.layout.zeroThreshold, zeroThreshold);
  }
});

test("a cleared compensation serves another sum, one in use does not", () => {
  const compensation = createHistogram();
  const first = histogramOf({ positive: { 1: 1e16 }, zeroCount: 1 });
  kahanAddTo(first, compensation, histogramOf({ positive: { 1: 1 }, zeroCount: 1e16 }));
  assert.is(compensation.zeroCount, 1);
  const second = histogramOf({ positive: { 2: 1, 3: 1 } });
  assert.throws(() => kahanAddTo(second, compensation, second), /another histogram/);
  clearHistogram(compensation);
  kahanAddTo(second, compensation, histogramOf({ positive: { 2: 1 } }));
  assert.equal(toPlain(compensation), toPlain(histogramOf({ positive: { 2: 0, 3: 0 } })));
});

test("by chance: lent and owned operands give the same", () =>
  everySeed(100, (random) => {
    const plain = [randomHistogram(random), randomHistogram(random)] as const;
    const a = toHistogram(plain[0]);
    const b = toHistogram(plain[0]);
    assert.is(addTo(a, toHistogram(plain[1])), addTo(b, toLentHistogram(plain[1])));
    assert.equal(toPlain(a), toPlain(b));
  }));

test("layouts are shared: many samples of two layouts make no new ones", () => {
  const a = histogramOf({ positive: { 1: 1, 5: 2 } });
  const b = histogramOf({ positive: { 2: 1, 5: 2 } });
  const layouts = new Set();
  for (let i = 0; i < 50; i++) {
    const into = createHistogram();
    copyHistogram(a, into);
    addTo(into, b);
    addTo(into, a);
    addTo(into, b);
    layouts.add(into.layout);
  }
  assert.is(layouts.size, 1);
});

test.run();
