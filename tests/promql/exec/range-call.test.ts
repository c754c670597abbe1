import { suite } from "uvu";
import * as assert from "uvu/assert";
import { GatewayError } from "../../../src/lib/errors.ts";
import { labelsOf } from "../../../src/model/labels.ts";
import type { EngineOptions, QueryResult } from "../../../src/promql/engine.ts";
import { createEngine } from "../../../src/promql/exec/create-engine.ts";
import { histogramOf } from "../../support/histograms.ts";
import { createMemorySelectable, type MemorySelectable } from "../../support/memory-selectable.ts";
import { linesOf } from "../../support/promql-data.ts";
import { createTestContext } from "../../support/query-context.ts";

const test = suite("calls of range functions");

const options: EngineOptions = {
  lookbackDeltaMs: 300_000,
  defaultSubqueryStepMs: 60_000,
  maxSamples: 100_000,
  features: new Set(["promql-experimental-functions", "promql-extended-range-selectors"]),
  delayedNameRemoval: false,
  xFunctions: true,
};

function stored(): MemorySelectable {
  const memory = createMemorySelectable();
  const values = [0, 10, 20, 30, 40, 50, 60];
  memory.add(
    labelsOf({ __name__: "http_total", a: "1" }),
    values.map((value, i) => ({ timeMs: i * 60_000, value })),
  );
  memory.add(
    labelsOf({ __name__: "errors", a: "2" }),
    values.map((value, i) => ({ timeMs: i * 60_000, value, startTimeMs: i < 4 ? 0 : 180_001 })),
  );
  memory.add(
    labelsOf({ __name__: "late", a: "3" }),
    [3, 4, 5].map((value, i) => ({ timeMs: (i + 3) * 60_000, value, startTimeMs: 150_000 - 1000 * i })),
  );
  memory.add(labelsOf({ __name__: "hist" }), [
    { timeMs: 0, value: 0, histogram: histogramOf({ positive: { 1: 1 } }) },
    { timeMs: 60_000, value: 0, histogram: histogramOf({ positive: { 1: 3 } }) },
  ]);
  return memory;
}

function run(text: string, engine: Partial<EngineOptions> = {}, memory = stored()): QueryResult {
  const query = createEngine({ ...options, ...engine }).prepare(text);
  return query.instant(createTestContext(), memory, { timeMs: 360_000 });
}

async function answerOf(text: string, engine: Partial<EngineOptions> = {}): Promise<readonly string[]> {
  const result = run(text, engine);
  const lines = await linesOf(result);
  const { warnings, infos } = result.annotations();
  return [...lines, ...warnings, ...infos];
}

async function failureOf(text: string, engine: Partial<EngineOptions> = {}): Promise<string> {
  try {
    await answerOf(text, engine);
    return "none";
  } catch (error) {
    assert.instance(error, GatewayError);
    return error instanceof GatewayError ? error.message : "";
  }
}

test("x-functions start from the sample before the range", async () => {
  assert.equal(await answerOf("xincrease(http_total[90s])"), ['{a="1"} 20']);
  assert.equal(await answerOf("xrate(http_total[2m])"), [`{a="1"} ${20 / 120}`]);
  assert.equal(await answerOf("sum(xdelta(http_total[1m] offset 1m))"), ["{} 10"]);
});

test("x-functions read an hour before the range", async () => {
  const memory = stored();
  await linesOf(run("xrate(http_total[2m] offset 1m)", {}, memory));
  const [request] = memory.requests;
  assert.equal(request?.range, { minMs: 360_000 - 60_000 - 120_000 - 3_600_000 + 1, maxMs: 300_000 });
  assert.is(request?.func, "xrate");
});

test("x-functions are unknown unless they are switched on", async () => {
  assert.is(
    await failureOf("xrate(http_total[2m])", { xFunctions: false }),
    '1:1: parse error: unknown function with name "xrate"',
  );
});

test("x-functions know neither subqueries nor histograms nor anchors", async () => {
  assert.match(await failureOf("xrate(http_total[2m:1m])"), /wants a range selector/);
  assert.is(
    await failureOf("xincrease(hist[5m])"),
    "native histograms are not supported in extended range functions",
  );
  assert.match(
    await failureOf("xrate(http_total[2m] anchored)"),
    /^anchored modifier can only be used with: .* - not with xrate$/,
  );
});

test("a rate of what is not named like a counter is remarked once, where it has floats", async () => {
  const remark =
    "PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket";
  assert.equal((await answerOf("rate(http_total[5m])")).length, 1);
  assert.equal((await answerOf("rate(errors[5m])")).slice(1), [`${remark}: "errors" (1:6)`]);
  assert.equal((await answerOf("sum(increase({a=~'.+'}[5m]))")).slice(1), [
    `${remark}: "errors" (1:14)`,
    `${remark}: "late" (1:14)`,
  ]);
  assert.equal(
    (await answerOf("rate(hist[10m])")).filter((line) => line.startsWith("PromQL")),
    [],
  );
  assert.equal(
    (await answerOf("delta(errors[5m])")).filter((line) => line.startsWith("PromQL")),
    [],
  );
});

const started = { features: new Set([...options.features, "use-start-timestamps"]) };

test("start times tell resets only where the feature is on", async () => {
  assert.equal(await answerOf("resets(errors[6m])"), ['{a="2"} 0']);
  assert.equal(await answerOf("resets(errors[6m])", started), ['{a="2"} 1']);
  assert.equal((await answerOf("irate(errors[3m])", started)).slice(0, 1), [`{a="2"} ${10 / 60}`]);
  assert.equal(await answerOf("resets(errors[6m:1m])", started), ['{a="2"} 0']);
});

test("start_timestamp is when the counter of a sample began", async () => {
  assert.equal(await answerOf("start_timestamp(errors)"), []);
  assert.equal(await answerOf("start_timestamp(errors)", started), ['{a="2"} 180.001']);
  assert.equal(await answerOf("start_timestamp(http_total)", started), ['{a="1"} 0']);
  assert.equal(await answerOf("start_timestamp(errors + 0)", started), []);
});

test("start times that overlap the sample before are counted", async () => {
  const [, overlap] = await answerOf("increase(late[5m])", started);
  assert.is(
    overlap,
    'PromQL warning: sample has start time that overlaps with previous sample timestamp for metric "late" (1:10)',
  );
});

test("a quantile out of range is told at its own place, once for each value", async () => {
  assert.equal((await answerOf("quantile_over_time(2, http_total[5m])")).slice(1), [
    "PromQL warning: quantile value should be between 0 and 1, got 2 (1:20)",
  ]);
  assert.equal(await answerOf("quantile_over_time(2, nothing[5m])"), []);
});

test.run();
