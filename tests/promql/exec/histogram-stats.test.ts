import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  createHistogram,
  type Histogram,
  type ResetHint,
  resetHints,
} from "../../../src/model/histogram/histogram.ts";
import { HistogramColumn } from "../../../src/model/histogram/histogram-column.ts";
import { createStatsReader } from "../../../src/promql/exec/histogram-stats.ts";
import { noLabels } from "../../../src/promql/exec/series-labels.ts";
import type { WindowGrid } from "../../../src/promql/functions/windows.ts";
import { buildPlan } from "../../../src/promql/plan/build-plan.ts";
import type { PlanNode, SelectorNode } from "../../../src/promql/plan/node.ts";
import { childrenOf } from "../../../src/promql/plan/rewrites/rewrite.ts";
import { allFeatures, parseExpr } from "../../../src/promql/syntax/parse.ts";
import type { SampleColumn } from "../../../src/store/samples.ts";
import { histogramOf } from "../../support/histograms.ts";

const test = suite("histogram stats");

function columnOf(samples: readonly (Histogram | number)[]): SampleColumn {
  const values = Float64Array.from(samples, (sample) => (typeof sample === "number" ? sample : 0));
  const histograms = new HistogramColumn();
  samples.forEach((sample, i) => {
    if (typeof sample !== "number") histograms.set(i, sample);
  });
  return {
    labels: noLabels,
    length: samples.length,
    timesMs: values.map((_, i) => 1000 * i),
    values,
    words: new Uint32Array(values.buffer),
    hasStale: false,
    histograms,
    startTimesMs: undefined,
  };
}

/** Windows that leave nothing out. */
const everything: WindowGrid = { firstEndMs: 0, stepMs: 1000, count: 100, rangeMs: 1000 };

function hintsOf(
  samples: readonly (Histogram | number)[],
  grid = everything,
): readonly (ResetHint | undefined)[] {
  const { histograms } = createStatsReader(grid)(columnOf(samples));
  return samples.map((_, i) => (histograms?.has(i) ? histograms.hintAt(i) : undefined));
}

const small = histogramOf({ positive: { 1: 1, 2: 1 } });
const large = histogramOf({ positive: { 1: 3, 2: 5 } });
/** As many observations, but fewer in one bucket. */
const shifted = histogramOf({ positive: { 1: 8 } });

test("resets are told where hints are silent", () => {
  const { unknown, reset, notReset, gauge } = resetHints;
  assert.equal(hintsOf([small, large, shifted, small]), [unknown, notReset, reset, reset]);
  assert.equal(hintsOf([small, 7, large, 8, small]), [unknown, undefined, notReset, undefined, reset]);
  assert.equal(hintsOf([{ ...large, resetHint: gauge }, { ...small, resetHint: gauge }, large]), [
    gauge,
    gauge,
    notReset,
  ]);
  assert.equal(
    hintsOf([
      { ...large, resetHint: notReset },
      { ...large, resetHint: reset },
      { ...small, resetHint: notReset },
    ]),
    [notReset, reset, notReset],
  );
});

test("what lies between windows is not known, where upstream leaps over it", () => {
  const { unknown, notReset } = resetHints;
  const samples = Array.from({ length: 10 }, () => small);
  const known = [unknown, ...Array.from({ length: 9 }, () => notReset)];
  const withUnknown = (...at: readonly number[]) => known.map((hint, i) => (at.includes(i) ? unknown : hint));
  const grid = { firstEndMs: 1000, stepMs: 4000, count: 3, rangeMs: 2000 };
  // Windows (−1, 1], (3, 5], (7, 9]; sought is from 3 and 7 on.
  assert.equal(hintsOf(samples, grid), withUnknown(3, 7));
  assert.equal(hintsOf(samples, { ...grid, count: 2 }), withUnknown(3));
  // Between 1 and 2 there is no sample but the one at 1, where the iterator stands.
  assert.equal(hintsOf(samples, { ...grid, stepMs: 3000 }), withUnknown(2, 5));
  assert.equal(hintsOf(samples, { ...grid, rangeMs: 4000 }), known);
  assert.equal(hintsOf(samples, { ...grid, stepMs: 0 }), known);
});

test("schema, count and sum stay, and nothing else", () => {
  const custom = histogramOf({ customValues: [1, 2], positive: { 0: 4, 2: 1 }, sum: 9 });
  const wide = histogramOf({ schema: 2, zeroThreshold: 0.5, zeroCount: 3, positive: { 1: 1 }, sum: -2 });
  const column = columnOf([custom, wide, { ...wide }]);
  const { histograms } = createStatsReader(everything)(column);
  const lent = createHistogram();
  assert.ok(histograms);
  const first = { ...histograms.lend(0, lent) };
  assert.equal([first.layout.schema, first.count, first.sum, first.zeroCount], [-53, 5, 9, 0]);
  assert.is(first.layout.customValues.length + first.layout.positive.length, 0);
  const second = { ...histograms.lend(1, lent) };
  assert.equal([second.layout.schema, second.count, second.sum, second.zeroCount], [2, 4, -2, 0]);
  assert.is(histograms.lend(2, lent).layout, second.layout);
  assert.is(column.histograms?.lend(1, lent).zeroCount, 3, "the source is left as it was");
});

test("a series of floats is passed on as it is", () => {
  const column = { ...columnOf([1, 2]), histograms: undefined };
  assert.is(createStatsReader(everything)(column), column);
});

function selectorsOf(node: PlanNode): readonly SelectorNode[] {
  if (node.kind === "selector") return [node];
  if (node.kind === "matrix") return [node.selector];
  return childrenOf(node).flatMap(selectorsOf);
}

test("buckets are read where anything on the way up needs them", () => {
  const times = { startMs: 0, endMs: 60_000, stepMs: 60_000, defaultSubqueryStepMs: 60_000 };
  const expected: Readonly<Record<string, readonly boolean[]>> = {
    h: [false],
    "histogram_count(h)": [true],
    "histogram_sum(sum by (a) (rate(h[5m])))": [true],
    "histogram_avg(h) + histogram_quantile(0.5, h)": [true, false],
    "histogram_quantile(0.5, histogram_count(h))": [false],
    "histogram_fraction(0, 1, h)": [false],
    "histogram_count(histogram_quantile(0.5, h))": [false],
    "histogram_count(rate(h[5m:1m]))": [false],
    "sum_over_time(histogram_count(h)[5m:1m])": [false],
    "histogram_count(h </ 3)": [false],
    "histogram_count(h + g)": [true, true],
    "histogram_count(h) </ 3": [false],
    "histogram_stddev(h)": [false],
    'histogram_quantiles(histogram_sum(h), "q", 0.5)': [false],
  };
  for (const [text, wants] of Object.entries(expected)) {
    const plan = buildPlan(parseExpr(text, allFeatures), times);
    const got = selectorsOf(plan).map(({ statsOnly }) => statsOnly);
    assert.equal(got, wants, text);
  }
});

test.run();
