import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { freePorts } from "../support/ports.ts";
import { startProcess, waitUntilReady } from "../support/processes.ts";
import type { Subject } from "./bench.ts";

const metric =
  /\b(http_requests_total|http_request_duration_seconds_(?:bucket|count|sum)|node_memory_bytes|node_load1)\b(\{)?/g;

/** The query over replica 0 alone: Prometheus does not deduplicate. */
export function narrowToReplica(query: string): string {
  return query.replace(metric, (_, name: string, brace?: string) =>
    brace === undefined ? `${name}{replica="0"}` : `${name}{replica="0",`,
  );
}

export interface PrometheusOptions {
  readonly program: string;
  /** Its data folder, with blocks. */
  readonly data: string;
  /** For its configuration. */
  readonly folder: string;
}

/** Starts a Prometheus over blocks that scrapes nothing and leaves the blocks as they are. */
export async function startPrometheusSubject(options: PrometheusOptions): Promise<Subject> {
  const { program, data, folder } = options;
  mkdirSync(folder, { recursive: true });
  const config = join(folder, "prometheus.yml");
  writeFileSync(config, "global: {}\n");
  const [port] = await freePorts(1);
  const http = `127.0.0.1:${port}`;
  const child = await startProcess({
    name: "prometheus",
    command: program,
    args: [
      `--config.file=${config}`,
      `--storage.tsdb.path=${data}`,
      "--storage.tsdb.retention.time=100y",
      // Equal durations leave nothing to compact.
      "--storage.tsdb.min-block-duration=2h",
      "--storage.tsdb.max-block-duration=2h",
      `--web.listen-address=${http}`,
      "--query.max-samples=2000000000",
      "--query.timeout=10m",
      "--query.max-concurrency=100",
      "--log.level=warn",
    ],
  });
  const cut = () => {
    if (child.exitCode() === undefined) process.kill(child.pid, "SIGKILL");
  };
  process.once("exit", cut);
  const end = async () => {
    process.off("exit", cut);
    await child.end();
  };
  try {
    await waitUntilReady(child, `http://${http}/-/ready`);
  } catch (error) {
    await end();
    throw error;
  }
  return {
    name: `prometheus ${versionOf(program)} (replica 0, own disk)`,
    server: { http, pid: child.pid, end },
    params: {},
    queryFor: narrowToReplica,
  };
}

function versionOf(program: string): string {
  const said = spawnSync(program, ["--version"], { encoding: "utf8" }).stdout;
  return /version (\d+\.\d+)/.exec(said)?.[1] ?? "of unknown version";
}
