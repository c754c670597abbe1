import { suite } from "uvu";
import * as assert from "uvu/assert";
import { dialThanos } from "../../src/clients/thanos/dial-thanos.ts";
import { GatewayError } from "../../src/lib/errors.ts";
import { labelsOf } from "../../src/model/labels.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { createThrowawayAuthority } from "../../src/runtime/throwaway-certificates.ts";
import type { ClientTls } from "../../src/runtime/tls.ts";
import type { MemoryAccount } from "../../src/store/store.ts";
import { streamPhaseOf } from "../../src/store/stream-phase.ts";
import { createLog } from "../../src/telemetry/create-log.ts";
import { createManualClock } from "../support/manual-clock.ts";
import {
  createMemoryStore,
  createTestContext,
  labelRequest,
  seriesRequest,
} from "../support/memory-store.ts";
import { readBatches, seriesTexts } from "../support/read-batches.ts";
import { countRows, createEndlessStore, type ServedPair, serveAndDial, until } from "../support/store-api.ts";

const rpc = suite("StoreAPI over gRPC");

const pairs: { close(): Promise<unknown> }[] = [];
rpc.after.each(async () => {
  for (const pair of pairs.splice(0).reverse()) await pair.close();
});

async function pair(...args: Parameters<typeof serveAndDial>): Promise<ServedPair> {
  const made = await serveAndDial(...args);
  pairs.push(made);
  return made;
}

async function failure(work: Promise<unknown>): Promise<GatewayError> {
  try {
    await work;
  } catch (error) {
    assert.instance(error, GatewayError);
    return error as GatewayError;
  }
  throw new Error("did not fail");
}

const many = createMemoryStore({
  series: Array.from({ length: 700 }, (_, i) => ({
    labels: labelsOf({ __name__: "up", i: String(i).padStart(4, "0") }),
    samples: Array.from({ length: 130 }, (_, k) => [k * 15_000, i + k] as const),
  })),
  externalLabels: labelsOf({ cluster: "a" }),
  batchRows: 150,
});

rpc("series, names and values arrive as the store gave them", async () => {
  const { store } = await pair(many);
  const ctx = createTestContext();
  const there = await readBatches(many.series(createTestContext(), seriesRequest()));
  const here = await readBatches(store.series(ctx, seriesRequest()));
  assert.is(here.series.length, 700);
  assert.equal(seriesTexts(here.series), seriesTexts(there.series));
  assert.equal(await store.labelNames(ctx, labelRequest()), ["__name__", "cluster", "i"]);
  assert.is((await store.labelValues(ctx, { ...labelRequest(), label: "i" })).length, 700);
  assert.is(ctx.heldBytes(), 0);
});

rpc("batches are lent one at a time and are neither single rows nor everything", async () => {
  const { store } = await pair(many);
  const counts: number[] = [];
  for await (const batch of store.series(createTestContext(), seriesRequest())) counts.push(batch.count);
  assert.ok(counts.length >= 3 && counts.length < 100, `${counts}`);
});

rpc("Info tells labels, times, component and served APIs only", async () => {
  const { endpoint } = await pair(many);
  const info = await endpoint.fetchInfo(createTestContext());
  assert.equal(info.labelSets, [labelsOf({ cluster: "a" })]);
  assert.equal(info.timeRange, { minMs: Number.NEGATIVE_INFINITY, maxMs: Number.POSITIVE_INFINITY });
  assert.is(info.component, "sidecar");
  assert.equal([...info.apis], ["store"]);
  assert.is(info.supportsWithoutReplicaLabels, true);
});

rpc("Info is refused before the first readiness, and health says so", async () => {
  const { endpoint } = await pair(many, { server: { info: () => undefined, health: () => false } });
  const error = await failure(endpoint.fetchInfo(createTestContext()));
  assert.is(error.code, "unavailable");
  assert.is(error.message, "rpc error: code = Unknown desc = Not ready");
  assert.is(await endpoint.isServing(createTestContext()), false);
});

const statuses: readonly (readonly [title: string, error: Error, text: string, code: string])[] = [
  [
    "a plain error",
    new GatewayError("unavailable", "No StoreAPIs available"),
    "Unknown desc = No StoreAPIs available",
    "execution",
  ],
  [
    "a bad request",
    new GatewayError("bad_data", "no matchers specified"),
    "InvalidArgument desc = no matchers specified",
    "bad_data",
  ],
  [
    "a warning under abort",
    new GatewayError("aborted", "store x is bäd, 100%"),
    "Aborted desc = store x is bäd, 100%",
    "aborted",
  ],
  [
    "a programmer's error",
    new Error("assertion failed: x"),
    "Internal desc = assertion failed: x",
    "internal",
  ],
];
for (const [title, error, text, code] of statuses) {
  for (const batches of [0, 2]) {
    rpc(`${title} after ${batches} batches has its own status`, async () => {
      const { store } = await pair(
        createEndlessStore({ rows: 10, chunkBytes: 100, batches: 9, failAfter: { batches, error } }),
      );
      let rows = 0;
      const ctx = createTestContext();
      const read = async () => {
        for await (const batch of store.series(ctx, seriesRequest())) rows += batch.count;
      };
      const got = await failure(read());
      assert.is(got.message, `rpc error: code = ${text}`);
      assert.is(got.code, code);
      assert.is(rows, batches * 10);
      assert.is(ctx.heldBytes(), 0);
    });
  }
}

rpc("matchers that do not parse are the caller's fault", async () => {
  const { store } = await pair(many);
  const bad = { matchers: [{ type: "=~", name: "a", value: "(" }] } as const;
  const error = await failure(readBatches(store.series(createTestContext(), seriesRequest(bad))));
  assert.match(
    error.message,
    /^rpc error: code = InvalidArgument desc = error parsing regexp: missing closing \)/,
  );
});

rpc("warnings come as frames under warn and as Aborted under abort", async () => {
  const { store } = await pair(createMemoryStore({ series: [], warnings: ["careful"] }));
  const warned = await readBatches(store.series(createTestContext(), seriesRequest()));
  assert.equal(warned.warnings, ["careful"]);
  const error = await failure(
    readBatches(store.series(createTestContext(), seriesRequest({ partialResponse: "abort" }))),
  );
  assert.is(error.message, "rpc error: code = Aborted desc = careful");
});

rpc("what the store says to the context's warn reaches the caller", async () => {
  const inner = createMemoryStore({ series: [{ labels: labelsOf({ a: "b" }), samples: [[1, 1]] }] });
  const { store } = await pair({
    ...inner,
    async *series(ctx, request) {
      ctx.warn("first");
      ctx.warn("first");
      yield* inner.series(ctx, request);
      ctx.warn("last");
    },
    async labelNames(ctx) {
      ctx.warn("names");
      return ["x"];
    },
  });
  assert.equal((await readBatches(store.series(createTestContext(), seriesRequest()))).warnings, [
    "first",
    "last",
  ]);
  const ctx = createTestContext();
  assert.equal(await store.labelNames(ctx, labelRequest()), ["x"]);
  assert.equal(ctx.warnings, ["names"]);
});

rpc("a memory limit on the server is ResourceExhausted", async () => {
  const memory: MemoryAccount = {
    take() {
      throw new GatewayError("execution", "memory limit of 1 MiB");
    },
    give: () => undefined,
  };
  const { store } = await pair(many, { server: { memory: () => memory } });
  const error = await failure(readBatches(store.series(createTestContext(), seriesRequest())));
  assert.is(error.message, "rpc error: code = ResourceExhausted desc = memory limit of 1 MiB");
});

rpc("a memory limit on the client fails the call and frees it", async () => {
  const { store } = await pair(many);
  let held = 0;
  const memory: MemoryAccount = {
    take(sizeBytes) {
      if (held + sizeBytes > 100_000) throw new GatewayError("execution", "memory limit of 100 kB");
      held += sizeBytes;
    },
    give(sizeBytes) {
      held -= sizeBytes;
    },
  };
  const error = await failure(readBatches(store.series(createTestContext({ memory }), seriesRequest())));
  assert.is(error.message, "memory limit of 100 kB");
  assert.is(held, 0);
});

rpc("metadata, deadline and matchers travel", async () => {
  const inner = createEndlessStore({ rows: 1, chunkBytes: 1, batches: 1 });
  const { store } = await pair(inner);
  const metadata = {
    "thanos-tenant": "team-a",
    "request-id": "r1",
    secret: "no",
    "bad name": "x",
    ok: "a\nb",
  };
  await store.labelNames(
    createTestContext({ metadata, deadlineMs: systemClock.nowMs() + 60_000 }),
    labelRequest(),
  );
  await countRows(store.series(createTestContext({ metadata }), seriesRequest()));
  const [names, series] = inner.seen.contexts;
  assert.equal(names?.metadata, { "thanos-tenant": "team-a", "request-id": "r1" });
  assert.equal(series?.metadata, names?.metadata);
  const leftMs = (names?.deadlineMs ?? 0) - systemClock.nowMs();
  // A label call may take two fifths of the time left, and a peer is told a little less.
  assert.ok(leftMs > 18_000 && leftMs <= 23_500, `${leftMs}`);
  assert.is(series?.deadlineMs, undefined);
});

rpc("a store that is silent for two fifths of the time left is given up", async () => {
  const inner = createEndlessStore({ rows: 1, chunkBytes: 1, batches: 9, silentAfter: 1 });
  const { store } = await pair(inner, { client: { responseTimeoutMs: 60_000 } });
  const startMs = systemClock.monotonicMs();
  const ctx = createTestContext({ deadlineMs: systemClock.nowMs() + 1_000 });
  const error = await failure(countRows(store.series(ctx, seriesRequest())));
  assert.match(error.message, /^failed to receive any data in (400|39\d)ms from Addr: /);
  assert.is(streamPhaseOf(error), "silent");
  assert.ok(systemClock.monotonicMs() - startMs >= 390);
  await until(() => inner.seen.finished === 1);
});

rpc("an expired deadline ends both sides", async () => {
  const inner = createEndlessStore({ rows: 1, chunkBytes: 1, batches: 1_000_000, pauseMs: 10 });
  const { store } = await pair(inner);
  const ctx = createTestContext({ deadlineMs: systemClock.nowMs() + 500 });
  const error = await failure(countRows(store.series(ctx, seriesRequest())));
  assert.is(error.code, "timeout", error.message);
  assert.is(error.message, "rpc error: code = DeadlineExceeded desc = context deadline exceeded");
  await until(() => inner.seen.finished === 1);
  const unary = await failure(
    store.labelValues(createTestContext({ deadlineMs: systemClock.nowMs() + 80 }), {
      ...labelRequest(),
      label: "x",
    }),
  );
  assert.is(unary.code, "timeout");
  const late = await failure(
    store.labelNames(createTestContext({ deadlineMs: systemClock.nowMs() - 1 }), labelRequest()),
  );
  assert.is(late.code, "timeout");
});

rpc("the server sees a cancel within 50 ms, and the pending read ends", async () => {
  const inner = createEndlessStore({ rows: 1, chunkBytes: 1, batches: 9, silentAfter: 1 });
  const { store } = await pair(inner);
  const abort = new AbortController();
  const reading = failure(
    countRows(store.series(createTestContext({ signal: abort.signal }), seriesRequest())),
  );
  await until(() => inner.seen.batches === 1);
  await systemClock.sleep(20);
  const canceledMs = systemClock.monotonicMs();
  abort.abort();
  assert.is((await reading).code, "canceled");
  await until(() => inner.seen.finished === 1);
  assert.ok(inner.seen.abortedMs - canceledMs < 50, `took ${inner.seen.abortedMs - canceledMs} ms`);
});

rpc("leaving the loop cancels the call and gives all memory back", async () => {
  const inner = createEndlessStore({ rows: 64, chunkBytes: 4_000, batches: 1e6 });
  const { store } = await pair(inner);
  const ctx = createTestContext();
  for await (const batch of store.series(ctx, seriesRequest())) {
    assert.ok(batch.count > 0);
    break;
  }
  assert.is(ctx.heldBytes(), 0);
  await until(() => inner.seen.finished === 1);
});

rpc("`return` ends a pending read at once", async () => {
  const inner = createEndlessStore({ rows: 1, chunkBytes: 1, batches: 9, silentAfter: 0 });
  const { store } = await pair(inner);
  const batches = store.series(createTestContext(), seriesRequest())[Symbol.asyncIterator]();
  const pending = batches.next();
  await until(() => inner.seen.started === 1);
  await batches.return?.();
  assert.equal(await pending, { done: true, value: undefined });
  await until(() => inner.seen.finished === 1);
});

rpc("a slow reader holds back the store: neither side piles up", async () => {
  const inner = createEndlessStore({ rows: 64, chunkBytes: 4_000, batches: 4_000 });
  let serverHeld = 0;
  let serverMost = 0;
  const memory: MemoryAccount = {
    take(sizeBytes) {
      serverHeld += sizeBytes;
      serverMost = Math.max(serverMost, serverHeld);
    },
    give(sizeBytes) {
      serverHeld -= sizeBytes;
    },
  };
  const { store } = await pair(inner, {
    server: { memory: () => memory },
    client: { streamWindowBytes: () => 512 * 1024 },
  });
  const ctx = createTestContext();
  const batches = store.series(ctx, seriesRequest())[Symbol.asyncIterator]();
  await batches.next();
  await systemClock.sleep(300);
  const { bytes } = inner.seen;
  assert.ok(bytes < 5 << 20, `store gave ${bytes} bytes`);
  assert.ok(serverMost < 2 << 20, `server held ${serverMost} bytes`);
  assert.ok(ctx.heldBytes() < 3 << 20, `client held ${ctx.heldBytes()} bytes`);
  await systemClock.sleep(100);
  assert.is(inner.seen.bytes, bytes);
  await batches.return?.();
  await until(() => inner.seen.finished === 1);
  await until(() => serverHeld === 0);
  assert.is(ctx.heldBytes(), 0);
});

rpc("a stalled stream does not keep others of the same connection waiting", async () => {
  const inner = createEndlessStore({ rows: 64, chunkBytes: 4_000, batches: 100 });
  const { store, endpoint } = await pair(inner);
  const stalled = Array.from({ length: 8 }, () =>
    store.series(createTestContext(), seriesRequest())[Symbol.asyncIterator](),
  );
  await Promise.all(stalled.map((batches) => batches.next()));
  await endpoint.fetchInfo(createTestContext({ deadlineMs: systemClock.nowMs() + 2_000 }));
  let rows = 0;
  for await (const batch of store.series(createTestContext(), seriesRequest())) rows += batch.count;
  assert.is(rows, 6_400);
  for (const batches of stalled) await batches.return?.();
});

rpc("3,000 canceled calls in a row leave the endpoint working", async () => {
  const inner = createEndlessStore({ rows: 4, chunkBytes: 50, batches: 9, silentAfter: 1 });
  const { store, endpoint } = await pair(inner);
  for (let round = 0; round < 60; round++) {
    await Promise.all(
      Array.from({ length: 50 }, async () => {
        for await (const _ of store.series(createTestContext(), seriesRequest())) break;
      }),
    );
  }
  await until(() => inner.seen.finished === 3_000);
  assert.is((await endpoint.fetchInfo(createTestContext())).component, "sidecar");
});

rpc("a server that grows old moves its callers on without an error", async () => {
  const inner = createEndlessStore({ rows: 4, chunkBytes: 50, batches: 24 });
  const slow = {
    ...inner,
    async *series(...args: Parameters<typeof inner.series>) {
      for await (const batch of inner.series(...args)) {
        yield batch;
        await systemClock.sleep(60);
      }
    },
  };
  const { store, endpoint } = await pair(slow, { server: { maxConnectionAgeMs: 150 } });
  const long = countRows(store.series(createTestContext(), seriesRequest()));
  for (let i = 0; i < 30; i++) {
    await endpoint.fetchInfo(createTestContext());
    await systemClock.sleep(45);
  }
  assert.is(await long, 96);
});

rpc("a store that is silent for too long is given up in Thanos's words", async () => {
  const inner = createEndlessStore({ rows: 1, chunkBytes: 1, batches: 9, silentAfter: 1 });
  const { store, address } = await pair(inner, { client: { responseTimeoutMs: 80 } });
  let rows = 0;
  const read = async () => {
    for await (const batch of store.series(createTestContext(), seriesRequest())) rows += batch.count;
  };
  const error = await failure(read());
  assert.is(
    error.message,
    `failed to receive any data in 80ms from Addr: ${address} MinTime: -9223372036854775808 MaxTime: 9223372036854775807: rpc error: code = Canceled desc = context canceled`,
  );
  assert.is(streamPhaseOf(error), "silent");
  assert.is(rows, 1);
  await until(() => inner.seen.finished === 1);
});

rpc("a slow reader is not taken for a silent store", async () => {
  const { store } = await pair(createEndlessStore({ rows: 64, chunkBytes: 4_000, batches: 12 }), {
    client: { responseTimeoutMs: 60, streamWindowBytes: () => 128 * 1024 },
  });
  let rows = 0;
  for await (const batch of store.series(createTestContext(), seriesRequest())) {
    if (rows === 0) await systemClock.sleep(200);
    rows += batch.count;
  }
  assert.is(rows, 768);
});

rpc(
  "a reader without a deadline that takes nothing for five minutes is cut, one with a deadline is not",
  async () => {
    const inner = createEndlessStore({ rows: 64, chunkBytes: 4_000, batches: 4_000 });
    const clock = createManualClock();
    const { store } = await pair(inner, {
      server: { clock },
      client: { streamWindowBytes: () => 128 * 1024 },
    });
    const open = async (deadlineMs: number | undefined) => {
      const ctx = { ...createTestContext(), deadlineMs };
      const batches = store.series(ctx, seriesRequest())[Symbol.asyncIterator]();
      await batches.next();
      return batches;
    };
    const asleep = await open(undefined);
    const patient = await open(systemClock.nowMs() + 3_600_000);
    await systemClock.sleep(300);
    clock.advance(299_999);
    await systemClock.sleep(20);
    assert.is(inner.seen.finished, 0);
    clock.advance(1);
    await until(() => inner.seen.finished === 1);
    const error = await failure(
      (async () => {
        while (!(await asleep.next()).done);
      })(),
    );
    assert.match(error.message, /reset|RST_STREAM/);
    assert.is((await patient.next()).done, false);
    await patient.return?.();
  },
);

rpc("closing the server lets calls in flight end within the grace", async () => {
  const { store, server } = await pair(createEndlessStore({ rows: 64, chunkBytes: 4_000, batches: 40 }));
  const batches = store.series(createTestContext(), seriesRequest())[Symbol.asyncIterator]();
  let rows = (await batches.next()).value?.count ?? 0;
  const closing = server.close(2_000);
  for (let next = await batches.next(); !next.done; next = await batches.next()) rows += next.value.count;
  assert.is(rows, 2_560);
  await closing;
});

rpc("closing the server cuts what outlives the grace, and the caller sees it", async () => {
  const { store, server } = await pair(
    createEndlessStore({ rows: 1, chunkBytes: 1, batches: 9, silentAfter: 1 }),
  );
  const reading = failure(countRows(store.series(createTestContext(), seriesRequest())));
  await systemClock.sleep(50);
  await server.close(50);
  const error = await reading;
  assert.is(error.code, "unavailable");
  assert.match(error.message, /^rpc error: code = Unavailable desc = call to 127\.0\.0\.1:\d+ was cut: /);
});

const authority = await createThrowawayAuthority();
const serverPair = await authority.issue({ commonName: "server" });
const clientPair = await authority.issue({ commonName: "client" });
const stranger = await createThrowawayAuthority("stranger");
const serverTls = { ...serverPair, clientCaPem: authority.caPem, minVersion: "1.3" } as const;
const clientTls: ClientTls = {
  caPem: authority.caPem,
  pair: clientPair,
  serverName: undefined,
  skipVerify: false,
  minVersion: "1.3",
};

rpc("mutual TLS carries everything", async () => {
  const { store, endpoint } = await pair(many, {
    server: { tls: serverTls },
    client: { tls: () => clientTls },
  });
  assert.is((await endpoint.fetchInfo(createTestContext())).component, "sidecar");
  assert.is((await readBatches(store.series(createTestContext(), seriesRequest()))).series.length, 700);
});

for (const secure of [false, true]) {
  rpc(`memory that is used again spoils nothing${secure ? " over TLS" : ""}`, async () => {
    const inner = createEndlessStore({ rows: 64, chunkBytes: 3_000, batches: 60 });
    const { store } = await pair(
      inner,
      secure ? { server: { tls: serverTls }, client: { tls: () => clientTls } } : {},
    );
    const check = async () => {
      let rows = 0;
      for await (const batch of store.series(createTestContext(), seriesRequest())) {
        if (rows % 1_000 === 0) await systemClock.sleep(1);
        for (let row = 0; row < batch.count; row++) {
          const labels = batch.buffers[batch.labelBuffer[row] ?? 0]?.subarray(
            batch.labelStart[row],
            batch.labelEnd[row],
          );
          assert.ok(
            Buffer.from(labels ?? [])
              .toString()
              .endsWith(String(rows).padStart(9, "0")),
            `row ${rows}`,
          );
          const chunk = batch.chunkFrom[row] ?? 0;
          const data = batch.buffers[batch.chunkBuffer[chunk] ?? 0]?.subarray(
            batch.rawStart[chunk],
            batch.rawEnd[chunk],
          );
          assert.is(data?.length, 3_000);
          assert.ok(
            data?.every((byte) => byte === 7),
            `chunk of row ${rows}`,
          );
          rows += 1;
        }
      }
      assert.is(rows, 3_840);
    };
    await Promise.all([check(), check(), check()]);
  });
}

rpc(
  "a caller without a certificate, or with a stranger's, is turned away, and the log says why",
  async () => {
    const lines: string[] = [];
    const log = createLog({
      level: "warn",
      format: "logfmt",
      write: (line) => lines.push(line),
      clock: systemClock,
    });
    const { address } = await pair(many, {
      server: { tls: serverTls, log },
      client: { tls: () => clientTls },
    });
    const foreign = await stranger.issue({ commonName: "client" });
    for (const shown of [undefined, foreign]) {
      const endpoint = dialThanos({ address, tls: () => ({ ...clientTls, pair: shown }) });
      pairs.push(endpoint);
      const error = await failure(endpoint.fetchInfo(createTestContext()));
      assert.match(
        error.message,
        new RegExp(`^rpc error: code = Unavailable desc = cannot connect to ${address}: `),
      );
      const reason =
        shown === undefined ? "shows no certificate" : "certificate is not signed by a known authority";
      const line = new RegExp(
        `level=warn msg="gRPC client refused" reason="it(s)? ${reason}.*" remoteAddress=127\\.0\\.0\\.1`,
      );
      await until(() => lines.some((text) => line.test(text)));
    }
    assert.ok(lines.length <= 5, "a client that tries again and again is not logged each time");
  },
);

rpc("a server of a strange authority is not spoken to", async () => {
  const { address } = await pair(many, { server: { tls: serverTls }, client: { tls: () => clientTls } });
  const endpoint = dialThanos({ address, tls: () => ({ ...clientTls, caPem: stranger.caPem }) });
  pairs.push(endpoint);
  const error = await failure(
    readBatches(endpoint.store(many.info).series(createTestContext(), seriesRequest())),
  );
  assert.is(error.code, "unavailable");
  assert.is(streamPhaseOf(error), "open");
  assert.match(error.message, /its certificate is not signed by a known authority/);
});

rpc("a server takes a new certificate and authority without a restart", async () => {
  const { server, address } = await pair(many, {
    server: { tls: serverTls },
    client: { tls: () => clientTls },
  });
  const renewed = await stranger.issue({ commonName: "server" });
  server.setTls({ ...renewed, clientCaPem: stranger.caPem, minVersion: "1.3" });
  const endpoint = dialThanos({
    address,
    tls: () => ({ ...clientTls, caPem: stranger.caPem, pair: renewed }),
  });
  pairs.push(endpoint);
  assert.is((await endpoint.fetchInfo(createTestContext())).component, "sidecar");
});

rpc.run();
