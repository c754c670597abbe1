import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Histogram } from "../../../src/model/histogram/histogram.ts";
import { quantileOfHistogram } from "../../../src/model/histogram/quantile.ts";
import { createHistogramCall } from "../../../src/promql/exec/histogram-call.ts";
import { histogramQuantiles } from "../../../src/promql/exec/histogram-functions.ts";
import { bucketQuantile, createMending } from "../../../src/promql/functions/classic-histogram.ts";
import { formatOpenMetrics } from "../../../src/promql/functions/format-float.ts";
import { columnOf, type Entry, entriesOf, operatorOf, pullAll } from "../../support/columns.ts";
import { histogramOf } from "../../support/histograms.ts";
import { everySeed, type SeededRandom } from "../../support/seeded-random.ts";
import { createTestRun } from "../../support/test-run.ts";

const test = suite("functions of histograms");

const at = { start: 0, end: 0 };
const bounds = ["1", "2", "+Inf"] as const;

interface Data {
  /** By pod, the counts of each bound. */
  readonly classic: ReadonlyMap<string, readonly (readonly (number | undefined)[])[]>;
  readonly native: ReadonlyMap<string, readonly (Histogram | undefined)[]>;
}

function randomData(random: SeededRandom, steps: number): Data {
  const rows = <T>(make: () => T) =>
    Array.from({ length: steps }, () => (random.chance(0.4) ? undefined : make()));
  const pods = ["a", "b", "c"];
  return {
    classic: new Map(
      pods
        .filter(() => random.chance(0.7))
        .map((pod) => [pod, bounds.map((_, i) => rows(() => 5 * i + random.below(8)))]),
    ),
    native: new Map(
      pods
        .filter(() => random.chance(0.7))
        .map((pod) => [
          pod,
          rows(() => histogramOf({ positive: { 0: random.below(4), 1: 1 + random.below(4) }, sum: 3 })),
        ]),
    ),
  };
}

/** Of each series by its labels, the values by step. */
type Answers = Map<string, (number | undefined)[]>;

function put(answers: Answers, key: string, step: number, value: number, steps: number): void {
  const row = answers.get(key) ?? new Array<number | undefined>(steps).fill(undefined);
  assert.is(row[step], undefined, `${key} has one value at ${step}`);
  row[step] = value;
  answers.set(key, row);
}

function naive(data: Data, phis: readonly (readonly number[])[], steps: number): Answers {
  const answers: Answers = new Map();
  for (const pod of new Set([...data.classic.keys(), ...data.native.keys()])) {
    for (let k = 0; k < steps; k++) {
      const buckets = (data.classic.get(pod) ?? []).flatMap((counts, i) => {
        const count = counts[k];
        return count === undefined ? [] : [{ bound: i === 2 ? Infinity : i + 1, count }];
      });
      const histogram = data.native.get(pod)?.[k];
      if (buckets.length > 0 && histogram !== undefined) continue;
      if (buckets.length === 0 && histogram === undefined) continue;
      for (const phi of phis) {
        const value =
          histogram !== undefined
            ? quantileOfHistogram(phi[k] as number, histogram)
            : bucketQuantile(
                phi[k] as number,
                {
                  length: buckets.length,
                  bounds: Float64Array.from(buckets, ({ bound }) => bound),
                  counts: Float64Array.from(buckets, ({ count }) => count),
                },
                createMending(),
              );
        put(answers, `${pod} ${formatOpenMetrics(phi[k] as number)}`, k, value, steps);
      }
    }
  }
  return answers;
}

test("classic and native histograms have their quantiles, and none where they share a step", async () => {
  await everySeed(200, async (random) => {
    const steps = 1 + random.below(6);
    const data = randomData(random, steps);
    const shared = random.oneOf([0.25, 0.5]);
    const phis = [
      new Array(steps).fill(shared),
      Array.from({ length: steps }, () => random.oneOf([0.75, 0.9, 1, 2])),
    ];
    const columns = [
      ...[...data.classic].flatMap(([pod, rows]) =>
        rows.map((row, i) => columnOf(row, { pod, le: bounds[i] as string })),
      ),
      ...[...data.native].map(([pod, row]) => columnOf(row, { pod })),
    ].filter(({ count }) => count > 0);
    const run = createTestRun();
    const operator = createHistogramCall(run, {
      input: operatorOf(columns),
      params: phis.map((phi) => ({ read: () => Float64Array.from(phi) })),
      func: histogramQuantiles(run, { vector: at, params: [at, at] }, "q"),
      span: {
        grid: { startMs: 0, stepMs: 1000, count: steps },
        endMs: 0,
        hint: { minMs: 0, maxMs: 0 },
        hintStepMs: 0,
      },
      vector: at,
      sorted: false,
    });
    const got: Answers = new Map();
    await pullAll(operator, (column) => {
      const key = `${column.labels.get("pod")} ${column.labels.get("q")}`;
      assert.not(got.has(key), `${key} comes once`);
      got.set(key, entriesOf(column) as (number | undefined)[]);
    });
    const want = naive(data, phis, steps);
    assert.equal([...got.keys()].sort(), [...want.keys()].sort());
    for (const [key, row] of want) assert.equal(got.get(key), row, key);
    const conflict = [...data.native].some(([pod, row]) =>
      row.some(
        (one, k) => one !== undefined && data.classic.get(pod)?.some((counts) => counts[k] !== undefined),
      ),
    );
    const warned = run.annotations().warnings.some((text) => text.includes("mix of classic and native"));
    assert.is(warned, conflict);
  });
});

test("without a label the answers of a histogram are one series, however the quantile changes", async () => {
  const run = createTestRun();
  const entries: Entry[] = [1, 2, 3];
  const operator = createHistogramCall(run, {
    input: operatorOf([columnOf(entries, { le: "1" }), columnOf(entries, { le: "+Inf" })]),
    params: [{ read: () => Float64Array.of(0.25, 0.5, 0.75) }],
    func: histogramQuantiles(run, { vector: at, params: [at] }, undefined),
    span: {
      grid: { startMs: 0, stepMs: 1000, count: 3 },
      endMs: 0,
      hint: { minMs: 0, maxMs: 0 },
      hintStepMs: 0,
    },
    vector: at,
    sorted: false,
  });
  assert.equal(await pullAll(operator, entriesOf), [[0.25, 0.5, 0.75]]);
});

test("what was mended is told for all steps together, with their times", async () => {
  const run = createTestRun();
  const operator = createHistogramCall(run, {
    input: operatorOf([
      columnOf([4, 1, 9], { le: "1" }),
      columnOf([1, 2, 2], { le: "2" }),
      columnOf([5, 5, 9], { le: "+Inf" }),
    ]),
    params: [{ read: () => Float64Array.of(0.5, 0.5, 0.5) }],
    func: histogramQuantiles(run, { vector: at, params: [at] }, undefined),
    span: {
      grid: { startMs: 60_000, stepMs: 30_000, count: 3 },
      endMs: 120_000,
      hint: { minMs: 0, maxMs: 0 },
      hintStepMs: 0,
    },
    vector: at,
    sorted: false,
  });
  await pullAll(operator, entriesOf);
  const [info] = run.annotations().infos;
  assert.match(
    info ?? "",
    /, from buckets 2 to 2, with a max diff of 7, over 2 samples from 1970-01-01T00:01:00Z to 1970-01-01T00:02:00Z$/,
  );
});

test.run();
