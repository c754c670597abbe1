import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { GatewayError, messageOf } from "../../../src/lib/errors.ts";
import { labelsOf } from "../../../src/model/labels.ts";
import type { EngineOptions, QueryResult } from "../../../src/promql/engine.ts";
import { createEngine } from "../../../src/promql/exec/create-engine.ts";
import { createSampleStore, type HeldSeries, testContext } from "../../support/sample-source.ts";
import { everySeed, type SeededRandom } from "../../support/seeded-random.ts";

const test = suite("steps of a range query");

const options: EngineOptions = {
  lookbackDeltaMs: 90_000,
  defaultSubqueryStepMs: 30_000,
  maxSamples: 1e6,
  features: new Set(["promql-experimental-functions"]),
  delayedNameRemoval: false,
};

function randomSeries(random: SeededRandom): HeldSeries[] {
  const series: HeldSeries[] = [];
  const sharedMs = random.below(30_000);
  for (const name of ["up", "requests_total", "size"]) {
    for (const job of ["a", "b", ""]) {
      for (const pod of ["1", "2", "3", ""]) {
        if (random.chance(0.3)) continue;
        series.push({
          labels: labelsOf({ __name__: name, job, pod, le: random.oneOf(["1", "2", "+Inf", ""]) }),
          ...randomSamples(random, random.chance(0.5) ? sharedMs : random.below(30_000)),
        });
      }
    }
  }
  return series;
}

function randomSamples(random: SeededRandom, offsetMs: number) {
  const times: number[] = [];
  const values: number[] = [];
  const stale: number[] = [];
  let value = random.below(10);
  const gaps = random.chance(0.4) ? 0.3 : 0;
  for (let i = 0; i < 40; i++) {
    if (random.chance(gaps)) continue;
    if (random.chance(0.05)) stale.push(values.length);
    value = random.chance(0.1) ? 0 : value + random.below(4);
    times.push(i * 30_000 + offsetMs);
    values.push(value);
  }
  return { timesMs: Float64Array.from(times), values: Float64Array.from(values), stale };
}

/** A random query of `depth` levels whose value is an instant vector. */
function vector(random: SeededRandom, depth: number): string {
  const selector = (): string => {
    const name = random.oneOf(["up", "requests_total", "size", '{__name__=~"up|size"}']);
    const matcher = random.oneOf(["", "", '{job="a"}', '{pod!="2"}', '{job=~"a|b"}']);
    const text = name.startsWith("{") ? name : name + matcher;
    return text + random.oneOf(["", "", "", " offset 1m", " offset -30s", " @ 300", " @ end()"]);
  };
  if (depth === 0) return selector();
  const inner = () => vector(random, depth - 1);
  const grouping = random.oneOf(["", " by (job)", " by (job, pod)", " without (pod)", " by (__name__)"]);
  switch (random.below(9)) {
    case 0:
      return `${random.oneOf(["sum", "avg", "min", "max", "count", "stddev", "group"])}${grouping} (${inner()})`;
    case 1:
      return `${random.oneOf(["topk", "bottomk", "quantile"])}${grouping} (${random.oneOf(["1", "2", "0.5"])}, ${inner()})`;
    case 2: {
      const func = random.oneOf([
        "rate",
        "increase",
        "changes",
        "sum_over_time",
        "last_over_time",
        "max_over_time",
      ]);
      return `${func}(${random.oneOf(["up", "requests_total", "size"])}[${random.oneOf(["1m", "2m", "5m"])}])`;
    }
    case 3:
      return `${random.oneOf(["avg_over_time", "min_over_time", "count_over_time", "delta"])}((${inner()})[2m:30s])`;
    case 4: {
      const match = random.oneOf([
        "",
        "on (job, pod) ",
        "ignoring (le) ",
        "on (job) group_left () ",
        "on (pod) group_right (le) ",
      ]);
      const op = random.oneOf(["+", "/", "*", ">", "== bool", "<="]);
      return `(${inner()}) ${op} ${match}(${inner()})`;
    }
    case 5:
      return `(${inner()}) ${random.oneOf(["and", "or", "unless"])} ${random.oneOf(["", "on (job) ", "ignoring (le) "])}(${inner()})`;
    case 6:
      return `${random.oneOf(["abs", "-", "sgn", "timestamp"])}(${inner()})`;
    case 7:
      return `(${inner()}) ${random.oneOf(["*", "-", ">", "< bool"])} ${random.oneOf(["2", "scalar(up)", "time()"])}`;
    default:
      return random.oneOf([
        `label_replace(${inner()}, "pod", "$1", "job", "(.*)")`,
        `label_replace(${inner()}, "le", "", "", "")`,
        `histogram_quantile(0.5, ${inner()})`,
        `absent(${inner()})`,
        `count_values by (job) ("v", ${inner()})`,
      ]);
  }
}

/** Answers by label set: one entry a step, undefined where there is nothing. */
async function answersOf(result: QueryResult): Promise<Map<string, (number | undefined)[]>> {
  const answers = new Map<string, (number | undefined)[]>();
  try {
    for (let column = await result.next(); column !== undefined; column = await result.next()) {
      const { values, present, length } = column;
      const key = JSON.stringify(column.labels.all());
      assert.is(answers.has(key), false, `${key} comes twice`);
      answers.set(
        key,
        Array.from({ length }, (_, k) => (present !== undefined && present[k] === 0 ? undefined : values[k])),
      );
    }
    return answers;
  } finally {
    await result.close();
  }
}

async function attempt<T>(run: () => Promise<T>): Promise<T | string> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof GatewayError && error.code === "execution") return messageOf(error);
    throw error;
  }
}

const grid = { startMs: 200_000, stepMs: 50_000, count: 12 };
const endMs = grid.startMs + (grid.count - 1) * grid.stepMs;

test("are what instant queries answer at their times", async () => {
  let compared = 0;
  await everySeed(300, async (random) => {
    const series = randomSeries(random);
    const query = vector(random, 1 + random.below(3));
    if (dependsOnOrder(query)) return;
    const prepared = createEngine(options).prepare(query);
    const later = random.chance(0.3);
    const whole = await attempt(() =>
      answersOf(prepared.range(testContext(), createSampleStore(series, { later }), { ...grid, endMs })),
    );
    for (let k = 0; k < grid.count; k++) {
      // The end of the query is the step itself here: `@ end()` is to mean what it means above.
      const text = query.replaceAll("@ end()", `@ ${endMs / 1000}`);
      const timeMs = grid.startMs + k * grid.stepMs;
      const step = await attempt(() =>
        answersOf(
          createEngine(options).prepare(text).instant(testContext(), createSampleStore(series), { timeMs }),
        ),
      );
      if (typeof whole === "string") {
        // Which of several errors is told depends on the order in which series are met.
        if (typeof step === "string") break;
        assert.ok(k < grid.count - 1 || isWholeQueryError(whole), `${query} fails for no step: ${whole}`);
        continue;
      }
      if (typeof step === "string") assert.unreachable(`${query} fails at step ${k} only: ${step}`);
      compare(query, k, { whole, step: step as Map<string, (number | undefined)[]> });
      compared++;
    }
  });
  if (process.env.SEED === undefined) assert.ok(compared > 1500, `${compared} steps compared`);
});

/** Which of equal values is among the first depends on an order of series that these do not fix. */
function dependsOnOrder(query: string): boolean {
  const picks = query.match(/topk|bottomk/g)?.length ?? 0;
  return picks > 1 || (picks === 1 && query.includes("count_values"));
}

/** Matrix functions refuse equal label sets even where these share no step. */
function isWholeQueryError(message: string): boolean {
  return message === "vector cannot contain metrics with the same labelset";
}

function compare(
  query: string,
  k: number,
  { whole, step }: Record<"whole" | "step", Map<string, (number | undefined)[]>>,
): void {
  for (const key of new Set([...whole.keys(), ...step.keys()])) {
    const got = whole.get(key)?.[k];
    const want = step.get(key)?.[0];
    const close =
      got !== undefined &&
      want !== undefined &&
      Math.abs(got - want) <= 1e-12 * Math.max(Math.abs(got), Math.abs(want));
    if (!close && !Object.is(got, want) && !(got === 0 && want === 0)) {
      assert.unreachable(`${query} at step ${k}, ${key}: ${got} in the range, ${want} alone`);
    }
  }
}

test.run();
