import { suite } from "uvu";
import * as assert from "uvu/assert";
import { GatewayError } from "../../src/lib/errors.ts";
import { labelsOf } from "../../src/model/labels.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { bestEffort } from "../../src/store/best-effort.ts";
import { createMemoryLimit } from "../../src/store/memory-limit.ts";
import { resorted } from "../../src/store/resorted.ts";
import type { QueryContext, Store } from "../../src/store/store.ts";
import { withDeadline } from "../../src/store/with-deadline.ts";
import { withExternalLabels } from "../../src/store/with-external-labels.ts";
import { withLabelOrder } from "../../src/store/with-label-order.ts";
import { withLimits } from "../../src/store/with-limits.ts";
import { withShard } from "../../src/store/with-shard.ts";
import { withTimeRange } from "../../src/store/with-time-range.ts";
import { noMetrics } from "../../src/telemetry/metrics.ts";
import { createManualClock } from "../support/manual-clock.ts";
import {
  createMemoryStore,
  createTestContext,
  labelRequest,
  type MemorySample,
  type MemorySeries,
  seriesRequest,
} from "../support/memory-store.ts";
import { readBatches, seriesTexts } from "../support/read-batches.ts";
import {
  addStoreContract,
  type CreateContractStore,
  contractExternalLabels,
} from "../support/store-contract.ts";

const plain: CreateContractStore = (series) => ({
  store: createMemoryStore({ series, externalLabels: contractExternalLabels, batchRows: 9 }),
});

/** Wrappers that must not change what a store answers. */
const transparent: readonly (readonly [string, (store: Store) => Store])[] = [
  ["with a time range", (store) => withTimeRange(store, { minMs: -1e15, maxMs: 1e15 })],
  ["with a deadline", (store) => withDeadline(store, 60_000, systemClock)],
  ["with limits", (store) => withLimits(store, { series: 0, samples: 0 }, noMetrics)],
  ["with label order", withLabelOrder],
  ["with shards", withShard],
  ["at best effort", (store) => bestEffort(store)],
];

for (const [name, wrap] of transparent) {
  const test = suite(`a store ${name}`);
  addStoreContract(test, async (series) => ({ store: wrap((await plain(series)).store) }));
  test.run();
}

const resort = suite("a resorted store");

addStoreContract(resort, (series) => ({
  store: resorted(
    createMemoryStore({
      series,
      externalLabels: contractExternalLabels,
      info: { supportsWithoutReplicaLabels: false },
    }),
  ),
}));

const row = (
  record: Readonly<Record<string, string>>,
  ...samples: readonly MemorySample[]
): MemorySeries => ({
  labels: labelsOf(record),
  samples,
});

async function errorOf(run: Promise<unknown>): Promise<GatewayError> {
  try {
    await run;
  } catch (error) {
    assert.ok(error instanceof GatewayError, String(error));
    return error;
  }
  return assert.unreachable("no error") as never;
}

resort("holds no more than the memory that the query may have, and gives all back", async () => {
  const limit = createMemoryLimit(4000);
  const memory = limit.account();
  const many = Array.from({ length: 20 }, (_, i) => row({ i: String(i), replica: "a" }, [1, 1]));
  const store = resorted(createMemoryStore({ series: many, info: { supportsWithoutReplicaLabels: false } }));
  const ctx = createTestContext({ memory });
  const request = seriesRequest({ withoutReplicaLabels: ["replica"] });
  const error = await errorOf(readBatches(store.series(ctx, request)));
  assert.is(error.code, "execution");
  assert.match(error.message, "--memory-limit");
  assert.is(limit.heldBytes(), 0);
});

resort.run();

const external = suite("a store with external labels");

addStoreContract(external, (series) => ({
  store: withExternalLabels(createMemoryStore({ series }), contractExternalLabels),
}));

external("puts labels in where they change the order", async () => {
  const store = withExternalLabels(
    createMemoryStore({ series: [row({ n: "up" }, [1, 1]), row({ n: "up", z: "1" }, [2, 2])] }),
    labelsOf({ o: "1" }),
  );
  const { series } = await readBatches(store.series(createTestContext(), seriesRequest()));
  assert.equal(seriesTexts(series), ['{n="up", o="1"} 1:1', '{n="up", o="1", z="1"} 2:2']);
  assert.equal(store.info().labelSets, [labelsOf({ o: "1" })]);
});

external.run();

const range = suite("with a time range");

range("requests outside are empty, requests across the edge are clamped", async () => {
  const asked: unknown[] = [];
  const inner: Store = {
    ...createMemoryStore({ series: [row({ a: "1" }, [50, 1])] }),
    async *series(_ctx, request) {
      asked.push(request.range);
      yield* [];
    },
  };
  const store = withTimeRange(inner, { minMs: 10, maxMs: 20 });
  const read = (minMs: number, maxMs: number) =>
    readBatches(store.series(createTestContext(), seriesRequest({ range: { minMs, maxMs } })));
  await read(0, 9);
  await read(21, 30);
  await read(5, 15);
  await read(20, 20);
  assert.equal(asked, [
    { minMs: 10, maxMs: 15 },
    { minMs: 20, maxMs: 20 },
  ]);
  const outside = { range: { minMs: 0, maxMs: 1 } };
  assert.equal(await store.labelNames(createTestContext(), labelRequest(outside)), []);
  assert.equal(store.info().timeRange, { minMs: 10, maxMs: 20 });
});

range.run();

const limits = suite("with limits");

const four = ["a", "b", "c", "d"].map((a) => row({ a }, [1, 1]));

limits("ends past the series or samples that are allowed, in Thanos's words, and counts it", async () => {
  const dropped: unknown[] = [];
  const metrics = {
    ...noMetrics,
    counter: () => ({
      add: (_value: number, labels?: unknown) => dropped.push(labels),
      with: (labels: unknown) => ({ add: () => dropped.push(labels) }),
    }),
  };
  const run = (series: number, samples: number) =>
    readBatches(
      withLimits(createMemoryStore({ series: four, batchRows: 1 }), { series, samples }, metrics).series(
        createTestContext(),
        seriesRequest(),
      ),
    );
  assert.is((await run(4, 480)).series.length, 4);
  assert.is((await errorOf(run(2, 0))).message, "failed to send series: limit 2 violated (got 3)");
  assert.is((await errorOf(run(0, 50))).message, "failed to send samples: limit 50 violated (got 120)");
  assert.equal(dropped, [{ reason: "series" }, { reason: "chunks" }]);
});

limits.run();

const deadline = suite("with a deadline");

const silent: Store = {
  ...createMemoryStore({ name: "s:1", series: [] }),
  async *series(ctx: QueryContext) {
    yield* [];
    await new Promise((_, reject) => {
      ctx.signal.addEventListener("abort", () => reject(ctx.signal.reason));
    });
  },
  labelNames: (ctx) =>
    new Promise((_, reject) => {
      ctx.signal.addEventListener("abort", () => reject(new Error("cut")));
    }),
};

deadline("a silent store ends with a timeout that names it", async () => {
  const clock = createManualClock();
  const store = withDeadline(silent, 1500, clock);
  const reads = [
    errorOf(readBatches(store.series(createTestContext(), seriesRequest()))),
    errorOf(store.labelNames(createTestContext(), labelRequest())),
  ];
  await clock.settle();
  clock.advance(1500);
  for (const read of reads) {
    const error = await read;
    assert.is(error.code, "timeout");
    assert.is(error.message, "Cannot read s:1: no end after 1.5s");
  }
});

deadline("the earlier of two deadlines goes down to the store", async () => {
  const clock = createManualClock(1000);
  const seen: unknown[] = [];
  const inner: Store = {
    ...createMemoryStore({ series: [] }),
    async labelNames(ctx) {
      seen.push(ctx.deadlineMs);
      return [];
    },
  };
  const store = withDeadline(inner, 500, clock);
  await store.labelNames(createTestContext(), labelRequest());
  await store.labelNames(createTestContext({ deadlineMs: 1200 }), labelRequest());
  assert.equal(seen, [1500, 1200]);
});

deadline.run();

const effort = suite("at best effort");

const broken: Store = {
  ...createMemoryStore({ name: "b:1", series: four }),
  async *series(ctx, request) {
    yield* createMemoryStore({ series: four }).series(ctx, request);
    throw new GatewayError("unavailable", "gone");
  },
};

effort("a stream that breaks ends with a warning after what came before", async () => {
  const { series, warnings } = await readBatches(
    bestEffort(broken).series(createTestContext(), seriesRequest()),
  );
  assert.is(series.length, 4);
  assert.equal(warnings, ["gone"]);
});

effort("under abort it breaks, as aborted", async () => {
  const request = seriesRequest({ partialResponse: "abort" });
  const error = await errorOf(readBatches(bestEffort(broken).series(createTestContext(), request)));
  assert.is(error.code, "aborted");
});

effort("the consumer's own exception is not mistaken for the store's", async () => {
  const warnings: string[] = [];
  const own = new Error("mine");
  let caught: unknown;
  try {
    for await (const batch of bestEffort(broken).series(createTestContext(), seriesRequest())) {
      warnings.push(...batch.warnings);
      throw own;
    }
  } catch (error) {
    caught = error;
  }
  assert.is(caught, own);
  assert.equal(warnings, []);
});

effort("a caller that has left gets the error", async () => {
  const abort = new AbortController();
  const ctx = createTestContext({ signal: abort.signal });
  abort.abort(new GatewayError("canceled", "left"));
  await errorOf(readBatches(bestEffort(broken).series(ctx, seriesRequest())));
});

effort.run();

const memory = suite("memory limit");

memory("counts over all queries, refuses what passes the limit, forgets a query that is closed", () => {
  const limit = createMemoryLimit(2048);
  const a = limit.account();
  const b = limit.account();
  a.take(1024);
  b.take(1000);
  assert.is(limit.heldBytes(), 2024);
  assert.throws(
    () => b.take(1024),
    (error: unknown) =>
      error instanceof GatewayError &&
      error.code === "execution" &&
      error.message ===
        "Cannot hold 1 KiB more for this query: queries hold 2 KiB, wants at most 2 KiB (--memory-limit)",
  );
  a.give(24);
  b.take(24);
  b.close();
  assert.is(limit.heldBytes(), 1000);
  b.close();
  a.close();
  assert.is(limit.heldBytes(), 0);
});

memory.run();
