import { suite } from "uvu";
import * as assert from "uvu/assert";
import { GatewayError } from "../../../src/lib/errors.ts";
import { createEngine } from "../../../src/promql/exec/create-engine.ts";
import type { SampleColumn, SampleSource, Selectable } from "../../../src/store/samples.ts";
import { testContext } from "../../support/sample-source.ts";

const test = suite("a running query");

const engine = createEngine({
  lookbackDeltaMs: 60_000,
  defaultSubqueryStepMs: 60_000,
  maxSamples: 10_000,
  features: new Set(),
  delayedNameRemoval: false,
});

function selectable(next: SampleSource["next"], closed: () => void = () => undefined): Selectable {
  return { select: () => ({ next, close: async () => closed() }) };
}

async function failureOf(run: () => unknown): Promise<GatewayError> {
  try {
    await run();
  } catch (error) {
    assert.instance(error, GatewayError);
    return error as GatewayError;
  }
  return assert.unreachable("has to fail") as never;
}

test("a store's failure is told as upstream tells it, thrown or rejected", async () => {
  const failure = new GatewayError("unavailable", "the leaf is gone");
  for (const next of [
    () => {
      throw failure;
    },
    () => Promise.reject(failure),
  ]) {
    const result = engine.prepare("sum(up)").instant(testContext(), selectable(next), { timeMs: 0 });
    const error = await failureOf(() => result.next());
    await result.close();
    assert.is(error.code, "execution");
    assert.is(error.message, "expanding series: the leaf is gone");
    assert.is(error.cause, failure);
  }
});

test("a store that fails because the query was stopped is no failure of the store", async () => {
  const stop = new AbortController();
  const next = () => {
    stop.abort(new DOMException("too late", "TimeoutError"));
    return Promise.reject(stop.signal.reason);
  };
  const result = engine.prepare("up").instant(testContext(stop.signal), selectable(next), { timeMs: 0 });
  const error = await failureOf(() => result.next());
  assert.is(error.code, "timeout");
  assert.is(error.message, "query timed out in expression evaluation");
  await result.close();
});

test("every selector is opened with the first pull and closed with the query, even in the middle", async () => {
  let opened = 0;
  let asked = 0;
  let closed = 0;
  const source: Selectable = {
    select() {
      opened++;
      const next = () => {
        asked++;
        return new Promise<undefined>(() => undefined);
      };
      return { next, close: async () => void closed++ };
    },
  };
  const result = engine.prepare("a / b + c").instant(testContext(), source, { timeMs: 0 });
  assert.is(opened, 0);
  void result.next();
  assert.is(opened, 3);
  assert.is(asked, 3, "leaves work side by side");
  await result.close();
  assert.is(closed, 3);
  await result.close();
  assert.is(closed, 3);
});

test("a series that arrives after the query was closed is not held", async () => {
  let held = 0;
  const memory = {
    take(sizeBytes: number) {
      held += sizeBytes;
    },
    give(sizeBytes: number) {
      held -= sizeBytes;
    },
  };
  let arrive: (column: SampleColumn) => void = () => undefined;
  const next = () =>
    new Promise<SampleColumn>((resolve) => {
      arrive = resolve;
    });
  const result = engine
    .prepare("sum(up)")
    .instant({ ...testContext(), memory }, selectable(next), { timeMs: 0 });
  const pulled = failureOf(() => result.next());
  await result.close();
  const values = Float64Array.of(1);
  const words = new Uint32Array(values.buffer);
  const labels = { get: () => "", all: () => [] };
  arrive({
    labels,
    length: 1,
    timesMs: Float64Array.of(0),
    values,
    words,
    hasStale: false,
    histograms: undefined,
    startTimesMs: undefined,
  });
  assert.is((await pulled).code, "canceled");
  assert.is(held, 0);
});

test("a source that fails to close does not keep others open", async () => {
  let closed = 0;
  const source: Selectable = {
    select: (_ctx, { matchers }) => ({
      next: () => undefined,
      async close() {
        if (matchers[0]?.value === "a") throw new Error("cannot close");
        closed++;
      },
    }),
  };
  const result = engine.prepare("a or b").instant(testContext(), source, { timeMs: 0 });
  assert.is(await result.next(), undefined);
  await result.close();
  assert.is(closed, 1);
});

test("long work lets timers have their turn", async () => {
  let pulled = 0;
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  const labels = { get: () => "", all: () => [] };
  const next = () => {
    if (pulled++ >= 200) return undefined;
    const until = performance.now() + 1;
    while (performance.now() < until);
    const values = Float64Array.of(1);
    const timesMs = Float64Array.of(0);
    return {
      labels,
      length: 1,
      timesMs,
      values,
      words: new Uint32Array(values.buffer),
      hasStale: false,
      histograms: undefined,
      startTimesMs: undefined,
    };
  };
  const result = engine.prepare("sum(up)").instant(testContext(), selectable(next), { timeMs: 0 });
  assert.ok(await result.next());
  clearInterval(timer);
  await result.close();
  assert.ok(ticks >= 5, `${ticks} ticks`);
});

test.run();
