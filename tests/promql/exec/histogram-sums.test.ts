import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Histogram, resetHints } from "../../../src/model/histogram/histogram.ts";
import { createAggregate } from "../../../src/promql/exec/aggregate.ts";
import { createGrouping } from "../../../src/promql/exec/grouping.ts";
import type { Column } from "../../../src/promql/exec/operator.ts";
import type { Run } from "../../../src/promql/exec/run.ts";
import { foldedAggregates } from "../../../src/promql/functions/accumulators.ts";
import { columnOf, type Entry, entriesOf, operatorOf, pullAll } from "../../support/columns.ts";
import { everyCase } from "../../support/every-case.ts";
import { histogramOf, type PlainHistogram } from "../../support/histograms.ts";
import { everySeed, type SeededRandom } from "../../support/seeded-random.ts";
import { createTestRun } from "../../support/test-run.ts";

const test = suite("sums of histograms");

/** What a sum or an average over one group answers, step by step. */
async function aggregated(run: Run, op: "sum" | "avg", columns: readonly Column[], steps: number) {
  const accumulator = foldedAggregates.get(op);
  if (accumulator === undefined) throw new Error(`no ${op}`);
  const operator = createAggregate(run, {
    input: operatorOf(columns),
    grouping: createGrouping([], false),
    accumulator,
    steps,
    names: "none",
    histograms: { sumsOf: op },
    span: { start: 0, end: 0 },
    sorted: false,
  });
  const [answer, ...more] = await pullAll(operator, entriesOf);
  assert.is(more.length, 0);
  return answer ?? new Array(steps).fill(undefined);
}

const mixed = "PromQL warning: encountered a mix of histograms and floats for aggregation";
const schemas =
  'PromQL warning: vector contains a mix of histograms with exponential and custom buckets schemas for metric name "m"';
const resets = "PromQL warning: conflicting counter resets during histogram aggregation";
const reconciled = "PromQL info: mismatched custom buckets were reconciled during aggregation";

const hints = resetHints;
const exponential = (hint: Histogram["resetHint"]) => histogramOf({ positive: { 1: 2 }, sum: 3, hint });
const kinds: Readonly<Record<string, () => Entry>> = {
  nothing: () => undefined,
  float: () => 5,
  plain: () => exponential(hints.unknown),
  reset: () => exponential(hints.reset),
  notReset: () => exponential(hints.notReset),
  gauge: () => exponential(hints.gauge),
  custom: () => histogramOf({ customValues: [1, 2], positive: { 0: 2 }, sum: 3 }),
  otherBounds: () => histogramOf({ customValues: [1], positive: { 0: 2 }, sum: 3 }),
};
const kindNames = Object.keys(kinds);

/** As upstream goes through the samples of a step, in words: what comes out, and what is said. */
function naiveStep(seen: readonly string[]): { readonly answer: string; readonly notes: readonly string[] } {
  const samples = seen.filter((kind) => kind !== "nothing");
  const notes = new Set<string>();
  const [first] = samples;
  if (first === undefined) return { answer: "nothing", notes: [] };
  const isCustom = (kind: string) => kind === "custom" || kind === "otherBounds";
  let bounds = first;
  let floats = first === "float";
  let histograms = first !== "float";
  let reset = first === "reset";
  let notReset = first === "notReset";
  for (const kind of samples.slice(1)) {
    if (kind === "float") {
      floats = true;
      continue;
    }
    histograms = true;
    if (first === "float") continue;
    reset ||= kind === "reset";
    notReset ||= kind === "notReset";
    if (isCustom(first) !== isCustom(kind)) {
      notes.add(schemas);
      return {
        answer: "nothing",
        notes: floats ? [...notes, mixed] : [...notes],
      };
    }
    if (isCustom(kind) && kind !== bounds) {
      notes.add(reconciled);
      bounds = "otherBounds";
    }
  }
  if (floats && histograms) return { answer: "nothing", notes: [...notes, mixed] };
  if (floats) return { answer: "float", notes: [...notes] };
  if (reset && notReset) notes.add(resets);
  return { answer: "histogram", notes: [...notes] };
}

/** Gauges make gauges, and what disagrees makes nothing known. */
function naiveHint(seen: readonly string[]): number {
  const samples = seen.filter((kind) => kind !== "nothing");
  if (samples.includes("gauge")) return hints.gauge;
  if (samples.every((kind) => kind === "reset")) return hints.reset;
  return samples.every((kind) => kind === "notReset") ? hints.notReset : hints.unknown;
}

test("every group of up to three samples of all kinds has the answer and the notes of upstream", async () => {
  for (const pick of everyCase()) {
    const seen = [0, 1, 2].map(() => kindNames[pick(kindNames.length)] as string);
    for (const op of ["sum", "avg"] as const) {
      const run = createTestRun();
      const columns = seen.map((kind) => columnOf([kinds[kind]?.()], { __name__: "m" }));
      const used = columns.filter(({ count }) => count > 0);
      const [answer] = await aggregated(run, op, used, 1);
      const want = naiveStep(seen);
      const what = `${op} of ${seen.join(", ")}`;
      const samples = seen.filter((kind) => kind !== "nothing").length;
      if (want.answer === "nothing") assert.is(answer, undefined, what);
      else if (want.answer === "float") assert.is(answer, op === "sum" ? 5 * samples : 5, what);
      else {
        assert.type(answer, "object", what);
        const { count, sum, hint } = answer as PlainHistogram;
        assert.equal([count, sum], op === "sum" ? [2 * samples, 3 * samples] : [2, 3], what);
        assert.is(hint, naiveHint(seen), what);
      }
      const { warnings, infos } = run.annotations();
      assert.equal([...warnings, ...infos].sort(), [...want.notes].sort(), what);
    }
  }
});

/** Counts that are whole numbers, so that sums are exact. */
function randomEntry(random: SeededRandom, custom: boolean): Entry {
  const pick = random.next();
  if (pick < 0.2) return undefined;
  if (pick < 0.25) return random.below(100);
  const indexes = [0, 1, 2, 3, 4].filter(() => random.chance(0.5));
  const positive = Object.fromEntries(indexes.map((i) => [i, random.below(9)]));
  const sum = random.below(50);
  if (custom) return histogramOf({ customValues: [1, 2, 3, 4], positive, sum });
  const schema = random.below(3);
  const negative = random.chance(0.3) ? { 1: random.below(5) } : {};
  return histogramOf({ schema, positive, negative, sum, zeroThreshold: 1e-9, zeroCount: random.below(4) });
}

/** Buckets with observations by index, at schema 0 where they are exponential. */
function bucketsAtZero(histogram: PlainHistogram): Map<string, number> {
  const { schema, positive, negative, buckets, zeroCount } = histogram;
  const out = new Map<string, number>();
  const add = (key: string, count: number) => {
    if (count !== 0) out.set(key, (out.get(key) ?? 0) + count);
  };
  const at = (index: number) => (schema < 0 ? index : Math.ceil(index / 2 ** schema));
  positive.forEach((index, i) => {
    add(`+${at(index)}`, Number(buckets[i]));
  });
  negative.forEach((index, i) => {
    add(`-${at(index)}`, Number(buckets[positive.length + i]));
  });
  add("zero", Number(zeroCount));
  return new Map([...out].sort(([a], [b]) => (a < b ? -1 : 1)));
}

test("random groups add up as their buckets do, and nothing of one step gets into another", async () => {
  await everySeed(150, async (random) => {
    const custom = random.chance(0.3);
    const steps = 1 + random.below(8);
    const entries = Array.from({ length: 1 + random.below(6) }, () =>
      Array.from({ length: steps }, () => randomEntry(random, custom)),
    );
    const columns = () => entries.map((row) => columnOf(row)).filter(({ count }) => count > 0);
    for (const op of ["sum", "avg"] as const) {
      const answers = await aggregated(createTestRun(), op, columns(), steps);
      answers.forEach((answer, k) => {
        const samples = entries.flatMap((row) => (row[k] === undefined ? [] : [row[k] as Entry]));
        const histograms = samples.filter((entry) => typeof entry === "object");
        if (samples.length === 0 || (histograms.length > 0 && histograms.length < samples.length)) {
          assert.is(answer, undefined, `step ${k}`);
          return;
        }
        if (histograms.length === 0) {
          assert.type(answer, "number");
          return;
        }
        const divisor = op === "sum" ? 1 : samples.length;
        const sum = histograms.reduce((total, { sum: one }) => total + one, 0);
        const got = answer as PlainHistogram;
        assert.ok(Math.abs(Number(got.sum) * divisor - sum) < 1e-9, `sum at ${k}`);
        const whole = new Map<string, number>();
        for (const one of histograms) {
          for (const [key, count] of bucketsAtZero(plain(one))) whole.set(key, (whole.get(key) ?? 0) + count);
        }
        const mine = bucketsAtZero(got);
        assert.equal([...mine.keys()], [...whole.keys()].sort(), `buckets at ${k}`);
        for (const [key, count] of mine) {
          assert.ok(Math.abs(count * divisor - (whole.get(key) ?? 0)) < 1e-9, `bucket ${key} at ${k}`);
        }
        assert.equal(
          got.positive.filter((_, i) => Number(got.buckets[i]) === 0),
          [],
          "empty buckets go",
        );
      });
    }
  });
});

function plain({ layout, buckets, ...rest }: Histogram): PlainHistogram {
  return {
    ...rest,
    schema: layout.schema,
    zeroThreshold: layout.zeroThreshold,
    hint: rest.resetHint,
    positive: [...layout.positive],
    negative: [...layout.negative],
    buckets: [...buckets],
    customValues: [...layout.customValues],
  };
}

test("histograms that are held count as upstream sizes them", async () => {
  const wide = () =>
    histogramOf({ positive: Object.fromEntries(Array.from({ length: 100 }, (_, i) => [i, 1])) });
  const columns = () => [columnOf([wide(), wide()]), columnOf([wide(), wide()])];
  // Two steps of 1, two histograms of (168 + 8 × 101 + 8) / 16.
  await aggregated(createTestRun({ maxSamples: 2 + 2 * 61 }), "sum", columns(), 2);
  try {
    await aggregated(createTestRun({ maxSamples: 1 + 2 * 61 }), "sum", columns(), 2);
    assert.unreachable("has to fail");
  } catch (error) {
    assert.match(String(error), "too many samples");
  }
});

test.run();
