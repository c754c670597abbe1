import { suite } from "uvu";
import * as assert from "uvu/assert";
import { detectReset } from "../../../src/model/histogram/detect-reset.ts";
import { type Histogram, resetHints } from "../../../src/model/histogram/histogram.ts";
import { everyCase, type Pick } from "../../support/every-case.ts";
import { type Counts, histogramOf, toPlain } from "../../support/histograms.ts";
import { toNaive } from "../../support/naive-histograms.ts";

const test = suite("counter resets of histograms");

type Parts = Parameters<typeof histogramOf>[0];

const before: Parts = {
  zeroThreshold: 0.01,
  zeroCount: 5.5,
  count: 3493.3,
  sum: 2349209.324,
  positive: { [-2]: 1, [-1]: 1.23, 1: 3.3, 2: 4.2, 3: 0.1 },
  negative: { 3: 3.1, 4: 3, 8: 1.234e5, 9: 1000 },
};

function isReset(current: Parts, previous: Parts = before): boolean {
  return detectReset(histogramOf(current), histogramOf(previous));
}

test("a hint decides alone", () => {
  assert.is(isReset({ ...before, hint: resetHints.reset }), true);
  assert.is(isReset({ count: 0, hint: resetHints.notReset }), false);
  assert.is(
    isReset(before, { ...before, hint: resetHints.reset }),
    false,
    "the earlier one's does not count",
  );
});

test("a gauge is looked at like a counter", () => {
  assert.is(isReset({ ...before, hint: resetHints.gauge }), false);
  assert.is(isReset({ ...before, count: 3493.2, hint: resetHints.gauge }), true);
});

test("nothing less is no reset, whatever the sum does", () => {
  assert.is(isReset(before), false);
  assert.is(isReset({ ...before, sum: -5 }), false);
  assert.is(isReset({ ...before, count: 3493.4, zeroCount: 5.6 }), false);
  assert.is(isReset({}, {}), false);
  assert.is(isReset(before, {}), false);
});

test("less of anything is a reset", () => {
  assert.is(isReset({ ...before, count: 3493.2 }), true);
  assert.is(isReset({ ...before, zeroCount: 5.4 }), true);
  assert.is(isReset({ ...before, positive: { ...before.positive, 2: 4.1 } }), true);
  assert.is(isReset({ ...before, negative: { ...before.negative, 4: 2.9 } }), true);
  assert.is(isReset({}, before), true);
});

test("a bucket may appear, and an empty one may go", () => {
  assert.is(isReset({ ...before, positive: { ...before.positive, 0: 1, 7: 1 } }), false);
  const wider = (counts: Counts = {}) => ({ ...counts, 0: 0, 12: 0 });
  assert.is(isReset(before, { ...before, positive: wider(before.positive) }), false);
  assert.is(isReset({}, { positive: { 23: 0 } }), false);
});

test("a populated bucket may not go", () => {
  const { [-1]: _, ...inside } = before.positive as Record<number, number>;
  const { 3: __, ...last } = before.positive as Record<number, number>;
  assert.is(isReset({ ...before, positive: inside }), true);
  assert.is(isReset({ ...before, positive: last }), true);
});

test("a finer schema or a narrower zero bucket is a reset", () => {
  assert.is(isReset({ ...before, schema: 1 }), true);
  assert.is(isReset({ ...before, zeroThreshold: 0.009 }), true);
});

test("a coarser schema is compared bucket by coarser bucket", () => {
  const fine: Parts = { schema: 1, positive: { 1: 1, 2: 2, 3: 4 }, negative: { 1: 1 } };
  assert.is(isReset({ schema: 0, positive: { 1: 3, 2: 4 }, negative: { 1: 1 } }, fine), false);
  assert.is(isReset({ schema: 0, positive: { 1: 2, 2: 4, 9: 9 }, negative: { 1: 1 } }, fine), true);
  assert.is(isReset({ schema: 0, positive: { 1: 3, 2: 4, 9: 9 } }, fine), true);
});

test("a wider zero bucket takes earlier buckets in, but cuts none that is populated", () => {
  const narrow: Parts = { zeroCount: 1, positive: { [-1]: 2, 1: 4 }, negative: { 0: 8 } };
  assert.is(
    isReset({ zeroThreshold: 0.5, zeroCount: 3, positive: { 1: 4 }, negative: { 0: 8 } }, narrow),
    false,
  );
  assert.is(
    isReset({ zeroThreshold: 0.5, zeroCount: 2, positive: { 1: 4, 5: 1 }, negative: { 0: 8 } }, narrow),
    true,
  );
  assert.is(
    isReset({ zeroThreshold: 0.3, zeroCount: 20, positive: { 1: 4 }, negative: { 0: 8 } }, narrow),
    true,
  );
  assert.is(isReset({ zeroThreshold: 1, zeroCount: 11, positive: { 1: 4 } }, narrow), false);
});

test("custom buckets are compared between the bounds that both have", () => {
  const previous: Parts = { customValues: [1, 2, 3], positive: { 0: 1, 1: 2, 2: 3, 3: 4 } };
  assert.is(isReset({ customValues: [2, 3], positive: { 0: 3, 1: 3, 2: 4 } }, previous), false);
  assert.is(isReset({ customValues: [2, 3], positive: { 0: 2, 1: 9, 2: 9 } }, previous), true);
  assert.is(isReset({ customValues: [0, 9], positive: { 2: 10 } }, previous), false);
  assert.is(isReset({ customValues: [2, 5], positive: { 0: 3, 1: 7 } }, previous), false);
  assert.is(isReset({ customValues: [5], positive: { 1: 10 } }, previous), false);
  assert.is(isReset({ customValues: [1, 2, 3], positive: { 0: 1, 1: 2, 2: 3, 3: 4 } }, previous), false);
  assert.is(isReset({ customValues: [1, 2, 3], positive: { 0: 1, 1: 1, 2: 4, 3: 4 } }, previous), true);
});

test("a change between exponential and custom buckets is a reset", () => {
  const custom: Parts = { customValues: [1], positive: { 0: 1 } };
  assert.is(isReset(custom, { positive: { 1: 1 } }), true);
  assert.is(isReset({ positive: { 1: 1 } }, custom), true);
});

function smallHistogram(pick: Pick, schemas: readonly number[]): Histogram {
  const counts = (indexes: readonly number[]) =>
    Object.fromEntries(
      indexes.flatMap((index) => {
        const state = pick(4);
        return state === 3 ? [] : [[index, state]];
      }),
    );
  const schema = schemas[pick(schemas.length)] as number;
  return histogramOf({
    schema,
    zeroThreshold: 0.1,
    zeroCount: pick(2),
    count: 50,
    positive: counts([1, 2, 4]),
  });
}

test("every two small histograms: a reset is a bucket with less", () => {
  const currents = Array.from(everyCase(), (pick) => smallHistogram(pick, [0]));
  const previous = Array.from(everyCase(), (pick) => smallHistogram(pick, [0, 1]));
  let resets = 0;
  for (const current of currents) {
    const now = toNaive(current);
    for (const earlier of previous) {
      const then = toNaive(earlier);
      const counts = new Map<number, number>();
      for (const [index, count] of then.positive) {
        const target = then.schema === 0 ? index : Math.ceil(index / 2);
        counts.set(target, (counts.get(target) ?? 0) + count);
      }
      const isLess =
        now.zeroCount < then.zeroCount ||
        [...counts].some(([index, count]) => (now.positive.get(index) ?? 0) < count);
      if (isLess) resets++;
      if (detectReset(current, earlier) !== isLess) {
        assert.unreachable(`${JSON.stringify([toPlain(current), toPlain(earlier)])} wants ${isLess}`);
      }
    }
  }
  assert.is(currents.length * previous.length, 128 * 256);
  assert.ok(resets > 1000);
});

test.run();
