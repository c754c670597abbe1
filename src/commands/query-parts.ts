import type { ClusterConfig } from "../config/cluster-config.ts";
import type { QueryConfig } from "../config/query-config.ts";
import type { Discovery } from "../discovery/create-discovery.ts";
import type { EndpointSet } from "../federation/endpoint-set.ts";
import type { ProxyStore } from "../federation/proxy-store.ts";
import { createSelectable } from "../federation/select.ts";
import { createGateFactory } from "../http/gate.ts";
import { createHttpApp, type HttpApp } from "../http/http-app.ts";
import type { LiveQueries } from "../http/live-queries.ts";
import { messageOf } from "../lib/errors.ts";
import { createEngine } from "../promql/exec/create-engine.ts";
import type { StoreApiOptions } from "../rpc/grpc-server.ts";
import { createStoreApiFetchHandler } from "../rpc/store-api-fetch-handler.ts";
import type { Clock } from "../runtime/clock.ts";
import type { MemoryLimit } from "../store/memory-limit.ts";
import { withLimits } from "../store/with-limits.ts";
import { buildInfo, type ComponentStatus } from "../telemetry/component-status.ts";
import type { MetricsRegistry } from "../telemetry/create-metrics.ts";
import type { Log } from "../telemetry/log.ts";

/** How often endpoints are asked for Info. */
export const infoIntervalMs = 5_000;
/** How long the first answers of the endpoints are waited for where `--store.response-timeout` does not say. */
const firstWaitMs = 30_000;

/** What the servers of a gateway are made of. */
export interface QueryParts {
  readonly config: QueryConfig;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: MetricsRegistry;
  readonly status: ComponentStatus;
  readonly memory: MemoryLimit;
  readonly live: LiveQueries;
  /** Clusters that the configuration declares. */
  readonly clusters: readonly ClusterConfig[];
  readonly discovery: Discovery;
  readonly endpoints: EndpointSet;
  readonly store: ProxyStore;
}

/** Looks for the endpoints, asks them, and waits until all have answered or failed, the time is up, or the process is to stop. */
export async function firstAnswers(
  { config, clock, log, clusters, discovery, endpoints }: QueryParts,
  stop: AbortSignal,
): Promise<void> {
  const labels = new Map(clusters.map((cluster) => [cluster.name, cluster.labels]));
  let updated = Promise.resolve();
  discovery.onChange((found) => {
    const declared = found.clusters.map((cluster) => ({ ...cluster, labels: labels.get(cluster.name) }));
    updated = endpoints.update(found.endpoints, declared).catch((error: unknown) => {
      log.error("update of endpoints failed", { err: messageOf(error) });
    });
  });
  discovery.start();
  const asked = discovery.settled().then(() => updated);
  let giveUp: () => void = () => undefined;
  const stopped = new Promise<void>((resolve) => {
    giveUp = clock.after(config.responseTimeoutMs || firstWaitMs, resolve);
    stop.addEventListener("abort", () => resolve(), { once: true });
  });
  try {
    await Promise.race([asked, stopped]);
  } finally {
    giveUp();
  }
  clock.after(infoIntervalMs, endpoints.start);
}

/** The gateway as others' store. */
export function storeApiOf({
  config,
  clock,
  log,
  metrics,
  status,
  memory,
  store,
}: QueryParts): StoreApiOptions {
  const { requestSeries, requestSamples } = config.limits;
  return {
    store: withLimits(store, { series: requestSeries, samples: requestSamples }, metrics),
    info: () => ({
      ...store.info(),
      component: "query",
      tsdbInfos: store.tsdbInfos(),
      apis: new Set(["store"] as const),
    }),
    health: status.isReady,
    memory: () => memory.account(),
    log,
    metrics,
    clock,
  };
}

export function createQueryApp(parts: QueryParts, served: StoreApiOptions): HttpApp {
  const { config, clock, log, metrics, status, memory, live, endpoints, store } = parts;
  const { query } = config;
  const selectGate = createGateFactory({ kind: "selects", max: query.maxConcurrentSelect, metrics, clock });
  return createHttpApp({
    engine: createEngine({
      lookbackDeltaMs: query.lookbackDeltaMs,
      defaultSubqueryStepMs: query.defaultEvaluationIntervalMs,
      maxSamples: query.maxSamples,
      features: query.features,
      xFunctions: query.xFunctions,
      delayedNameRemoval: query.features.has("promql-delayed-name-removal"),
    }),
    store,
    select: (choices) =>
      createSelectable(store, { ...choices, algorithm: query.dedupFunction, clock, gate: selectGate() }),
    endpoints: endpoints.status,
    status,
    metrics,
    log,
    clock,
    memory,
    live,
    admin: config.http.admin,
    defaults: query,
    timeoutMs: query.timeoutMs,
    maxConcurrent: query.maxConcurrent,
    build: buildInfo(),
    flags: config.flagTexts,
    routePrefix: config.http.routePrefix,
    disableCors: config.http.disableCors,
    storeApi: config.http.storeApi ? createStoreApiFetchHandler(served) : undefined,
  });
}
