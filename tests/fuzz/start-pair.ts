import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findRuntimes, startPlainSidecar, startSluice } from "../app/fleet.ts";
import { freePorts } from "../support/ports.ts";
import { startProcess, type TestProcess, waitUntilReady } from "../support/processes.ts";
import {
  endSeconds,
  externalLabels,
  headStartSeconds,
  openMetricsText,
  samplesBetween,
  startSeconds,
} from "./fuzz-data.ts";
import { fuzzSeries } from "./fuzz-series.ts";
import { remoteWrite } from "./remote-write.ts";

export interface PairOptions {
  readonly programs: { readonly prometheus: string; readonly promtool: string };
  /** Whether data and queries may do what Prometheus 2.42 answers otherwise, and features of 3.x are on. */
  readonly modern: boolean;
  /** Whether metric names go at the end of a query alone. */
  readonly delayedNameRemoval?: boolean;
}

/** A real Prometheus, and our gateway over our sidecar over the same one. */
export interface Pair {
  /** `host:port`. */
  readonly prometheus: string;
  readonly gateway: string;
  /** Throws where one of them has ended. */
  checkAlive(): void;
  close(): Promise<void>;
}

/** Loads the data and starts all of it; the caller closes. */
export async function startPair(options: PairOptions): Promise<Pair> {
  const folder = mkdtempSync(join(tmpdir(), "sluice-fuzz-"));
  const processes: TestProcess[] = [];
  const close = async () => {
    await Promise.all(processes.toReversed().map((child) => child.end()));
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const prometheus = await startPrometheus(folder, processes, options);
    const gateway = await startGateway(prometheus, processes, options);
    const checkAlive = () => {
      const ended = processes.find((child) => child.exitCode() !== undefined);
      if (ended !== undefined) throw new Error(`${ended.name} has ended:\n${ended.output()}`);
    };
    return { prometheus, gateway, checkAlive, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function featuresOf({ modern, delayedNameRemoval = false }: PairOptions): readonly string[] {
  if (!modern) return [];
  return [
    "promql-experimental-functions",
    "promql-extended-range-selectors",
    "promql-binop-fill-modifiers",
    ...(delayedNameRemoval ? ["promql-delayed-name-removal"] : []),
  ];
}

async function startPrometheus(
  folder: string,
  processes: TestProcess[],
  options: PairOptions,
): Promise<string> {
  const [port] = await freePorts(1);
  const address = `127.0.0.1:${port}`;
  const data = join(folder, "data");
  mkdirSync(data, { recursive: true });
  const series = fuzzSeries(options);
  makeBlocks(
    options.programs.promtool,
    openMetricsText(samplesBetween(series, startSeconds, headStartSeconds)),
    data,
  );
  const config = join(folder, "prometheus.yml");
  writeFileSync(config, `global:\n  external_labels: ${JSON.stringify(externalLabels)}\n`);
  const child = await startProcess({
    name: "prometheus",
    command: options.programs.prometheus,
    args: [
      `--config.file=${config}`,
      `--storage.tsdb.path=${data}`,
      "--storage.tsdb.retention.time=100y",
      "--web.enable-remote-write-receiver",
      `--web.listen-address=${address}`,
      "--log.level=warn",
      ...featuresOf(options).map((feature) => `--enable-feature=${feature}`),
    ],
    cwd: folder,
  });
  processes.push(child);
  await waitUntilReady(child, `http://${address}/-/ready`);
  // The head takes nothing that is an hour older than its newest sample.
  for (let from = headStartSeconds; from < endSeconds; from += 1200) {
    const slice = samplesBetween(series, from, Math.min(from + 1200, endSeconds));
    await remoteWrite(
      address,
      slice.filter(({ samples }) => samples.length > 0),
    );
  }
  return address;
}

function makeBlocks(promtool: string, text: string, data: string): void {
  const input = join(data, "samples.txt");
  writeFileSync(input, text);
  const made = spawnSync(promtool, ["tsdb", "create-blocks-from", "openmetrics", "--quiet", input, data], {
    encoding: "utf8",
  });
  if (made.status !== 0) throw new Error(`promtool: ${made.stderr}${made.stdout}`);
  rmSync(input);
}

/** No label tells replicas apart: as upstream's, ours would lift the counters of merged series over their resets. */
async function startGateway(
  prometheus: string,
  processes: TestProcess[],
  options: PairOptions,
): Promise<string> {
  const { own } = findRuntimes();
  const sidecar = await startPlainSidecar(own, [`--prometheus.url=http://${prometheus}`]);
  processes.push(sidecar.child);
  const [http, grpc] = (await freePorts(2)).map((port) => `127.0.0.1:${port}`) as [string, string];
  const child = await startSluice("gateway", own, [
    "query",
    `--http-address=${http}`,
    `--grpc-address=${grpc}`,
    `--endpoint=${sidecar.grpc}`,
    "--http-grace-period=1s",
    "--grpc-grace-period=1s",
    ...featuresOf(options).map((feature) => `--enable-feature=${feature}`),
  ]);
  processes.push(child);
  await waitUntilReady(child, `http://${http}/-/ready`, 60_000);
  return http;
}
