import { createSlabPool, type SlabPool } from "../lib/slab-pool.ts";
import { type Clock, systemClock } from "../runtime/clock.ts";
import { type Http2Server, listenHttp2 } from "../runtime/http2-server.ts";
import type { ServerTls } from "../runtime/tls.ts";
import type { EndpointInfo } from "../store/endpoint.ts";
import type { MemoryAccount, Store } from "../store/store.ts";
import { type Log, noLog } from "../telemetry/log.ts";
import { type Metrics, noMetrics } from "../telemetry/metrics.ts";
import { createConnectHandlers, serveConnect } from "./connect-exchange.ts";
import { createRefusalLog } from "./refusal-log.ts";
import { isPlainGrpcSeries, serveSeries } from "./serve-series.ts";
import type { ServedStore } from "./served-store.ts";
import { createGrpcServerMetrics } from "./server-metrics.ts";
import { addStoreServices } from "./store-services.ts";

export interface StoreApiOptions {
  readonly store: Store;
  /** The answer of Info; `undefined` while there is none yet, which callers see as "Not ready". */
  readonly info: () => EndpointInfo | undefined;
  /** Whether the health service says SERVING. */
  readonly health: () => boolean;
  /** An account for one call; without it nothing is counted. */
  readonly memory?: (() => MemoryAccount) | undefined;
  /** Where answers are written; by default one pool for all servers. */
  readonly slabs?: SlabPool | undefined;
  readonly log?: Log | undefined;
  readonly metrics?: Metrics | undefined;
  readonly clock?: Clock | undefined;
}

export interface GrpcServerOptions extends StoreApiOptions {
  readonly tls?: ServerTls | undefined;
  /** 0 for any age. */
  readonly maxConnectionAgeMs?: number | undefined;
}

/** A server of StoreAPI, Info and health: gRPC, gRPC-Web and Connect, over HTTP/2 and HTTP/1.1, on one port. */
export interface GrpcServer {
  /** Resolves with `host:port` as bound; rejects with the system's error. */
  listen(address: { readonly host: string; readonly port: number }): Promise<string>;
  /** New connections use this certificate and client authority. */
  setTls(tls: ServerTls): void;
  /** Takes no new calls, and cuts those in flight after `graceMs`. */
  close(graceMs: number): Promise<void>;
}

const defaultMaxConnectionAgeMs = 60 * 60_000;
const sharedSlabs = createSlabPool(16 * 1024 * 1024);
const uncounted: MemoryAccount = { take: () => undefined, give: () => undefined };

export function createGrpcServer(options: GrpcServerOptions): GrpcServer {
  const served = createServedStore(options);
  const handlers = createConnectHandlers({
    grpc: true,
    addServices: (router) => addStoreServices(router, served),
  });
  let server: Http2Server | undefined;
  return {
    async listen({ host, port }) {
      server = await listenHttp2({
        host,
        port,
        tls: options.tls,
        maxConnectionAgeMs: options.maxConnectionAgeMs ?? defaultMaxConnectionAgeMs,
        handle: (exchange) =>
          isPlainGrpcSeries(exchange) ? serveSeries(exchange, served) : serveConnect(exchange, handlers),
        onError: (error) => served.log.error("gRPC server failed", { error }),
        onConnectionError: (error, remoteAddress) =>
          served.log.debug("gRPC connection failed", { error, remoteAddress }),
        onRefusedCertificate: createRefusalLog(served.log, served.clock),
      });
      return server.address;
    },
    setTls: (tls) => server?.setTls(tls),
    close: async (graceMs) => server?.close(graceMs),
  };
}

/** Puts defaults where options are left out. */
export function createServedStore(options: StoreApiOptions): ServedStore {
  const clock = options.clock ?? systemClock;
  return {
    store: options.store,
    info: options.info,
    health: options.health,
    memory: options.memory ?? (() => uncounted),
    slabs: options.slabs ?? sharedSlabs,
    log: options.log ?? noLog,
    metrics: createGrpcServerMetrics(options.metrics ?? noMetrics, () => clock.monotonicMs()),
    clock,
  };
}
