import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  kahanAddRows,
  kahanAddToRow,
  setScaledDifference,
} from "../../../src/model/histogram/column-sums.ts";
import { addsByBucket, combined, kahanAddTo, subtractFrom } from "../../../src/model/histogram/combine.ts";
import {
  bucketCount,
  copyHistogram,
  createHistogram,
  giveRoom,
  type Histogram,
  resetHints,
} from "../../../src/model/histogram/histogram.ts";
import { HistogramColumn } from "../../../src/model/histogram/histogram-column.ts";
import { multiply } from "../../../src/model/histogram/scale.ts";
import {
  histogramOf,
  randomHistogram,
  toHistogram,
  toLentHistogram,
  toPlain,
} from "../../support/histograms.ts";
import { everySeed, type SeededRandom } from "../../support/seeded-random.ts";

const test = suite("sums of histograms in columns");

const lent = createHistogram();

test("rows of the same buckets are added to where they lie", () => {
  const sums = new HistogramColumn(2);
  const losses = new HistogramColumn(2);
  const one = histogramOf({ zeroCount: 1, count: 100, sum: 2, positive: { 1: 1e16, 3: 4 } });
  sums.set(0, one);
  sums.set(1, one);
  kahanAddToRow(sums, losses, 1, histogramOf({ positive: { 1: 1, 3: 1 } }));
  const { buckets } = sums;
  for (let i = 0; i < 3; i++) kahanAddToRow(sums, losses, 1, histogramOf({ positive: { 3: 1 } }));
  assert.is(sums.buckets, buckets);
  assert.equal(toPlain(sums.lend(0, lent)), toPlain(one));
  assert.equal(
    toPlain(sums.lend(1, lent)),
    toPlain(histogramOf({ zeroCount: 1, sum: 2, count: 105, positive: { 1: 1e16, 3: 8 } })),
  );
  assert.is(losses.lend(1, lent).buckets[lent.at], 1);
  assert.not(losses.has(0));
});

test("rows stay as they are where buckets do not go together", () => {
  const sums = new HistogramColumn(1);
  const losses = new HistogramColumn(1);
  const one = histogramOf({ positive: { 1: 1 } });
  sums.set(0, one);
  const custom = histogramOf({ customValues: [1], positive: { 0: 1 } });
  assert.is(kahanAddToRow(sums, losses, 0, custom), combined.incompatible);
  assert.equal(toPlain(sums.lend(0, lent)), toPlain(one));
  assert.not(losses.has(0));
});

test("by chance: rows come out as histograms that are added one by one", () =>
  everySeed(100, (random) => {
    const rows = 3;
    const sums = new HistogramColumn(rows);
    const losses = new HistogramColumn(rows);
    const kind = random.chance(0.3) ? "custom" : "exponential";
    const pool = Array.from({ length: 4 }, () => randomHistogram(random, kind));
    const pick = () => random.oneOf(pool);
    const layouts = pool.map((plain) => toLentHistogram(plain));
    const sharesLayouts = random.chance(0.5);
    const expected: { sum: Histogram; lost: Histogram }[] = [];
    for (let row = 0; row < rows; row++) {
      const first = createHistogram();
      copyHistogram(sharesLayouts ? random.oneOf(layouts) : toHistogram(pick()), first);
      sums.set(row, first);
      expected.push({ sum: first, lost: createHistogram() });
    }
    for (let i = 0; i < 20; i++) {
      const row = random.below(rows);
      const other = random.oneOf(layouts);
      const { sum, lost } = expected[row] as { sum: Histogram; lost: Histogram };
      assert.is(kahanAddToRow(sums, losses, row, other), kahanAddTo(sum, lost, other));
    }
    expected.forEach(({ sum, lost }, row) => {
      assert.equal(toPlain(sums.lend(row, lent)), toPlain(sum));
      if (losses.has(row)) assert.equal(toPlain(losses.lend(row, lent)), toPlain(lost));
    });
    const copy = createHistogram();
    copyHistogram(layouts[0] as Histogram, copy);
    assert.equal(toPlain(copy), pool[0], "operands are left alone");
  }));

test("by chance: rows that are added at once come out as rows that are added one by one", async () => {
  let atOnce = 0;
  await everySeed(150, (random) => {
    const rows = 6;
    const kind = random.chance(0.3) ? "custom" : "exponential";
    const pool = Array.from({ length: 2 }, () => toHistogram(randomHistogram(random, kind)));
    const column = () => {
      const made = new HistogramColumn();
      for (let row = 0; row < rows; row++) if (random.chance(0.95)) made.set(row, varied());
      return made;
    };
    const varied = () => {
      const { layout, resetHint } = pool[random.chance(0.85) ? 0 : 1] as Histogram;
      const histogram = createHistogram();
      giveRoom(histogram, layout);
      histogram.resetHint = random.chance(0.9) ? resetHint : resetHints.gauge;
      for (const key of ["count", "sum", "zeroCount"] as const) histogram[key] = odd(random);
      for (let i = 0; i < bucketCount(layout); i++) histogram.buckets[i] = odd(random);
      return histogram;
    };
    const sums = column();
    const losses = new HistogramColumn();
    const naive = new HistogramColumn();
    const naiveLosses = new HistogramColumn();
    for (let row = 0; row < rows; row++) naive.setFrom(row, sums, row);
    for (let i = random.below(5); i < 6; i++) {
      const others = column();
      for (let row = 0; row < rows; row++) {
        if (!sums.has(row) || !others.has(row)) continue;
        const end = kahanAddRows(sums, losses, others, { row, to: rows });
        atOnce += Math.max(0, end - row - 1);
        if (end === row) kahanAddToRow(sums, losses, row, others.lend(row, lent));
        for (let at = row; at < Math.max(end, row + 1); at++)
          kahanAddToRow(naive, naiveLosses, at, others.lend(at, lent));
        if (end > row) row = end - 1;
      }
    }
    const rowsOf = (of: HistogramColumn) =>
      Array.from({ length: rows }, (_, row) => (of.has(row) ? toPlain(of.lend(row, lent)) : undefined));
    assert.equal(rowsOf(sums), rowsOf(naive));
    assert.equal(rowsOf(losses), rowsOf(naiveLosses));
    for (let row = 0; row < rows; row++)
      if (sums.has(row)) assert.ok(Object.is(sums.zeroCountAt(row), naive.zeroCountAt(row)));
  });
  assert.ok(atOnce > 50, `${atOnce} rows were added with others`);
});

/** A number in whose sums something is lost, or a zero of either sign. */
function odd(random: SeededRandom): number {
  return random.oneOf([-0, -0, -0, 0, 1, 0.1, 1e16, -1e16, 3, Number.MAX_VALUE]);
}

test("by chance: a scaled difference is a subtraction and a multiplication", () =>
  everySeed(100, (random) => {
    const from = new HistogramColumn();
    const last = toHistogram(randomHistogram(random, random.chance(0.3) ? "custom" : "exponential"));
    if (!addsByBucket(last.layout)) return;
    from.set(3, last);
    const first = createHistogram();
    copyHistogram(last, first);
    for (const key of ["count", "sum", "zeroCount"] as const) first[key] = random.below(9);
    for (let i = 0; i < bucketCount(last.layout); i++) first.buckets[i] = random.below(9);
    from.set(1, first);
    const factor = random.oneOf([1, 0.3, -2, 0]);
    const into = new HistogramColumn();
    setScaledDifference(into, 2, from, { first: 1, last: 3, factor });
    const expected = createHistogram();
    copyHistogram(last, expected);
    subtractFrom(expected, first);
    multiply(expected, factor);
    assert.is(into.layoutAt(2), last.layout);
    assert.equal(toPlain(into.lend(2, lent)), { ...toPlain(expected), hint: resetHints.gauge });
  }));

test("no row is added where none is asked for", () => {
  const [sums, losses, others] = [new HistogramColumn(1), new HistogramColumn(1), new HistogramColumn(1)];
  const one = histogramOf({ count: 4, sum: 2, positive: { 1: 4 } });
  others.set(0, one);
  sums.set(0, others.lend(0, lent));
  kahanAddToRow(sums, losses, 0, others.lend(0, lent));
  assert.is(sums.countAt(0), 8);
  assert.is(kahanAddRows(sums, losses, others, { row: 0, to: 0 }), 0);
  assert.is(sums.countAt(0), 8);
  assert.is(kahanAddRows(sums, losses, others, { row: 0, to: 1 }), 1);
  assert.is(sums.countAt(0), 12);
});

test.run();
