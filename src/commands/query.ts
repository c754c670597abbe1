import { dialThanos, streamWindowFor } from "../clients/thanos/dial-thanos.ts";
import type { ListenAddress } from "../config/address.ts";
import { helpText } from "../config/help-text.ts";
import { type QueryConfig, readQueryConfig } from "../config/query-config.ts";
import { queryAbout, queryFlags } from "../config/query-flags.ts";
import { createEndpointSet, type EndpointSpec } from "../federation/endpoint-set.ts";
import { createProxyStore } from "../federation/proxy-store.ts";
import { createReadiness } from "../federation/readiness.ts";
import { type AdminApp, createAdminApp } from "../http/admin-app.ts";
import { createLiveQueries } from "../http/live-queries.ts";
import { createHealthApp } from "../http/operations-app.ts";
import { messageOf } from "../lib/errors.ts";
import { createGrpcServer } from "../rpc/grpc-server.ts";
import { systemClock } from "../runtime/clock.ts";
import { type HttpServerOptions, listenHttp } from "../runtime/http-server.ts";
import { availableMemoryBytes, onUncaught } from "../runtime/process.ts";
import { createMemoryLimit } from "../store/memory-limit.ts";
import { buildInfo, createComponentStatus } from "../telemetry/component-status.ts";
import { createLog } from "../telemetry/create-log.ts";
import { createMetrics } from "../telemetry/create-metrics.ts";
import { registerProcessMetrics } from "../telemetry/process-metrics.ts";
import type { CommandIo } from "./command.ts";
import { declaredCluster, readClusters } from "./declared-clusters.ts";
import { listenOrExplain } from "./listen-error.ts";
import { dialDiscovered, openQueryDiscovery } from "./query-discovery.ts";
import { createQueryApp, firstAnswers, infoIntervalMs, type QueryParts, storeApiOf } from "./query-parts.ts";
import { openQueryTls } from "./query-tls.ts";

const maxHeaderBytes = 1_048_576;
/** Above the 60 s after which load balancers drop idle connections themselves. */
const keepAliveMs = 75_000;

/** A gateway that is up. */
export interface RunningQuery {
  /** `host:port` as bound. */
  readonly httpAddress: string;
  readonly grpcAddress: string;
  /** Takes no more calls, lets those in flight end within their graces, and frees everything. */
  close(): Promise<void>;
}

/** `sluice query`: serves until it is asked to stop. */
export async function run(argv: readonly string[], io: CommandIo): Promise<number> {
  let config: QueryConfig;
  try {
    const read = readQueryConfig(argv);
    if (read.kind === "help") io.out(helpText("query", queryAbout, queryFlags));
    if (read.kind === "version") io.out(`sluice ${buildInfo().version} (${buildInfo().goVersion})\n`);
    if (read.kind !== "run") return 0;
    config = read.config;
  } catch (error) {
    io.err(`${messageOf(error)}\nFlags: sluice query --help\n`);
    return 2;
  }
  const log = createLog({ ...config.log, write: io.err, clock: systemClock });
  const stopLogging = onUncaught((reason) => {
    log.error("an error that nobody caught; the process goes on", {
      err: messageOf(reason),
      stack: stackOf(reason),
    });
  });
  try {
    const running = await startQuery(config, io);
    await new Promise<void>((resolve) => {
      if (io.stop.aborted) resolve();
      else io.stop.addEventListener("abort", () => resolve(), { once: true });
    });
    log.info("caught signal, shutting down", { reason: messageOf(io.stop.reason) });
    await running.close();
    log.info("exiting");
    return 0;
  } catch (error) {
    io.err(`${messageOf(error)}\n`);
    return 1;
  } finally {
    stopLogging();
  }
}

/**
 * Starts a gateway: HTTP first, gRPC once the endpoints have had their chance to answer; resolves when it is ready.
 * Throws GatewayError that names the flag where an address cannot be bound or a file cannot be read.
 */
export async function startQuery(config: QueryConfig, io: CommandIo): Promise<RunningQuery> {
  const clock = systemClock;
  const log = createLog({ ...config.log, write: io.err, clock });
  const metrics = createMetrics();
  registerProcessMetrics(metrics, clock);
  const status = createComponentStatus("query", metrics);
  const memory = createMemoryLimit(config.memoryLimitBytes ?? Math.floor(availableMemoryBytes() / 4));
  metrics.observe("sluice_memory_held_bytes", "Bytes that queries hold.", () => [
    { value: memory.heldBytes() },
  ]);
  metrics.observe("sluice_memory_limit_bytes", "Bytes that queries may hold.", () => [
    { value: memory.limitBytes },
  ]);
  const clusters = await readClusters(config);
  const tls = await openQueryTls(
    { ...config, clusters },
    { clock, log, metrics, reloadIntervalMs: config.grpc.tlsReloadIntervalMs },
  );
  const discovery = await openQueryDiscovery(config, {
    clock,
    log,
    metrics,
    profiles: tls.profiles,
    clusters: clusters.map(declaredCluster),
  });
  const timeouts = new Map(clusters.map(({ name, responseTimeoutMs }) => [name, responseTimeoutMs]));
  const dial = ({ address, host, cluster, tls: profile }: EndpointSpec) =>
    dialThanos({
      address,
      host,
      tls: () => {
        const own = profile === undefined ? undefined : tls.profile(profile);
        return own === undefined ? discovery.tlsOf(profile, tls.client) : own.tls;
      },
      onTlsChange: tls.onClientChange,
      responseTimeoutMs: timeouts.get(cluster ?? address) ?? config.responseTimeoutMs,
      streamWindowBytes: () => streamWindowFor(memory.limitBytes, discovery.current().endpoints.length),
      metrics,
      clock,
    });
  const endpoints = createEndpointSet({
    dial: (found) => dialDiscovered(found, { discovery, graceMs: config.grpc.graceMs, dial }),
    clock,
    log,
    metrics,
    intervalMs: infoIntervalMs,
    infoTimeoutMs: config.infoTimeoutMs,
    unhealthyTimeoutMs: config.unhealthyTimeoutMs,
    graceMs: config.grpc.graceMs,
  });
  const store = createProxyStore({
    endpoints: endpoints.endpoints,
    clusters: endpoints.clusters,
    selectorLabels: config.selectorLabels,
    metrics,
    clock,
  });
  const readiness = createReadiness({ ...config.ready, clusters: endpoints.clusters, clock, log });
  status.requireReady(readiness.isReady);
  const live = createLiveQueries(clock);
  const parts: QueryParts = {
    config,
    clock,
    log,
    metrics,
    status,
    memory,
    live,
    clusters,
    discovery,
    endpoints,
    store,
  };
  const served = storeApiOf(parts);
  const grpc = createGrpcServer({
    ...served,
    tls: tls.server(),
    maxConnectionAgeMs: config.grpc.maxConnectionAgeMs,
  });
  tls.onServerChange(grpc.setTls);
  const closers: (() => Promise<void>)[] = [
    async () => tls.close(),
    endpoints.close,
    async () => discovery.close(),
  ];
  const close = async () => {
    status.setReady(false);
    for (const end of closers.splice(0).reverse()) await end();
    status.setHealthy(false);
  };
  try {
    for (const side of sideListeners(config, createAdminApp(live), createHealthApp(status))) {
      const listener = await listenOrExplain(side.flag, side.address, () =>
        listenHttp({
          ...side.address,
          handle: side.handle,
          maxHeaderBytes,
          keepAliveMs,
          onError: (error) =>
            log.error("HTTP request failed", { err: messageOf(error), stack: stackOf(error) }),
        }),
      );
      closers.push(() => listener.close(0));
      log.info(`listening for ${side.what}`, { address: listener.address });
    }
    const app = createQueryApp(parts, served);
    const { address } = config.http;
    const http = await listenOrExplain("--http-address", address, () =>
      listenHttp({
        ...address,
        handle: app.handle,
        maxHeaderBytes,
        keepAliveMs,
        onError: (error) =>
          log.error("HTTP request failed", { err: messageOf(error), stack: stackOf(error) }),
      }),
    );
    closers.push(() => http.close(config.http.graceMs));
    status.setHealthy(true);
    log.info("listening for HTTP", { address: http.address });
    await firstAnswers(parts, io.stop);
    const grpcAddress = await listenOrExplain("--grpc-address", config.grpc.address, () =>
      grpc.listen(config.grpc.address),
    );
    closers.push(() => grpc.close(config.grpc.graceMs));
    log.info("listening for gRPC", { address: grpcAddress, tls: config.grpc.tls !== undefined });
    readiness.start();
    closers.push(async () => readiness.close());
    status.setReady(true);
    return { httpAddress: http.address, grpcAddress, close };
  } catch (error) {
    await close();
    throw error;
  }
}

interface SideListener {
  readonly flag: string;
  readonly what: string;
  readonly address: ListenAddress;
  readonly handle: HttpServerOptions["handle"];
}

/** The listeners besides the public one, as far as the flags ask for them. */
function sideListeners(
  { adminAddress, healthAddress }: QueryConfig,
  admin: AdminApp,
  health: AdminApp["handle"],
): readonly SideListener[] {
  const listeners: SideListener[] = [];
  if (healthAddress !== undefined)
    listeners.push({ flag: "--health-address", what: "probes", address: healthAddress, handle: health });
  if (adminAddress !== undefined)
    listeners.push({
      flag: "--admin-address",
      what: "operators",
      address: adminAddress,
      handle: admin.handle,
    });
  return listeners;
}

function stackOf(reason: unknown): string | undefined {
  return reason instanceof Error ? reason.stack : undefined;
}
