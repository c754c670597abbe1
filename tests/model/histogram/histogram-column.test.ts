import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createHistogram, type Histogram, resetHints } from "../../../src/model/histogram/histogram.ts";
import { HistogramColumn } from "../../../src/model/histogram/histogram-column.ts";
import {
  histogramOf,
  type PlainHistogram,
  randomHistogram,
  toHistogram,
  toPlain,
} from "../../support/histograms.ts";
import { everySeed, type SeededRandom } from "../../support/seeded-random.ts";

const test = suite("columns of histograms");

const lent = createHistogram();

const one = histogramOf({
  zeroCount: 1,
  sum: 2,
  positive: { 1: 3, 2: 4 },
  negative: { 1: 5 },
  hint: resetHints.gauge,
});

test("a row holds what was set, and shares its layout", () => {
  const column = new HistogramColumn();
  column.set(3, one);
  assert.equal(
    [0, 1, 2, 3, 4].map((row) => column.has(row)),
    [false, false, false, true, false],
  );
  assert.equal(toPlain(column.lend(3, lent)), toPlain(one));
  assert.is(column.layoutAt(3), one.layout);
  assert.is(column.layoutAt(0), undefined);
  assert.equal([column.countAt(3), column.sumAt(3), column.hintAt(3)], [13, 2, resetHints.gauge]);
  assert.is.not(lent.buckets, one.buckets);
});

test("a row without a histogram cannot be lent", () => {
  const column = new HistogramColumn(2);
  assert.throws(() => column.lend(0, lent), /row 0 holds no histogram/);
  column.set(1, one);
  column.remove(1);
  assert.throws(() => column.lend(1, lent), /row 1/);
});

test("buckets can be written in place", () => {
  const column = new HistogramColumn(1);
  const start = column.place(5, one.layout);
  column.buckets.set([7, 8, 9], start);
  column.setNumbers(5, { count: 24, sum: 1, zeroCount: 0, resetHint: resetHints.reset });
  column.setHint(5, resetHints.notReset);
  const { schema, zeroThreshold } = one.layout;
  const expected = histogramOf({
    schema,
    zeroThreshold,
    sum: 1,
    positive: { 1: 7, 2: 8 },
    negative: { 1: 9 },
  });
  assert.equal(toPlain(column.lend(5, lent)), { ...toPlain(expected), hint: resetHints.notReset });
});

test("a row that shrinks and grows within its room keeps its place, one that outgrows it moves", () => {
  const column = new HistogramColumn(2);
  const wide = histogramOf({ positive: { 1: 1, 2: 2, 3: 3, 4: 4 } });
  const narrow = histogramOf({ positive: { 1: 9 } });
  column.set(0, wide);
  column.set(1, wide);
  const start = column.lend(0, lent).at;
  column.set(0, narrow);
  column.set(0, wide);
  assert.is(column.lend(0, lent).at, start);
  column.set(0, histogramOf({ positive: { 1: 1, 2: 2, 3: 3, 4: 4, 5: 5 } }));
  assert.is.not(column.lend(0, lent).at, start);
  assert.equal([...lent.buckets.subarray(lent.at, lent.at + 5)], [1, 2, 3, 4, 5]);
  assert.equal(toPlain(column.lend(1, lent)), toPlain(wide));
});

test("what a column lends can be set in it again", () => {
  const column = new HistogramColumn(2);
  column.set(0, one);
  for (let row = 1; row < 40; row++) column.set(row, column.lend(row - 1, lent));
  column.set(39, column.lend(39, lent));
  for (let row = 0; row < 40; row++) assert.equal(toPlain(column.lend(row, lent)), toPlain(one));
});

test("a row is copied of another column, or emptied where that is empty", () => {
  const from = new HistogramColumn(2);
  from.set(1, one);
  const to = new HistogramColumn(1);
  to.setFrom(3, from, 1);
  assert.equal(toPlain(to.lend(3, lent)), toPlain(one));
  to.setFrom(3, from, 0);
  assert.not(to.has(3));
});

test("a cleared column is empty, and uses its room again", () => {
  const column = new HistogramColumn(2);
  for (let row = 0; row < 20; row++) column.set(row, one);
  const { sizeBytes } = column;
  for (let round = 0; round < 5; round++) {
    column.clear();
    for (let row = 0; row < 20; row++) assert.not(column.has(row));
    for (let row = 0; row < 20; row++) column.set(row, one);
    assert.equal(toPlain(column.lend(19, lent)), toPlain(one));
  }
  assert.is(column.sizeBytes, sizeBytes);
});

/** One change to a column, made to an array of histograms as well. */
function change(random: SeededRandom, column: HistogramColumn, naive: (PlainHistogram | undefined)[]): void {
  const row = random.below(12);
  const kind = random.below(26);
  if (kind < 10) {
    const plain = randomHistogram(random);
    column.set(row, toHistogram(plain));
    naive[row] = plain;
  } else if (kind < 13) {
    column.remove(row);
    naive[row] = undefined;
  } else if (kind < 17) {
    const from = random.below(12);
    column.setFrom(row, column, from);
    naive[row] = naive[from];
  } else if (kind === 17) {
    const to = row + random.below(4);
    column.removeRows(row, to);
    naive.splice(row, to - row);
    while (naive.length < 12) naive.push(undefined);
  } else if (kind === 18) {
    if (naive[row] === undefined) return;
    column.setHint(row, resetHints.reset);
    naive[row] = { ...naive[row], hint: resetHints.reset };
  } else if (kind < 21) {
    const to = row + random.below(5);
    column.removeRows(row, to);
    naive.splice(row, to - row);
    while (naive.length < 12) naive.push(undefined);
  } else if (kind < 25) {
    const rows = random.below(12 - row);
    const from = new HistogramColumn();
    const pool = [randomHistogram(random), randomHistogram(random)];
    const layouts = pool.map(toHistogram);
    const at = random.below(3);
    for (let i = 0; i < at + rows; i++) {
      const k = random.chance(0.8) ? 0 : 1;
      const isThere = random.chance(0.9);
      if (isThere) from.set(i, layouts[k] as Histogram);
      if (i >= at) naive[row + i - at] = isThere ? pool[k] : undefined;
    }
    column.setRowsFrom(row, from, at, at + rows);
  } else {
    column.clear();
    naive.fill(undefined);
  }
}

test("rows that lie one after the other are copied, and others beside them", () => {
  const from = new HistogramColumn();
  const wide = histogramOf({ positive: { 1: 1, 2: 2, 3: 3, 4: 4 } });
  for (const row of [0, 1, 2, 4, 5]) from.set(row, row === 4 ? wide : one);
  from.setHint(2, resetHints.notReset);
  assert.equal([from.runEnd(0, 6), from.runEnd(0, 2), from.runEnd(3, 6), from.runEnd(4, 6)], [3, 2, 3, 5]);
  const to = new HistogramColumn(1);
  to.set(0, wide);
  to.set(4, wide);
  to.setRowsFrom(1, from, 0, 6);
  const rows = [0, 1, 2, 3, 4, 5, 6, 7].map((row) => (to.has(row) ? toPlain(to.lend(row, lent)) : undefined));
  const plain = toPlain(one);
  assert.equal(rows, [
    toPlain(wide),
    plain,
    plain,
    { ...plain, hint: resetHints.notReset },
    undefined,
    toPlain(wide),
    plain,
    undefined,
  ]);
  assert.is(to.layoutAt(1), one.layout);
});

test("by chance: a column holds what an array of histograms holds", () =>
  everySeed(60, (random) => {
    const column = new HistogramColumn(random.below(4));
    const naive: (PlainHistogram | undefined)[] = new Array(12).fill(undefined);
    for (let i = 0; i < 60; i++) {
      change(random, column, naive);
      naive.forEach((plain, row) => {
        assert.is(column.has(row), plain !== undefined);
        if (plain !== undefined) assert.equal(toPlain(column.lend(row, lent)), plain);
      });
    }
  }));

test.run();
