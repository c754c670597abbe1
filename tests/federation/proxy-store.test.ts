import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createProxyStore, type ProxyStoreOptions } from "../../src/federation/proxy-store.ts";
import type { QueryableEndpoint } from "../../src/federation/queryable-endpoint.ts";
import { GatewayError } from "../../src/lib/errors.ts";
import { labelsOf } from "../../src/model/labels.ts";
import { systemClock, yieldToLoop } from "../../src/runtime/clock.ts";
import type { QueryContext, SeriesRequest, Store } from "../../src/store/store.ts";
import { withStreamPhase } from "../../src/store/stream-phase.ts";
import { noMetrics } from "../../src/telemetry/metrics.ts";
import {
  createMemoryStore,
  createTestContext,
  labelRequest,
  type MemorySample,
  type MemorySeries,
  type MemoryStoreOptions,
  seriesRequest,
} from "../support/memory-store.ts";
import { readBatches, seriesTexts } from "../support/read-batches.ts";
import { addStoreContract, contractExternalLabels, parseMatchers } from "../support/store-contract.ts";

const test = suite("proxy store");

type Points = readonly (readonly [number, number])[];

function series(record: Readonly<Record<string, string>>, ...chunks: readonly Points[]): MemorySeries {
  return { labels: labelsOf(record), samples: chunks.flat() as readonly MemorySample[] };
}

function endpoint(store: Store, address = store.name): QueryableEndpoint {
  return { address, store, tsdbInfos: [] };
}

function memory(
  name: string,
  rows: readonly MemorySeries[],
  options: Partial<MemoryStoreOptions> = {},
): QueryableEndpoint {
  return endpoint(createMemoryStore({ name, series: rows, ...options }));
}

function proxy(endpoints: readonly QueryableEndpoint[], options: Partial<ProxyStoreOptions> = {}) {
  return createProxyStore({ endpoints: () => endpoints, metrics: noMetrics, clock: systemClock, ...options });
}

async function answer(
  endpoints: readonly QueryableEndpoint[],
  request: Partial<SeriesRequest>,
  options: Partial<ProxyStoreOptions> = {},
): Promise<{ series: string[]; warnings: readonly string[] }> {
  const stream = proxy(endpoints, options).series(createTestContext(), seriesRequest(request));
  const read = await readBatches(stream);
  return { series: seriesTexts(read.series), warnings: read.warnings };
}

async function errorOf(run: Promise<unknown>): Promise<GatewayError> {
  try {
    await run;
  } catch (error) {
    assert.ok(error instanceof GatewayError, String(error));
    return error;
  }
  return assert.unreachable("no error") as never;
}

/** A store whose stream breaks: at once, or after its rows. */
function failing(inner: Store, error: Error, afterRows = true): Store {
  return {
    ...inner,
    async *series(ctx, request) {
      if (afterRows) yield* inner.series(ctx, request);
      throw error;
    },
    labelNames: () => Promise.reject(error),
    labelValues: () => Promise.reject(error),
  };
}

const ext1 = { externalLabels: labelsOf({ ext: "1" }) };
const aa = series({ a: "a" }, [
  [0, 0],
  [2, 1],
  [3, 2],
]);
const boom = new GatewayError("unavailable", "rpc error: code = Unavailable desc = boom");

test("without any store, `warn` is empty without a word and `abort` is an error", async () => {
  assert.equal(await answer([], {}), { series: [], warnings: [] });
  const error = await errorOf(answer([], { partialResponse: "abort" }));
  assert.is(error.message, "No StoreAPIs available");
});

test("without a store that has data, every strategy is empty without a word", async () => {
  const far = memory("a", [aa], { info: { timeRange: { minMs: 1, maxMs: 300 } } });
  for (const partialResponse of ["warn", "abort"] as const) {
    const range = { minMs: 301, maxMs: 400 };
    assert.equal(await answer([far], { partialResponse, range }), { series: [], warnings: [] });
  }
  assert.is((await answer([far], { range: { minMs: 0, maxMs: 1 } })).series.length, 1);
});

test("no matcher but those of selector labels is refused", async () => {
  const options = { selectorLabels: labelsOf({ ext: "2" }) };
  const error = await errorOf(answer([memory("a", [aa])], { matchers: parseMatchers("ext=2") }, options));
  assert.is(error.code, "bad_data");
  assert.is(error.message, "no matchers specified (excluding selector labels)");
});

test("selector labels are matched here and not asked of the stores", async () => {
  const options = { selectorLabels: labelsOf({ ext: "2" }) };
  assert.equal(
    (await answer([memory("a", [aa])], { matchers: parseMatchers("a=a, ext=1") }, options)).series,
    [],
  );
  assert.is(
    (await answer([memory("a", [aa])], { matchers: parseMatchers("a=a, ext=2") }, options)).series.length,
    1,
  );
});

test("a broken regular expression is the caller's fault", async () => {
  const error = await errorOf(
    answer([memory("a", [aa])], { matchers: [{ type: "=~", name: "a", value: "(" }] }),
  );
  assert.is(error.code, "bad_data");
});

test("stores are chosen by external labels; one without any is always asked", async () => {
  const matchers = (text: string) => ({ matchers: parseMatchers(text) });
  assert.equal((await answer([memory("a", [aa], ext1)], matchers("a=a, ext=2"))).series, []);
  assert.is((await answer([memory("a", [aa], ext1)], matchers("a=a, ext=1"))).series.length, 1);
  const trusted = { ...createMemoryStore({ series: [aa] }), series: createMemoryStore(ext1Series()).series };
  assert.is((await answer([endpoint(trusted)], matchers("a=a, ext=1"))).series.length, 1);
});

function ext1Series(): MemoryStoreOptions {
  return { series: [aa], ...ext1 };
}

test("storeMatch[] chooses by address alone, any of its sets", async () => {
  const stores = [memory("one:1", [aa]), memory("two:2", [series({ a: "b" }, [[1, 1]])])];
  const chosen = async (...sets: string[]) =>
    (await answer(stores, { storeMatchers: sets.map(parseMatchers) })).series.map((text) => text.slice(0, 7));
  assert.equal(await chosen("__address__=one:1"), ['{a="a"}']);
  assert.equal(await chosen("__address__=one:1", "__address__=two:2"), ['{a="a"}', '{a="b"}']);
  assert.equal(await chosen("other=x"), ['{a="a"}', '{a="b"}']);
  assert.equal(await chosen("__address__=foo"), []);
});

test("the same series of two stores is one; chunks of different samples are kept in order", async () => {
  const stores = [
    memory("a", [series({ a: "a" }, [[4, 3]])]),
    memory("b", [aa]),
    memory(
      "c",
      [
        series({ a: "b" }, [
          [2, 2],
          [3, 3],
        ]),
      ],
      { warnings: ["warning"] },
    ),
  ];
  assert.equal(await answer(stores, {}), {
    series: ['{a="a"} 0:0 2:1 3:2 | 4:3', '{a="b"} 2:2 3:3'],
    warnings: ["warning"],
  });
});

test("what a request says is sent on, what is decided here is not", async () => {
  const asked: SeriesRequest[] = [];
  const store: Store = {
    ...createMemoryStore({ series: [] }),
    async *series(_ctx, request) {
      asked.push(request);
      yield* [];
    },
  };
  const request = seriesRequest({
    range: { minMs: 1, maxMs: 2 },
    limit: 7,
    skipChunks: true,
    aggregates: ["MAX"],
    maxResolutionMs: 5,
    withoutReplicaLabels: ["r"],
    storeMatchers: [parseMatchers("__address__=memory")],
  });
  await readBatches(proxy([endpoint(store)]).series(createTestContext(), request));
  assert.equal(asked, [{ ...request, storeMatchers: [] }]);
});

test("a stream that breaks is a warning, what came before stays; `abort` ends with it", async () => {
  const broken = endpoint(
    failing(createMemoryStore({ name: "b:1", series: [series({ a: "b" }, [[1, 1]])], ...ext1 }), boom),
  );
  const stores = [memory("a", [aa]), broken];
  const text =
    "receive series from Addr: b:1 MinTime: -9223372036854775808 MaxTime: 9223372036854775807: rpc error: code = Unavailable desc = boom";
  assert.equal(await answer(stores, {}), {
    series: ['{a="a"} 0:0 2:1 3:2', '{a="b", ext="1"} 1:1'],
    warnings: [text],
  });
  const error = await errorOf(answer(stores, { partialResponse: "abort" }));
  assert.is(error.code, "aborted");
  assert.is(error.message, text);
});

test("a stream that cannot be opened is named by label sets and address", async () => {
  const dead = (options: Partial<MemoryStoreOptions>) =>
    endpoint(
      failing(
        createMemoryStore({
          name: "b:1",
          series: [],
          info: { timeRange: { minMs: 0, maxMs: 9 } },
          ...options,
        }),
        withStreamPhase(new GatewayError("unavailable", "error!"), "open"),
        false,
      ),
    );
  assert.equal((await answer([dead(ext1)], {})).warnings, [
    'fetch series for {ext="1"} Addr: b:1 MinTime: 0 MaxTime: 9: error!',
  ]);
  assert.equal((await answer([dead({})], {})).warnings, [
    "fetch series for Store Gateway Addr: b:1 MinTime: 0 MaxTime: 9: error!",
  ]);
  const error = await errorOf(answer([dead(ext1)], { partialResponse: "abort" }));
  assert.is(error.message, 'fetch series for {ext="1"} Addr: b:1 MinTime: 0 MaxTime: 9: error!');
});

test("a warning of a store ends an `abort` call with its text", async () => {
  const error = await errorOf(
    answer([memory("a", [aa], { warnings: ["careful"] })], { partialResponse: "abort" }),
  );
  assert.is(error.code, "aborted");
  assert.is(error.message, "careful");
});

test("a store out of order is reported by name and read no further", async () => {
  const lying: Store = {
    ...createMemoryStore({ name: "liar:1", series: [] }),
    async *series(ctx, request) {
      for (const n of ["b", "c", "a", "d"])
        yield* createMemoryStore({ series: [series({ a: n }, [[1, 1]])] }).series(ctx, request);
    },
  };
  const { series: texts, warnings } = await answer([endpoint(lying), memory("a", [aa])], {});
  assert.equal(texts, ['{a="a"} 0:0 2:1 3:2', '{a="b"} 1:1', '{a="c"} 1:1']);
  assert.is(warnings.length, 1);
  assert.match(warnings[0] ?? "", "liar:1");
  assert.match(warnings[0] ?? "", "out of order");
});

test("a store that cannot leave labels out is sorted anew without them", async () => {
  const rows = [
    series({ a: "1", r: "x", z: "1" }, [[1, 1]]),
    series({ a: "1", r: "y", b: "1" }, [[2, 2]]),
    series({ a: "1", r: "y", z: "1" }, [[3, 3]]),
  ];
  for (const supportsWithoutReplicaLabels of [true, false]) {
    const store = memory("a", rows, { info: { supportsWithoutReplicaLabels } });
    assert.equal((await answer([store], { withoutReplicaLabels: ["r"] })).series, [
      '{a="1", b="1"} 2:2',
      '{a="1", z="1"} 1:1 | 3:3',
    ]);
  }
});

test("shards are cut here for stores that cannot", async () => {
  const rows = ["a", "b", "c"].map((a) => series({ a }, [[1, 1]]));
  const shard = { shardIndex: 0, totalShards: 2, by: true, labels: ["a"] };
  assert.equal((await answer([memory("a", rows)], { shard })).series, ['{a="a"} 1:1', '{a="b"} 1:1']);
});

test("the limit counts merged series, and warnings", async () => {
  const rows = ["a", "b", "c", "d"].map((a) => series({ a }, [[1, 1]]));
  assert.equal((await answer([memory("a", rows)], { limit: 2, skipChunks: true })).series, [
    '{a="a"}',
    '{a="b"}',
  ]);
  const warned = await answer([memory("a", rows, { warnings: ["w"] })], { limit: 2 });
  assert.is(warned.series.length, 1);
});

test("a caller that leaves reaches all stores at once, and hears no warning of it", async () => {
  const leave = new AbortController();
  const seen: string[] = [];
  const silent = (name: string): Store => ({
    ...createMemoryStore({ name, series: [] }),
    async *series(ctx: QueryContext) {
      yield* [];
      await new Promise((_, reject) => {
        ctx.signal.addEventListener("abort", () => {
          seen.push(name);
          reject(ctx.signal.reason);
        });
      });
    },
  });
  const stream = proxy([endpoint(silent("a")), endpoint(silent("b"))]).series(
    createTestContext({ signal: leave.signal }),
    seriesRequest(),
  );
  const read = errorOf(readBatches(stream));
  await yieldToLoop();
  leave.abort(new GatewayError("canceled", "gone"));
  assert.is((await read).message, "gone");
  assert.equal(seen.sort(), ["a", "b"]);
});

test("the memory limit is the query's end, not a store's failure", async () => {
  const full = new GatewayError("execution", "limit");
  const ctx = createTestContext({
    memory: {
      take: () => {
        throw full;
      },
      give: () => undefined,
    },
  });
  const store = memory("a", [aa], { info: { supportsWithoutReplicaLabels: false } });
  const stream = proxy([store]).series(ctx, seriesRequest({ withoutReplicaLabels: ["r"] }));
  assert.is(await errorOf(readBatches(stream)), full);
});

test("names and values are asked of all, merged, cut at the limit", async () => {
  const stores = [
    memory("a", [series({ a: "1", b: "1" }, [[1, 1]])]),
    memory("b", [series({ a: "2", c: "1" }, [[1, 1]])]),
  ];
  const ctx = createTestContext();
  assert.equal(await proxy(stores).labelNames(ctx, labelRequest()), ["a", "b", "c"]);
  assert.equal(await proxy(stores).labelNames(ctx, labelRequest({ limit: 2 })), ["a", "b"]);
  assert.equal(await proxy(stores).labelValues(ctx, { ...labelRequest(), label: "a" }), ["1", "2"]);
  assert.equal(await proxy(stores).labelValues(ctx, { ...labelRequest({ limit: 1 }), label: "a" }), ["1"]);
  assert.equal(ctx.warnings, []);
});

test("names and values of a failing store are a warning, under `abort` an error", async () => {
  const bounds = "MinTime: -9223372036854775808 MaxTime: 9223372036854775807";
  const dead = endpoint(
    failing(createMemoryStore({ name: "test", series: [] }), new GatewayError("internal", "error!")),
  );
  const stores = [memory("a", [aa]), dead];
  const ctx = createTestContext();
  assert.equal(await proxy(stores).labelNames(ctx, labelRequest()), ["a"]);
  assert.equal(await proxy(stores).labelValues(ctx, { ...labelRequest(), label: "a" }), ["a"]);
  assert.equal(ctx.warnings, [
    `fetch label names from store Addr: test ${bounds}: error!`,
    `fetch label values from store Addr: test ${bounds}: error!`,
  ]);
  const error = await errorOf(proxy(stores).labelNames(ctx, labelRequest({ partialResponse: "abort" })));
  assert.is(error.message, `fetch label names from store Addr: test ${bounds}: error!`);
});

test("advertises all label sets once, with the selector labels, and all times", () => {
  const range = { minMs: 1, maxMs: 5 };
  const stores = [
    memory("a", [], { ...ext1, info: { timeRange: range } }),
    memory("b", [], { ...ext1, info: { timeRange: { minMs: 3, maxMs: 9 } } }),
    memory("c", [], { externalLabels: labelsOf({ ext: "2" }), info: { timeRange: range } }),
  ];
  const info = proxy(stores).info();
  assert.equal(info.labelSets, [labelsOf({ ext: "1" }), labelsOf({ ext: "2" })]);
  assert.equal(info.timeRange, { minMs: 1, maxMs: 9 });
  const selectorLabels = labelsOf({ ext: "s", g: "1" });
  assert.equal(proxy(stores, { selectorLabels }).info().labelSets, [selectorLabels]);
  assert.equal(proxy([], { selectorLabels }).info().labelSets, [selectorLabels]);
  assert.equal(proxy([]).info().labelSets, []);
});

test("TSDBs that the selector drops are not asked, and stores are held to the kept ones", async () => {
  const tsdbSelector = (sets: readonly ReturnType<typeof labelsOf>[]) => {
    const kept = sets.filter((labels) => labels.every(({ value }) => value !== "2"));
    return kept.length > 0 ? kept : undefined;
  };
  const rows = [series({ a: "1", zone: "1" }, [[1, 1]]), series({ a: "1", zone: "2" }, [[1, 1]])];
  const both = memory("a", rows, { info: { labelSets: [labelsOf({ zone: "1" }), labelsOf({ zone: "2" })] } });
  const dropped = memory("b", [series({ b: "1", zone: "2" }, [[1, 1]])], {
    info: { labelSets: [labelsOf({ zone: "2" })] },
  });
  const { series: texts } = await answer([both, dropped], {}, { tsdbSelector });
  assert.equal(texts, ['{a="1", zone="1"} 1:1']);
  assert.equal(proxy([both, dropped], { tsdbSelector }).info().labelSets, [labelsOf({ zone: "1" })]);
});

test("streams without a single batch are counted", async () => {
  let counted = 0;
  const metrics = {
    ...noMetrics,
    counter: (name: string) => {
      const add = (value: number) => {
        if (name === "thanos_proxy_store_empty_stream_responses_total") counted += value;
      };
      return { add, with: () => ({ add }) };
    },
  };
  await answer([memory("a", []), memory("b", [aa])], {}, { metrics });
  assert.is(counted, 1);
});

addStoreContract(test, (rows) => ({
  store: proxy([
    memory("a", rows, { externalLabels: contractExternalLabels, batchRows: 7 }),
    memory("b", [], { externalLabels: contractExternalLabels }),
    memory("c", rows, {
      externalLabels: contractExternalLabels.map(({ name, value }) => ({
        name,
        value: name === "replica" ? "b" : value,
      })),
      info: { supportsWithoutReplicaLabels: false },
    }),
  ]),
}));

test.run();
