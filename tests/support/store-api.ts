import { type DialOptions, dialThanos, type ThanosEndpoint } from "../../src/clients/thanos/dial-thanos.ts";
import { createSlabPool, type SlabPool } from "../../src/lib/slab-pool.ts";
import { labelsOf } from "../../src/model/labels.ts";
import { allTime } from "../../src/model/time-range.ts";
import { createGrpcServer, type GrpcServer, type GrpcServerOptions } from "../../src/rpc/grpc-server.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import type { EndpointInfo } from "../../src/store/endpoint.ts";
import type { QueryContext, Store } from "../../src/store/store.ts";
import { BatchBuilder } from "../../src/wire/batch-builder.ts";
import type { SeriesBatch } from "../../src/wire/series-batch.ts";

/** A served store and a client to it. */
export interface ServedPair {
  readonly server: GrpcServer;
  readonly address: string;
  readonly endpoint: ThanosEndpoint;
  /** The store as the client sees it. */
  readonly store: Store;
  close(): Promise<void>;
}

/** Info of a store that serves nothing but StoreAPI. */
export function endpointInfoOf(store: Store): EndpointInfo {
  const info = store.info();
  return { ...info, component: info.component ?? "sidecar", tsdbInfos: [], apis: new Set(["store"]) };
}

/** Serves a store on loopback and dials it. */
export async function serveAndDial(
  store: Store,
  parts: { readonly server?: Partial<GrpcServerOptions>; readonly client?: Partial<DialOptions> } = {},
): Promise<ServedPair> {
  const server = createGrpcServer({
    store,
    info: () => endpointInfoOf(store),
    health: () => true,
    slabs: createPoisoningPool(),
    ...parts.server,
  });
  const address = await server.listen({ host: "127.0.0.1", port: 0 });
  const endpoint = dialThanos({ address, slabs: createPoisoningPool(), ...parts.client });
  return {
    server,
    address,
    endpoint,
    store: endpoint.store(() => store.info()),
    async close() {
      await endpoint.close();
      await server.close(0);
    },
  };
}

/** Spoils what is given back, so that whoever reads a batch for too long reads junk. */
export function createPoisoningPool(): SlabPool {
  const pool = createSlabPool(8 << 20);
  return {
    take: pool.take,
    give(slab) {
      slab.fill(0xdd);
      pool.give(slab);
    },
  };
}

/** A store that never ends unless told, and tells what becomes of its streams. */
export interface EndlessStore extends Store {
  readonly seen: {
    started: number;
    /** Streams whose signal was aborted, and when the last was (monotonic ms). */
    aborted: number;
    abortedMs: number;
    finished: number;
    batches: number;
    bytes: number;
    contexts: QueryContext[];
  };
}

export interface EndlessOptions {
  /** Rows of a batch and bytes of each row's chunk. */
  readonly rows: number;
  readonly chunkBytes: number;
  /** Batches of a stream. */
  readonly batches: number;
  /** Falls silent after so many batches until it is aborted. */
  readonly silentAfter?: number;
  /** Waits so long before each batch, ms. */
  readonly pauseMs?: number;
  /** Throws this after so many batches. */
  readonly failAfter?: { readonly batches: number; readonly error: Error };
}

export function createEndlessStore(options: EndlessOptions): EndlessStore {
  const data = new Uint8Array(options.chunkBytes).fill(7);
  const seen: EndlessStore["seen"] = {
    started: 0,
    aborted: 0,
    abortedMs: 0,
    finished: 0,
    batches: 0,
    bytes: 0,
    contexts: [],
  };
  return {
    name: "endless",
    seen,
    info: () => ({
      labelSets: [labelsOf({ cluster: "a" })],
      timeRange: allTime,
      component: "sidecar",
      supportsSharding: false,
      supportsWithoutReplicaLabels: true,
    }),
    async *series(ctx) {
      seen.started += 1;
      seen.contexts.push(ctx);
      const onAbort = () => {
        seen.aborted += 1;
        seen.abortedMs = systemClock.monotonicMs();
      };
      ctx.signal.addEventListener("abort", onAbort);
      try {
        const builder = new BatchBuilder();
        for (let batch = 0; batch < options.batches; batch++) {
          if (options.pauseMs !== undefined) await systemClock.sleep(options.pauseMs, ctx.signal);
          if (batch === options.silentAfter) await untilAborted(ctx.signal);
          if (batch === options.failAfter?.batches) throw options.failAfter.error;
          for (let row = 0; row < options.rows; row++) {
            const number = batch * options.rows + row;
            builder.appendLabels(labelsOf({ __name__: "m", n: String(number).padStart(9, "0") }));
            builder.appendChunk({ minMs: 0, maxMs: 1, encoding: 0, data });
          }
          seen.batches += 1;
          seen.bytes += options.rows * options.chunkBytes;
          yield builder.take();
        }
      } finally {
        seen.finished += 1;
        ctx.signal.removeEventListener("abort", onAbort);
      }
    },
    labelNames: async (ctx) => {
      seen.contexts.push(ctx);
      return ["a", "b"];
    },
    labelValues: async (ctx) => {
      await untilAborted(ctx.signal);
      return [];
    },
  };
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/** Waits for a condition; throws where it does not come true. */
export async function until(condition: () => boolean, withinMs = 3_000): Promise<void> {
  const endMs = systemClock.monotonicMs() + withinMs;
  while (!condition()) {
    if (systemClock.monotonicMs() > endMs) throw new Error(`does not come true: ${condition}`);
    await systemClock.sleep(2);
  }
}

/** Reads a stream to its end without a look at its chunks; the count of its rows. */
export async function countRows(batches: AsyncIterable<SeriesBatch>): Promise<number> {
  let rows = 0;
  for await (const batch of batches) rows += batch.count;
  return rows;
}
