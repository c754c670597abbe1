import { suite } from "uvu";
import * as assert from "uvu/assert";
import { GatewayError, messageOf } from "../../../src/lib/errors.ts";
import { createHistogram } from "../../../src/model/histogram/histogram.ts";
import { formatLabels } from "../../../src/model/labels.ts";
import type { Engine, EngineOptions, QueryResult } from "../../../src/promql/engine.ts";
import { createEngine } from "../../../src/promql/exec/create-engine.ts";
import { rewrites } from "../../../src/promql/plan/rewrites/rewrites.ts";
import { printExpr } from "../../../src/promql/syntax/printer.ts";
import { yieldToLoop } from "../../../src/runtime/clock.ts";
import type { Selectable } from "../../../src/store/samples.ts";
import type { Store } from "../../../src/store/store.ts";
import { describeHistogram } from "../../conformance/histogram-notation.ts";
import { loadSeries } from "../../conformance/load-series.ts";
import { createReplicatedSource } from "../../conformance/replicated-source.ts";
import { parseScript } from "../../conformance/script.ts";
import { createMemorySelectable } from "../../support/memory-selectable.ts";
import { createPromqlGenerator, type PromqlGeneratorOptions } from "../../support/promql-generator.ts";
import { createTestContext } from "../../support/query-context.ts";
import { everySeed, type SeededRandom } from "../../support/seeded-random.ts";

const test = suite("properties of evaluation");

const script = `load 30s
  up{job="a", instance="1"} 1x40
  up{job="a", instance="2"} 1x10 0x10 _x5 1x15
  up{job="b", instance="1"} 1x20 stale 1x20
  hits_total{job="a", instance="1"} 0+5x40
  hits_total{job="a", instance="2"} 0+7x20 0+2x20
  hits_total{job="b", instance="1"} 3+1x15 _x10 40+2x15
  load{job="a", instance="1"} 1 3 2 -5 NaN 7 1e300 -Inf 2+1x30
  seconds_bucket{job="a", instance="1", le="1"} 0+1x40
  seconds_bucket{job="a", instance="1", le="5"} 0+3x40
  seconds_bucket{job="a", instance="1", le="+Inf"} 0+4x40
  native{job="a", instance="1"} {{schema:1 count:4 sum:5 z_bucket:1 z_bucket_w:0.1 buckets:[1 2]}}+{{schema:1 count:2 sum:3 buckets:[1 0 1]}}x30
  native{job="b", instance="1"} {{schema:0 count:2 sum:1 buckets:[2]}}x10 _x5 {{schema:0 count:1 sum:1 buckets:[1]}}x10 4x5
`;

const base: EngineOptions = {
  lookbackDeltaMs: 300_000,
  defaultSubqueryStepMs: 60_000,
  maxSamples: 5_000_000,
  features: new Set([
    "promql-experimental-functions",
    "promql-extended-range-selectors",
    "promql-binop-fill-modifiers",
  ]),
  delayedNameRemoval: false,
};

function createData(): Selectable {
  const series = createMemorySelectable();
  for (const command of parseScript(script)) if (command.kind === "load") loadSeries(series, command);
  return { replicaLabels: [], select: series.select };
}

function generatorOptions(random: SeededRandom, leaveOut: readonly string[]): PromqlGeneratorOptions {
  return {
    random,
    metrics: ["up", "hits_total", "load", "seconds_bucket", "native", "absent_metric"],
    labels: { job: ["a", "b", ""], instance: ["1", "2"], le: ["1", "5"] },
    leaveOut: new Set(leaveOut),
    rangesMs: [60_000, 300_000, 95_000],
    stepsMs: [0, 30_000, 50_000],
    offsetsMs: [60_000, -60_000],
    timesMs: [0, 600_000, 1_150_500],
  };
}

/** An answer as lines that are equal where the answers are; vectors that need no order are sorted. */
async function linesOf(result: QueryResult): Promise<readonly string[]> {
  const lines: string[] = [];
  const lent = createHistogram();
  try {
    for (let column = await result.next(); column !== undefined; column = await result.next()) {
      const { present, histograms, values, timesMs } = column;
      for (let i = 0; i < column.length; i++) {
        if (present !== undefined && present[i] !== 1) continue;
        const value = histograms?.has(i) ? describeHistogram(histograms.lend(i, lent)) : String(values[i]);
        const timeMs = timesMs?.[i] ?? result.grid.startMs + i * result.grid.stepMs;
        lines.push(`${formatLabels(column.labels.all())} ${timeMs} ${value}`);
      }
    }
  } finally {
    await result.close();
  }
  return lines.sort();
}

type Answer = { readonly lines: readonly string[] } | { readonly error: string };

async function answerOf(start: () => QueryResult): Promise<Answer> {
  try {
    return { lines: await linesOf(start()) };
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return { error: messageOf(error) };
  }
}

function answers(engine: Engine, data: Selectable, text: string): Promise<readonly Answer[]> {
  const grid = { startMs: 300_000, endMs: 1_290_000, stepMs: 45_000 };
  return Promise.all([
    answerOf(() => engine.prepare(text).instant(createTestContext(), data, { timeMs: 630_000 })),
    answerOf(() => engine.prepare(text).range(createTestContext(), data, grid)),
  ]);
}

const fragments = [
  "sum(up)",
  "sum by (job) (hits_total)",
  "sum by (job) (hits_total @ 600)",
  'hits_total{job="a"}',
  "up",
  'rate(hits_total{instance="1"}[5m])',
  "(vector(1) == 2)",
  "(vector(1) == 1)",
  "vector(2 * 3)",
  "topk(0, up)",
  "max_over_time(sum(up)[3m:50s])",
  "sum(native)",
];

/** Queries that rewrites have something to do with: few parts, put together again and again. */
function repetitive(random: SeededRandom, depth: number): string {
  if (depth === 0 || random.chance(0.15)) return random.oneOf(fragments);
  const inner = () => repetitive(random, depth - 1);
  switch (random.below(6)) {
    case 0:
      return `sum by (instance) (${inner()})`;
    case 1:
      return `min_over_time((${inner()})[2m:45s])`;
    case 2:
      return `-(${inner()})`;
    default: {
      const op = random.oneOf(["+", "/", ">", "and", "or", "unless", "or on ()", "and on ()"]);
      return `(${inner()}) ${op} (${inner()})`;
    }
  }
}

const telling = [
  'hits_total{job="a"} or up',
  'hits_total{job="a"} and on (instance) up{job="b"}',
  'up unless hits_total{job="a"}',
  "sum(up) / -sum(up)",
  "-sum(hits_total) + sum(hits_total) - sum(hits_total)",
  "abs(sum(up)) + sum(up) * abs(sum(up))",
];

test("no rewrite of a plan changes an answer", async () => {
  const data = createData();
  const all = rewrites.map(({ name }) => name);
  const plain = createEngine({ ...base, disabledRewrites: new Set(all) });
  const engines = [
    createEngine(base),
    ...all.map((name) => createEngine({ ...base, disabledRewrites: new Set([name]) })),
  ];
  let compared = 0;
  await everySeed(400, async (random) => {
    const text =
      telling[random.seed - 1] ??
      (random.seed % 2 === 0
        ? repetitive(random, 3)
        : printExpr(createPromqlGenerator(generatorOptions(random, [])).vector(4)));
    const want = await answers(plain, data, text);
    for (const engine of engines) {
      for (const [i, got] of (await answers(engine, data, text)).entries()) {
        const wanted = want[i] as Answer;
        // What is left out as dead does not fail either.
        if ("error" in wanted) continue;
        assert.equal(got, wanted, text);
        compared++;
      }
    }
  });
  assert.ok(compared > 1000, `only ${compared} answers were compared`);
});

test("a range query in two parts answers what it answers whole", async () => {
  const data = createData();
  const engine = createEngine(base);
  const dependsOnRange = ["start", "end", "range", "step", "@", "duration-expression"];
  let compared = 0;
  await everySeed(300, async (random) => {
    const text = printExpr(createPromqlGenerator(generatorOptions(random, dependsOnRange)).vector(3));
    const part = (startMs: number, endMs: number) =>
      answerOf(() =>
        engine.prepare(text).range(createTestContext(), data, { startMs, endMs, stepMs: 45_000 }),
      );
    const whole = await part(300_000, 1_290_000);
    const first = await part(300_000, 750_000);
    const second = await part(795_000, 1_290_000);
    if ("error" in whole || "error" in first || "error" in second) return;
    assert.equal([...first.lines, ...second.lines].sort(), whole.lines, text);
    compared++;
  });
  assert.ok(compared > 100, `only ${compared} answers were compared`);
});

/** Answers in small batches, each a random number of turns late. */
function late(store: Store, random: SeededRandom): Store {
  return {
    ...store,
    async *series(ctx, request) {
      for await (const batch of store.series(ctx, request)) {
        for (let turns = random.below(4); turns > 0; turns--) await yieldToLoop();
        yield batch;
      }
    },
  };
}

test("which source answers first never changes an answer", async () => {
  const engine = createEngine(base);
  const load = (source: ReturnType<typeof createReplicatedSource>) => {
    for (const command of parseScript(script)) if (command.kind === "load") loadSeries(source, command);
    return source;
  };
  const prompt = load(createReplicatedSource());
  await everySeed(60, async (random) => {
    const text = printExpr(createPromqlGenerator(generatorOptions(random, [])).vector(3));
    const waiting = load(createReplicatedSource((store) => late(store, random)));
    assert.equal(await answers(engine, waiting, text), await answers(engine, prompt, text), text);
  });
});

test.run();
