import { createPrometheusStore } from "../clients/prometheus/prometheus-store.ts";
import { type PrometheusWatch, watchPrometheus } from "../clients/prometheus/prometheus-watch.ts";
import { helpText } from "../config/help-text.ts";
import type { ClientTlsConfig } from "../config/server-flags.ts";
import { readSidecarConfig, type SidecarConfig } from "../config/sidecar-config.ts";
import { resolveTime, sidecarAbout, sidecarFlags } from "../config/sidecar-flags.ts";
import { createOperationsApp } from "../http/operations-app.ts";
import { messageOf } from "../lib/errors.ts";
import { createGrpcServer } from "../rpc/grpc-server.ts";
import { type Clock, systemClock } from "../runtime/clock.ts";
import { type HttpServer, listenHttp } from "../runtime/http-server.ts";
import { availableMemoryBytes, onUncaught } from "../runtime/process.ts";
import type { EndpointInfo } from "../store/endpoint.ts";
import { createMemoryLimit } from "../store/memory-limit.ts";
import type { Store } from "../store/store.ts";
import { buildInfo, type ComponentStatus, createComponentStatus } from "../telemetry/component-status.ts";
import { createLog } from "../telemetry/create-log.ts";
import { createMetrics, type MetricsRegistry } from "../telemetry/create-metrics.ts";
import type { Log } from "../telemetry/log.ts";
import { registerProcessMetrics } from "../telemetry/process-metrics.ts";
import type { CommandIo, RunCommand } from "./command.ts";
import { listenOrExplain } from "./listen-error.ts";
import { openQueryTls } from "./query-tls.ts";
import { connectPrometheus, prometheusProfile, readPrometheusClient } from "./sidecar-prometheus.ts";

/** `sluice sidecar`: one Prometheus as StoreAPI. */
export const run: RunCommand = async (argv, io) => {
  let config: SidecarConfig;
  try {
    const parsed = readSidecarConfig(argv);
    if (parsed.kind === "help") io.out(helpText("sidecar", sidecarAbout, sidecarFlags));
    if (parsed.kind === "version") io.out(`sluice ${buildInfo().version} (${buildInfo().goVersion})\n`);
    if (parsed.kind !== "run") return 0;
    config = parsed.config;
  } catch (error) {
    io.err(`${messageOf(error)}\nFlags: sluice sidecar --help\n`);
    return 2;
  }
  const clock = systemClock;
  const log = createLog({ ...config.log, write: io.err, clock });
  const stopLogging = onUncaught((reason) =>
    log.error("an error that nobody caught; the process goes on", { err: messageOf(reason) }),
  );
  try {
    await serve(config, { io, clock, log });
    return 0;
  } catch (error) {
    io.err(`${messageOf(error)}\n`);
    return 1;
  } finally {
    stopLogging();
  }
};

interface Surroundings {
  readonly io: CommandIo;
  readonly clock: Clock;
  readonly log: Log;
}

/** A sidecar calls nobody over gRPC. */
const noClientTls: ClientTlsConfig = {
  secure: false,
  skipVerify: false,
  certFile: undefined,
  keyFile: undefined,
  caFile: undefined,
  serverName: undefined,
  minVersion: "1.3",
};

/** Time between looks at a Prometheus that was never up. */
const retryMs = 2000;

async function serve(config: SidecarConfig, { io, clock, log }: Surroundings): Promise<void> {
  const client = await readPrometheusClient(config.prometheus);
  const metrics = createMetrics();
  registerProcessMetrics(metrics, clock);
  const tls = await openQueryTls(
    {
      grpc: config.grpc,
      grpcClient: noClientTls,
      clients: new Map([[prometheusProfile, client.tlsFiles]]),
    },
    { clock, log, metrics, reloadIntervalMs: config.grpc.tlsReloadIntervalMs },
  );
  const prometheus = connectPrometheus(client, config.prometheus, tls);
  const status = createComponentStatus("sidecar", metrics);
  const watch = watchPrometheus({
    api: prometheus.api,
    clock,
    log,
    metrics,
    labels: config.labels,
    minTimeMs: (nowMs) => resolveTime(config.minTime, nowMs),
    intervalMs: config.prometheus.configIntervalMs,
    timeoutMs: config.prometheus.configTimeoutMs,
    retryMs,
    maxAnswerBytes: config.prometheus.maxAnswerBytes,
    onCheck: () => status.setReady(grpcAddress !== undefined && watch.isUp()),
  });
  let grpcAddress: string | undefined;
  const memory = createMemoryLimit(config.memoryLimitBytes ?? Math.floor(availableMemoryBytes() / 4));
  metrics.observe("sluice_memory_held_bytes", "Bytes that queries hold now.", () => [
    { value: memory.heldBytes() },
  ]);
  const store = createPrometheusStore({
    name: prometheus.name,
    api: prometheus.api,
    facts: watch.facts,
    clock,
    maxAnswerBytes: config.prometheus.maxAnswerBytes,
  });
  const grpc = createGrpcServer({
    store,
    info: () => (watch.isUp() ? endpointInfo(store) : undefined),
    health: watch.isUp,
    memory: memory.account,
    log,
    metrics,
    clock,
    tls: tls.server(),
    maxConnectionAgeMs: config.grpc.maxConnectionAgeMs,
  });
  tls.onServerChange(grpc.setTls);
  let http: HttpServer | undefined;
  try {
    http = await listenOperations(config, { status, metrics, watch, log });
    status.setHealthy(true);
    log.info("listening for HTTP", { address: http.address });
    // The gRPC port opens when the external labels are known, and then stays; readiness follows Prometheus.
    await Promise.race([watch.known, stopped(io.stop)]);
    if (!io.stop.aborted) {
      grpcAddress = await listenOrExplain("--grpc-address", config.grpc.address, () =>
        grpc.listen(config.grpc.address),
      );
      status.setReady(watch.isUp());
      log.info("listening for gRPC", { address: grpcAddress, tls: config.grpc.tls !== undefined });
      await stopped(io.stop);
    }
    log.info("caught signal, shutting down", { reason: messageOf(io.stop.reason) });
  } finally {
    status.setReady(false);
    await Promise.all([grpc.close(config.grpc.graceMs), watch.close()]);
    await http?.close(config.http.graceMs);
    tls.close();
    prometheus.close();
  }
}

interface Operations {
  readonly status: ComponentStatus;
  readonly metrics: MetricsRegistry;
  readonly watch: PrometheusWatch;
  readonly log: Log;
}

function listenOperations(
  config: SidecarConfig,
  { status, metrics, watch, log }: Operations,
): Promise<HttpServer> {
  const trouble = () =>
    watch.trouble()?.message ?? (watch.isUp() ? undefined : "Prometheus was not asked yet");
  const { address } = config.http;
  return listenOrExplain("--http-address", address, () =>
    listenHttp({
      ...address,
      handle: createOperationsApp({ status, metrics, trouble }).handle,
      maxHeaderBytes: 64 * 1024,
      keepAliveMs: 75_000,
      onError: (error) => log.error("HTTP request failed", { err: messageOf(error) }),
    }),
  );
}

function stopped(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

function endpointInfo(store: Store): EndpointInfo {
  const info = store.info();
  return {
    ...info,
    component: "sidecar",
    tsdbInfos: info.labelSets.map((labels) => ({ labels, timeRange: info.timeRange })),
    apis: new Set(["store"] as const),
  };
}
