import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { createThrowawayAuthority } from "../../src/runtime/throwaway-certificates.ts";
import { freePorts } from "../support/ports.ts";
import { startProcess, type TestProcess, waitUntilReady } from "../support/processes.ts";
import {
  type DataSeries,
  dedupedSeries,
  openMetricsText,
  type ServerName,
  seriesOfServer,
  servers,
} from "./sample-data.ts";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** How a runtime starts our program. */
export interface Runtime {
  readonly name: "node" | "deno";
  readonly command: string;
  readonly args: readonly string[];
}

const onDeno = process.versions.deno !== undefined;

/** The runtime that the test runs on, and the other one; `undefined` where that is not there. */
export function findRuntimes(): { readonly own: Runtime; readonly other: Runtime | undefined } {
  const node = (command: string): Runtime => ({ name: "node", command, args: [] });
  const deno = (command: string): Runtime => ({ name: "deno", command, args: ["run", "-A"] });
  const local = (name: string) => join(root, "node_modules", ".bin", name);
  const otherPath = local(onDeno ? "node" : "deno");
  const other = existsSync(otherPath) ? (onDeno ? node(otherPath) : deno(otherPath)) : undefined;
  return { own: onDeno ? deno(process.execPath) : node(process.execPath), other };
}

export interface FleetServer extends ServerName {
  /** `host:port` of its Prometheus. */
  readonly prometheus: string;
  readonly sidecarHttp: string;
  readonly sidecarGrpc: string;
}

/** Four Prometheus servers with sidecars, a gateway over mTLS, a second one on top of it, and two references. */
export interface Fleet {
  readonly servers: readonly FleetServer[];
  /** Prometheus servers over what dedup keeps. */
  readonly dedupedPlain: string;
  readonly dedupedCounter: string;
  /** HTTP addresses. */
  readonly gateway: string;
  readonly stacked: string;
  readonly processes: readonly TestProcess[];
  /** Ends the Prometheus of a server for good. */
  endPrometheus(server: ServerName): Promise<void>;
  close(): Promise<void>;
}

export interface FleetOptions {
  readonly programs: { readonly prometheus: string; readonly promtool: string };
  /** Of the first gateway and the sidecars of cluster a. */
  readonly own: Runtime;
  /** Of the second gateway and the sidecars of cluster b. */
  readonly other: Runtime;
}

export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const folder = mkdtempSync(join(tmpdir(), "sluice-fleet-"));
  const processes: TestProcess[] = [];
  const close = async () => {
    await Promise.all(processes.toReversed().map((child) => child.end()));
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const parts = await startParts({ ...options, folder, processes });
    const endPrometheus = async ({ cluster, replica }: ServerName) => {
      await processes.find(({ name }) => name === `prometheus ${cluster}${replica}`)?.end();
    };
    return { ...parts, processes, endPrometheus, close };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Workshop extends FleetOptions {
  readonly folder: string;
  readonly processes: TestProcess[];
}

async function startParts(workshop: Workshop): Promise<Omit<Fleet, "processes" | "endPrometheus" | "close">> {
  const ports = await freePorts(18);
  const address = (i: number) => `127.0.0.1:${ports[i]}`;
  const tls = await writeCertificates(workshop.folder);
  const named = servers.map(
    (server, i): FleetServer => ({
      ...server,
      prometheus: address(i),
      sidecarHttp: address(4 + i),
      sidecarGrpc: address(8 + i),
    }),
  );
  const [dedupedPlain, dedupedCounter, gateway, stacked] = [12, 13, 14, 15].map(address) as [
    string,
    string,
    string,
    string,
  ];
  await Promise.all([
    ...named.map((server) =>
      startPrometheus(workshop, `${server.cluster}${server.replica}`, {
        address: server.prometheus,
        series: seriesOfServer(server),
        externalLabels: server,
      }),
    ),
    startPrometheus(workshop, "plain", { address: dedupedPlain, series: dedupedSeries({ counter: false }) }),
    startPrometheus(workshop, "counter", {
      address: dedupedCounter,
      series: dedupedSeries({ counter: true }),
    }),
  ]);
  await Promise.all(named.map((server) => startSidecar(workshop, server, tls)));
  const grpcAddress = address(16);
  const gatewayFlags = named.map(({ sidecarGrpc }) => `--endpoint=${sidecarGrpc}`);
  await startGateway(workshop, workshop.own, {
    http: gateway,
    grpc: grpcAddress,
    flags: [...gatewayFlags, ...tls.client, ...tls.server],
  });
  const stackedFlags = [`--endpoint=${grpcAddress}`, ...tls.client];
  await startGateway(workshop, workshop.other, { http: stacked, grpc: address(17), flags: stackedFlags });
  return { servers: named, dedupedPlain, dedupedCounter, gateway, stacked };
}

interface TlsFlags {
  readonly server: readonly string[];
  readonly client: readonly string[];
}

async function writeCertificates(folder: string): Promise<TlsFlags> {
  const authority = await createThrowawayAuthority();
  const write = (name: string, text: string) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const ca = write("ca.pem", authority.caPem);
  const server = await authority.issue({ commonName: "server" });
  const client = await authority.issue({ commonName: "client" });
  return {
    server: [
      `--grpc-server-tls-cert=${write("server.pem", server.certPem)}`,
      `--grpc-server-tls-key=${write("server.key", server.keyPem)}`,
      `--grpc-server-tls-client-ca=${ca}`,
    ],
    client: [
      "--grpc-client-tls-secure",
      `--grpc-client-tls-cert=${write("client.pem", client.certPem)}`,
      `--grpc-client-tls-key=${write("client.key", client.keyPem)}`,
      `--grpc-client-tls-ca=${ca}`,
    ],
  };
}

interface PrometheusOptions {
  readonly address: string;
  readonly series: readonly DataSeries[];
  readonly externalLabels?: ServerName;
}

async function startPrometheus(workshop: Workshop, name: string, options: PrometheusOptions): Promise<void> {
  const { folder, programs } = workshop;
  const home = join(folder, name);
  const data = join(home, "data");
  mkdirSync(data, { recursive: true });
  const input = join(home, "samples.txt");
  writeFileSync(input, openMetricsText(options.series));
  const made = spawnSync(
    programs.promtool,
    ["tsdb", "create-blocks-from", "openmetrics", "--quiet", input, data],
    {
      encoding: "utf8",
    },
  );
  if (made.status !== 0) throw new Error(`promtool: ${made.stderr}${made.stdout}`);
  const { externalLabels } = options;
  const labels =
    externalLabels === undefined
      ? ""
      : `  external_labels: {cluster: "${externalLabels.cluster}", replica: "${externalLabels.replica}"}\n`;
  const config = join(home, "prometheus.yml");
  writeFileSync(config, `global:\n  scrape_interval: 15s\n${labels}`);
  const child = await startProcess({
    name: `prometheus ${name}`,
    command: programs.prometheus,
    args: [
      `--config.file=${config}`,
      `--storage.tsdb.path=${data}`,
      "--storage.tsdb.retention.time=100y",
      `--web.listen-address=${options.address}`,
      "--log.level=warn",
    ],
    cwd: home,
  });
  workshop.processes.push(child);
  await waitUntilReady(child, `http://${options.address}/-/ready`);
}

/** One more sidecar, without TLS; the caller ends it. Resolves with its gRPC address when it is ready. */
export async function startPlainSidecar(
  runtime: Runtime,
  flags: readonly string[],
): Promise<{ readonly child: TestProcess; readonly grpc: string }> {
  const [http, grpc] = (await freePorts(2)).map((port) => `127.0.0.1:${port}`) as [string, string];
  const addresses = [`--http-address=${http}`, `--grpc-address=${grpc}`];
  const child = await startSluice("sidecar", runtime, ["sidecar", ...addresses, ...graces, ...flags]);
  try {
    await waitUntilReady(child, `http://${http}/-/ready`, 60_000);
  } catch (error) {
    await child.end();
    throw error;
  }
  return { child, grpc };
}

async function startSidecar(workshop: Workshop, server: FleetServer, tls: TlsFlags): Promise<void> {
  const runtime = server.cluster === "a" ? workshop.own : workshop.other;
  const flags = [
    `--prometheus.url=http://${server.prometheus}`,
    `--http-address=${server.sidecarHttp}`,
    `--grpc-address=${server.sidecarGrpc}`,
    "--prometheus.get_config_interval=3s",
    ...graces,
    ...tls.server,
  ];
  const child = await startSluice(`sidecar ${server.cluster}${server.replica}`, runtime, [
    "sidecar",
    ...flags,
  ]);
  workshop.processes.push(child);
  await waitUntilReady(child, `http://${server.sidecarHttp}/-/ready`, 60_000);
}

interface GatewayOptions {
  readonly http: string;
  readonly grpc: string;
  readonly flags: readonly string[];
}

async function startGateway(
  workshop: Workshop,
  runtime: Runtime,
  { http, grpc, flags }: GatewayOptions,
): Promise<void> {
  const own = [
    `--http-address=${http}`,
    `--grpc-address=${grpc}`,
    "--query.replica-label=replica",
    ...graces,
  ];
  const child = await startSluice(`gateway ${http}`, runtime, ["query", ...own, ...flags]);
  workshop.processes.push(child);
  await waitUntilReady(child, `http://${http}/-/ready`, 60_000);
}

const graces = ["--http-grace-period=1s", "--grpc-grace-period=1s"];

/** Starts our program on a runtime. */
export function startSluice(name: string, runtime: Runtime, flags: readonly string[]): Promise<TestProcess> {
  return startProcess({
    name: `${name} on ${runtime.name}`,
    command: runtime.command,
    args: [...runtime.args, join(root, "src", "main.ts"), ...flags],
    cwd: root,
  });
}
