import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createProxyStore } from "../../src/federation/proxy-store.ts";
import { createSelectable, type SelectableOptions } from "../../src/federation/select.ts";
import { createSelectGate } from "../../src/federation/select-gate.ts";
import { GatewayError } from "../../src/lib/errors.ts";
import { labelsOf } from "../../src/model/labels.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import type { SelectRequest } from "../../src/store/samples.ts";
import type { QueryContext, SeriesRequest, Store } from "../../src/store/store.ts";
import { noMetrics } from "../../src/telemetry/metrics.ts";
import { createManualClock } from "../support/manual-clock.ts";
import {
  createMemoryStore,
  createTestContext,
  encodeChunks,
  type MemorySample,
  type MemorySeries,
} from "../support/memory-store.ts";
import { naiveDedup } from "../support/naive-dedup.ts";
import { type ReadColumn, readColumns } from "../support/read-columns.ts";
import { everySeed } from "../support/seeded-random.ts";
import { parseMatchers } from "../support/store-contract.ts";

const test = suite("select");

const everything = { minMs: 0, maxMs: 1e12 };
const up = parseMatchers("__name__=up");

function federation(...stores: readonly Store[]): Store {
  return createProxyStore({
    endpoints: () => stores.map((store) => ({ address: store.name, store, tsdbInfos: [] })),
    metrics: noMetrics,
    clock: systemClock,
  });
}

function replica(name: string, ...samples: readonly MemorySample[]): Store {
  const labels = labelsOf({ __name__: "up", replica: name });
  return createMemoryStore({ name, series: [{ labels, samples }] });
}

function select(
  store: Store,
  options: Partial<SelectableOptions> = {},
  request: Partial<SelectRequest> = {},
  ctx: QueryContext = createTestContext(),
) {
  const selectable = createSelectable(store, {
    clock: systemClock,
    dedup: true,
    replicaLabels: ["replica"],
    algorithm: "penalty",
    partialResponse: "warn",
    ...options,
  });
  return selectable.select(ctx, {
    matchers: up,
    range: everything,
    func: "",
    rangeMs: 0,
    stepMs: 1000,
    ...request,
  });
}

const read = (...args: Parameters<typeof select>): Promise<readonly ReadColumn[]> =>
  readColumns(select(...args));

async function errorOf(run: Promise<unknown>): Promise<GatewayError> {
  try {
    await run;
  } catch (error) {
    assert.ok(error instanceof GatewayError, String(error));
    return error;
  }
  return assert.unreachable("no error") as never;
}

const every = (count: number, stepMs: number, from = 0): MemorySample[] =>
  Array.from({ length: count }, (_, i): MemorySample => [from + i * stepMs, i]);

test("asks the store for what the function around the selector reads", async () => {
  const asked: SeriesRequest[] = [];
  const store: Store = {
    ...createMemoryStore({ series: [] }),
    async *series(_ctx, request) {
      asked.push(request);
      yield* [];
    },
  };
  const table = [
    ["", 0, ["COUNT", "SUM"], 60_000],
    ["sum", 0, ["COUNT", "SUM"], 60_000],
    ["sum_over_time", 0, ["SUM"], 60_000],
    ["min", 0, ["MIN"], 60_000],
    ["max_over_time", 0, ["MAX"], 60_000],
    ["count_over_time", 0, ["COUNT"], 60_000],
    ["xrate", 10_000, ["COUNTER"], 60_000],
    ["rate", 10_000, ["COUNTER"], 5000],
    ["deriv", 300_000, ["COUNT", "SUM"], 60_000],
  ] as const;
  for (const [func, rangeMs, aggregates, maxResolutionMs] of table) {
    await read(store, { maxResolutionMs: 60_000 }, { func, rangeMs });
    const request = asked.pop();
    assert.equal(request?.aggregates, aggregates, func);
    assert.is(request?.maxResolutionMs, maxResolutionMs, func);
    assert.equal(request?.withoutReplicaLabels, ["replica"]);
  }
  await read(store, { dedup: false, partialResponse: "abort" });
  assert.equal(asked[0]?.withoutReplicaLabels, []);
  assert.is(asked[0]?.partialResponse, "abort");
});

test("replicas become one series; without dedup, or without replica labels, they stay two", async () => {
  const store = federation(replica("a", [10_000, 1], [20_000, 1]), replica("b", [12_000, 2], [22_000, 2]));
  const merged = [
    {
      labels: labelsOf({ __name__: "up" }),
      samples: [
        [10_000, 1],
        [20_000, 1],
      ],
    },
  ];
  assert.equal(await read(store), merged);
  assert.equal(await read(store, { dedup: false }), [
    {
      labels: labelsOf({ __name__: "up", replica: "a" }),
      samples: [
        [10_000, 1],
        [20_000, 1],
      ],
    },
    {
      labels: labelsOf({ __name__: "up", replica: "b" }),
      samples: [
        [12_000, 2],
        [22_000, 2],
      ],
    },
  ]);
  assert.is((await read(store, { replicaLabels: [] })).length, 2);
  const chained = await read(store, { algorithm: "chain" });
  assert.equal(chained[0]?.samples, [
    [10_000, 1],
    [12_000, 2],
    [20_000, 1],
    [22_000, 2],
  ]);
});

test("samples outside the range are cut off, series without any are left out", async () => {
  const store = federation(
    createMemoryStore({
      name: "a",
      series: [
        { labels: labelsOf({ __name__: "up", i: "1" }), samples: every(400, 1000) },
        {
          labels: labelsOf({ __name__: "up", i: "2" }),
          samples: [
            [0, 1],
            [400_000, 1],
          ],
        },
      ],
    }),
  );
  const columns = await read(store, {}, { range: { minMs: 130_000, maxMs: 133_000 } });
  assert.equal(columns, [
    {
      labels: labelsOf({ __name__: "up", i: "1" }),
      samples: [
        [130_000, 130],
        [131_000, 131],
        [132_000, 132],
        [133_000, 133],
      ],
    },
  ]);
});

test("a counter's total stands on samples before the range, which are cut off afterwards", async () => {
  const samples: MemorySample[] = [
    [1000, 5],
    [2000, 7],
    [3000, 1],
    [4000, 2],
    [5000, "stale"],
    [6000, 4],
  ];
  const store = federation(replica("a", ...samples));
  const [column] = await read(store, {}, { func: "rate", range: { minMs: 3000, maxMs: 9000 } });
  assert.equal(column?.samples, [
    [3000, 8],
    [4000, 9],
    [6000, 11],
  ]);
});

test("each series counts from its own start, also where buffers are used again", async () => {
  const series = ["1", "2"].map((i) => ({
    labels: labelsOf({ __name__: "up", i }),
    samples: [[1000, 5 * Number(i)] as const, [2000, 1] as const],
  }));
  const columns = await read(federation(createMemoryStore({ series })), {}, { func: "rate" });
  assert.equal(
    columns.map(({ samples }) => samples.map(([, v]) => v)),
    [
      [5, 6],
      [10, 11],
    ],
  );
});

test("the last sample of the other replica is taken where it comes right after its penalty", async () => {
  for (const [lastMs, taken] of [
    [60_000, false],
    [60_001, true],
  ] as const) {
    const labels = labelsOf({ __name__: "up", replica: "b" });
    const chunks = encodeChunks(
      [
        [10_100, 1],
        [21_000, 2],
        [39_000, 3],
        [lastMs, 9],
      ],
      2,
    );
    const store = federation(
      replica("a", [10_000, 1], [20_000, 2], [30_000, 3], [40_000, 4]),
      createMemoryStore({ name: "b", series: [{ labels, chunks }] }),
    );
    for (const func of ["", "rate"]) {
      const [column] = await read(store, {}, { func });
      assert.is(column?.samples.length, taken ? 5 : 4, `${func} ${lastMs}`);
    }
  }
});

test("staleness markers come through with their bits", async () => {
  const [column] = await read(federation(replica("a", [1000, 1], [2000, "stale"]), replica("b", [2500, 3])));
  assert.equal(column?.samples.slice(0, 2), [
    [1000, 1],
    [2000, "stale"],
  ]);
});

test("overlapping chunks of one series are read one after the other without dedup, as replicas with it", async () => {
  const chunks = [
    ...encodeChunks([
      [10_000, 1],
      [20_000, 1],
      [30_000, 1],
    ]),
    ...encodeChunks([
      [15_000, 2],
      [25_000, 2],
      [35_000, 2],
      [45_000, 2],
    ]),
  ];
  const store = federation(createMemoryStore({ series: [{ labels: labelsOf({ __name__: "up" }), chunks }] }));
  const [plain] = await read(store, { dedup: false });
  assert.equal(plain?.samples, [
    [10_000, 1],
    [20_000, 1],
    [30_000, 1],
    [35_000, 2],
    [45_000, 2],
  ]);
  const [deduped] = await read(store);
  assert.equal(deduped?.samples, [
    [10_000, 1],
    [20_000, 1],
    [30_000, 1],
  ]);
});

test("a chunk that begins with the last sample of the one before goes on after it", async () => {
  const chunks = [
    ...encodeChunks([
      [10_000, 1],
      [20_000, 1],
    ]),
    ...encodeChunks([
      [20_000, 2],
      [30_000, 2],
    ]),
  ];
  const store = federation(createMemoryStore({ series: [{ labels: labelsOf({ __name__: "up" }), chunks }] }));
  const [plain] = await read(store, { dedup: false });
  assert.equal(plain?.samples, [
    [10_000, 1],
    [20_000, 1],
    [30_000, 2],
  ]);
});

test("random replicas, cut into chunks anyhow, give what upstream's iterators give over the same split", async () => {
  await everySeed(150, async (random) => {
    const lists = Array.from({ length: 1 + random.below(4) }, () => {
      const from = random.below(30_000);
      const step = random.oneOf([1000, 5000, 15_000]);
      let value = 0;
      return every(300, step, from)
        .filter(() => !random.chance(0.1))
        .map(([t]): MemorySample => {
          value = random.chance(0.02) ? 0 : value + random.below(5);
          return [t, value];
        });
    });
    const perChunk = 1 + random.below(150);
    const stores = lists.map((samples, i) =>
      createMemoryStore({
        name: `r${i}`,
        series: [
          { labels: labelsOf({ __name__: "up", replica: `r${i}` }), chunks: encodeChunks(samples, perChunk) },
        ] satisfies MemorySeries[],
      }),
    );
    const range = { minMs: random.below(200_000), maxMs: 200_000 + random.below(2_000_000) };
    for (const func of ["", "rate"]) {
      const [column] = await read(federation(...stores), {}, { func, range });
      assert.equal(column?.samples ?? [], expected(lists, { perChunk, range, counter: func === "rate" }));
    }
  });
});

interface Cut {
  readonly perChunk: number;
  readonly range: { readonly minMs: number; readonly maxMs: number };
  readonly counter: boolean;
}

/** The same by objects: chunks in the merge's order, overlap split, totals, bounds, iterators. */
function expected(
  lists: readonly (readonly MemorySample[])[],
  { perChunk, range, counter }: Cut,
): MemorySample[] {
  const chunks = lists.flatMap((samples) => {
    const cuts: MemorySample[][] = [];
    for (let i = 0; i < samples.length; i += perChunk) cuts.push(samples.slice(i, i + perChunk));
    return cuts.filter((cut) => (cut[0]?.[0] ?? 0) <= range.maxMs && (cut.at(-1)?.[0] ?? 0) >= range.minMs);
  });
  const unique = [
    ...new Map(chunks.map((chunk) => [encodeChunks(chunk, 1000)[0]?.data.join(), chunk])).values(),
  ];
  unique.sort(
    (a, b) =>
      (a[0]?.[0] ?? 0) - (b[0]?.[0] ?? 0) || (a.at(-1)?.[0] ?? 0) - (b.at(-1)?.[0] ?? 0) || compareData(b, a),
  );
  const replicas: MemorySample[][][] = [];
  for (const chunk of unique) {
    const free = replicas.find((list) => (list.at(-1)?.at(-1)?.[0] ?? 0) < (chunk[0]?.[0] ?? 0));
    if (free === undefined) replicas.push([chunk]);
    else free.push(chunk);
  }
  const bounded = replicas.map((list) => {
    const points = list.flat().map(([t, v]) => ({ t, v: Number(v) }));
    return (counter ? totals(points) : points).filter(({ t }) => t >= range.minMs && t <= range.maxMs);
  });
  return naiveDedup(bounded, { counter }).map(({ t, v }) => [t, v]);
}

function totals(points: readonly { t: number; v: number }[]): { t: number; v: number }[] {
  let total = 0;
  return points.map(({ t, v }, i) => {
    const before = points[i - 1]?.v ?? 0;
    total += i > 0 && v >= before ? v - before : v;
    return { t, v: total };
  });
}

function compareData(a: readonly MemorySample[], b: readonly MemorySample[]): number {
  const x = encodeChunks(a, 1000)[0]?.data ?? new Uint8Array(0);
  const y = encodeChunks(b, 1000)[0]?.data ?? new Uint8Array(0);
  for (let i = 0; i < Math.min(x.length, y.length); i++) if (x[i] !== y[i]) return (x[i] ?? 0) - (y[i] ?? 0);
  return x.length - y.length;
}

test("rows in hand are answered without a promise", async () => {
  const series = Array.from({ length: 10 }, (_, i) => ({
    labels: labelsOf({ __name__: "up", i: String(i) }),
    samples: [[1000, i] as MemorySample],
  }));
  const source = select(federation(createMemoryStore({ series })), { clock: createManualClock() });
  assert.ok(source.next() instanceof Promise);
  await yieldTwice();
  let direct = 0;
  for (;;) {
    const pulled = source.next();
    if (!(pulled instanceof Promise)) direct++;
    if ((await pulled) === undefined) break;
  }
  assert.ok(direct >= 8, `${direct} without a promise`);
  await source.close();
});

const yieldTwice = () => new Promise((resolve) => setTimeout(resolve, 1));

test("long work gives others their turn", async () => {
  const clock = createManualClock();
  let turns = 0;
  const series = Array.from({ length: 10 }, (_, i) => ({
    labels: labelsOf({ __name__: "up", i: String(i) }),
    samples: [[1000, i] as MemorySample],
  }));
  const source = select(createMemoryStore({ series }), {
    clock,
    yieldToLoop: async () => {
      turns++;
    },
  });
  const seen: number[] = [];
  for (;;) {
    const pulled = source.next();
    const column = await pulled;
    if (column === undefined) break;
    seen.push(column.values[0] ?? -1);
    clock.advance(5);
  }
  assert.equal(seen, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.is(turns, 4);
});

test("warnings of the stores reach the query", async () => {
  const ctx = createTestContext();
  await read(federation(createMemoryStore({ series: [], warnings: ["careful"] })), {}, {}, ctx);
  assert.equal(ctx.warnings, ["careful"]);
});

test("an answer cut short under `abort` is an execution error in Thanos's words", async () => {
  const store = federation(createMemoryStore({ series: [], warnings: ["careful"] }));
  const error = await errorOf(read(store, { partialResponse: "abort" }));
  assert.is(error.code, "execution");
  assert.is(error.message, "proxy Series(): rpc error: code = Aborted desc = careful");
  const none = await errorOf(read(federation(), { partialResponse: "abort" }));
  assert.is(none.message, "proxy Series(): No StoreAPIs available");
});

test("broken histograms and unknown chunks are clear errors", async () => {
  for (const [encoding, code, text] of [
    [1, "internal", "Cannot decode histogram chunk: it is cut off at byte 4"],
    [2, "internal", "Cannot decode float histogram chunk: it is cut off at byte 4"],
    [77, "execution", "Cannot read chunk: its encoding is 77, wants 0 (XOR), 1 or 2 (histograms)"],
  ] as const) {
    const chunks = [{ minMs: 0, maxMs: 9, encoding, data: Uint8Array.of(0, 1, 0, 0) }];
    const store = federation(
      createMemoryStore({ series: [{ labels: labelsOf({ __name__: "up" }), chunks }] }),
    );
    const error = await errorOf(read(store));
    assert.is(error.code, code);
    assert.is(error.message.replace(/at byte \d+/, "at byte 4"), text);
  }
});

test("closing aborts the streams at once, twice is fine, and gives memory back", async () => {
  let aborted = false;
  const silent: Store = {
    ...createMemoryStore({ series: [] }),
    async *series(ctx) {
      yield* createMemoryStore({
        series: [{ labels: labelsOf({ __name__: "up" }), samples: every(1000, 1) }],
      }).series(ctx, { ...emptyRequest, matchers: up });
      await new Promise((_, reject) => {
        ctx.signal.addEventListener("abort", () => {
          aborted = true;
          reject(ctx.signal.reason);
        });
      });
    },
  };
  const ctx = createTestContext();
  const source = select(silent, {}, {}, ctx);
  assert.ok(await source.next());
  assert.ok(ctx.heldBytes() > 0);
  const pending = source.next();
  await yieldTwice();
  await source.close();
  await source.close();
  assert.ok(aborted);
  await Promise.allSettled([pending]);
  assert.is(source.next(), undefined);
  assert.is(ctx.heldBytes(), 0);
});

const emptyRequest: SeriesRequest = {
  range: everything,
  matchers: [],
  withoutReplicaLabels: [],
  partialResponse: "warn",
  skipChunks: false,
  limit: 0,
  maxResolutionMs: 0,
  aggregates: ["RAW"],
  shard: undefined,
  storeMatchers: [],
};

test("a query that is left ends with the reason of its end", async () => {
  const leave = new AbortController();
  leave.abort(new GatewayError("timeout", "query timed out"));
  const ctx = createTestContext({ signal: leave.signal });
  const error = await errorOf(read(federation(replica("a", [1, 1])), {}, {}, ctx));
  assert.is(error.code, "timeout");
  assert.is(error.message, "query timed out");
});

test("so many selects open their streams at a time, also where one of them is never read", async () => {
  let open = 0;
  let most = 0;
  const store: Store = {
    ...createMemoryStore({ series: [] }),
    async *series() {
      open++;
      most = Math.max(most, open);
      await yieldTwice();
      open--;
      yield* [];
    },
  };
  const gate = createSelectGate(2);
  await Promise.all(Array.from({ length: 6 }, () => read(store, { gate })));
  assert.is(most, 2);
  const abort = new AbortController();
  const inside = [await gate.enter(abort.signal), await gate.enter(abort.signal)];
  const waiting = gate.enter(abort.signal);
  abort.abort(new GatewayError("canceled", "left"));
  assert.is((await errorOf(waiting)).message, "left");
  for (const leave of inside) leave();
});

test.run();
