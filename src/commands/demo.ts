import { type DemoConfig, demoAbout, demoFlags, readDemoConfig } from "../config/demo-config.ts";
import { helpText } from "../config/help-text.ts";
import { readQueryConfig } from "../config/query-config.ts";
import { assert } from "../lib/assert.ts";
import { messageOf } from "../lib/errors.ts";
import { systemClock } from "../runtime/clock.ts";
import { makeTemporaryFolder, removePath, writeTextFile } from "../runtime/files.ts";
import { createThrowawayAuthority } from "../runtime/throwaway-certificates.ts";
import type { ServerTls } from "../runtime/tls.ts";
import { buildInfo } from "../telemetry/component-status.ts";
import type { CommandIo } from "./command.ts";
import { createDemoStores, type DemoStore, describeDemoStore, serveDemoStore } from "./demo-stores.ts";
import { type RunningQuery, startQuery } from "./query.ts";

/** `sluice demo`: two clusters with two replicas each, an old store and a gateway, all in this process, over mTLS. */
export async function run(argv: readonly string[], io: CommandIo): Promise<number> {
  let config: DemoConfig;
  try {
    const read = readDemoConfig(argv);
    if (read.kind === "help") io.out(helpText("demo", demoAbout, demoFlags));
    if (read.kind === "version") io.out(`sluice ${buildInfo().version} (${buildInfo().goVersion})\n`);
    if (read.kind !== "run") return 0;
    config = read.config;
  } catch (error) {
    io.err(`${messageOf(error)}\nFlags: sluice demo --help\n`);
    return 2;
  }
  const closers: (() => Promise<void>)[] = [];
  try {
    io.out(await startDemo(config, io, closers));
    await stopped(io.stop);
    io.out("\nEnding.\n");
    return 0;
  } catch (error) {
    io.err(`${messageOf(error)}\n`);
    return 1;
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

/** Starts everything, gateway last; what must be undone goes to `closers`. Returns what to tell the user. */
async function startDemo(
  config: DemoConfig,
  io: CommandIo,
  closers: (() => Promise<void>)[],
): Promise<string> {
  const folder = await makeTemporaryFolder("sluice-demo-");
  closers.push(() => removePath(folder));
  const { tls, tlsFlags } = await makeCertificates(folder);
  const stores: DemoStore[] = [];
  for (const store of createDemoStores(systemClock)) {
    const served = await serveDemoStore(store, tls);
    closers.push(served.close);
    stores.push(served);
  }
  const running = await startGateway(config, io, [
    ...tlsFlags,
    ...stores.map((store) => `--endpoint=${store.address}`),
  ]);
  closers.push(running.close);
  return welcome(running, stores);
}

/** A certificate authority for this run, and one certificate that all parts show each other. */
async function makeCertificates(
  folder: string,
): Promise<{ readonly tls: ServerTls; readonly tlsFlags: readonly string[] }> {
  const authority = await createThrowawayAuthority("sluice demo CA");
  const { certPem, keyPem } = await authority.issue({ commonName: "sluice demo" });
  const files = { "ca.pem": authority.caPem, "cert.pem": certPem, "key.pem": keyPem };
  for (const [name, pem] of Object.entries(files)) await writeTextFile(`${folder}/${name}`, pem);
  const tlsFlags = [
    "--grpc-client-tls-secure",
    `--grpc-client-tls-ca=${folder}/ca.pem`,
    `--grpc-client-tls-cert=${folder}/cert.pem`,
    `--grpc-client-tls-key=${folder}/key.pem`,
    `--grpc-server-tls-client-ca=${folder}/ca.pem`,
    `--grpc-server-tls-cert=${folder}/cert.pem`,
    `--grpc-server-tls-key=${folder}/key.pem`,
  ];
  return { tls: { certPem, keyPem, clientCaPem: authority.caPem, minVersion: "1.3" }, tlsFlags };
}

/** The same gateway that `sluice query` starts, by the same flags. */
function startGateway(config: DemoConfig, io: CommandIo, flags: readonly string[]): Promise<RunningQuery> {
  const read = readQueryConfig([
    `--http-address=${addressText(config.httpAddress)}`,
    `--grpc-address=${addressText(config.grpcAddress)}`,
    `--log.level=${config.logLevel}`,
    "--query.replica-label=replica",
    "--http-grace-period=2s",
    "--grpc-grace-period=2s",
    ...flags,
  ]);
  assert(read.kind === "run", "the demo's own flags ask for a run");
  return startQuery(read.config, io);
}

function addressText({ host, port }: { readonly host: string; readonly port: number }): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

function welcome(running: RunningQuery, stores: readonly DemoStore[]): string {
  const api = `http://${running.httpAddress}/api/v1`;
  const p99 =
    "histogram_quantile(0.99, sum by (cluster, le) (rate(http_request_duration_seconds_bucket[5m])))";
  return [
    "Sluice demo: two clusters, two replicas each, and what an older server left.",
    "",
    "StoreAPI over mTLS:",
    ...stores.map(describeDemoStore),
    "",
    "Gateway:",
    `  http://${running.httpAddress}   Prometheus HTTP API, /metrics, /-/ready`,
    `  ${running.grpcAddress}          StoreAPI, Info and health over mTLS`,
    "",
    "Try:",
    `  curl -s ${api}/query --data-urlencode 'query=sum by (cluster) (rate(http_requests_total[5m]))'`,
    `  curl -s ${api}/query --data-urlencode 'query=count by (cluster, replica) (up)' -d dedup=false`,
    `  curl -s ${api}/query_range --data-urlencode 'query=${p99}' -d start=$(($(date +%s)-3600)) -d end=$(date +%s) -d step=60`,
    "",
    "Ctrl-C ends it.",
    "",
  ].join("\n");
}

function stopped(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
