/**
 * Measures the gateway over four replaying leaves, beside `thanos query` where THANOS_BINARY names one:
 *
 *   node tests/bench/run.ts [--phases queries,pass,memory,latency,cancel,load] [--queries 1,2] [--series 2000]
 *                           [--hours 24] [--runs 3] [--tls] [--seconds 5] [--wide 12500] [--runtime node|deno]
 *
 * Peers take turns in the same run. Ratios come first: below 1 the gateway took less than its peer.
 */
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { startGateway } from "../support/query-process.ts";
import type { Bench, Subject } from "./bench.ts";
import { type BenchLeaves, startBenchLeaves } from "./bench-leaves.ts";
import { datasetStartMs } from "./dataset.ts";
import { runCancel, runLatency, runLoad } from "./latency-phases.ts";
import { runMemory } from "./memory-phase.ts";
import { runPassThrough } from "./pass-phase.ts";
import { runQueries } from "./query-phase.ts";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const phases: Readonly<Record<string, (bench: Bench) => Promise<void>>> = {
  queries: runQueries,
  pass: runPassThrough,
  latency: runLatency,
  cancel: runCancel,
  load: runLoad,
};
const { values: options } = parseArgs({
  options: {
    phases: { type: "string", default: "queries,pass,memory,latency,cancel,load" },
    queries: { type: "string", default: "1,2,3,4,5,6,7,8,9,10,11,12" },
    series: { type: "string", default: "2000" },
    hours: { type: "string", default: "24" },
    runs: { type: "string", default: "3" },
    seconds: { type: "string", default: "5" },
    wide: { type: "string", default: "12500" },
    tls: { type: "boolean", default: false },
    runtime: { type: "string", default: "node" },
  },
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1));
process.exit(await main());

async function main(): Promise<number> {
  const chosen = options.phases.split(",");
  const unknown = chosen.find((name) => name !== "memory" && phases[name] === undefined);
  if (unknown !== undefined) {
    console.error(`No phase "${unknown}": ${Object.keys(phases).join(", ")}, memory`);
    return 2;
  }
  console.log(
    `${process.version}, gateway on ${options.runtime}, ${availableParallelism()} cores, ${options.tls ? "mTLS" : "h2c"}, ` +
      `${options.series} × 4 series of http_requests_total, ${options.hours} h, medians of ${options.runs}`,
  );
  if (process.env.THANOS_BINARY === undefined)
    console.log("not run: thanos query as peer, set THANOS_BINARY to its program");
  for (const name of chosen) {
    const run = phases[name];
    if (run !== undefined) await withBench(Number(options.series), run);
    else await runMemory(Number(options.wide), withBench);
  }
  return 0;
}

/** Starts leaves with `series` series each and all subjects over them, and ends them after `body`. */
async function withBench(series: number, body: (bench: Bench) => Promise<void>): Promise<void> {
  const hours = Number(options.hours);
  const folder = join(root, ".cache", "bench");
  const leaves = await startBenchLeaves({ root, folder, series, hours });
  const subjects: Subject[] = [];
  try {
    subjects.push(...(await startSubjects(leaves)));
    await body({
      leaves,
      subjects,
      hours,
      tls: options.tls,
      runs: Number(options.runs),
      seconds: Number(options.seconds),
      queries: options.queries.split(",").map(Number),
      range: {
        start: String(datasetStartMs / 1000),
        end: String(datasetStartMs / 1000 + hours * 3600),
        step: "60",
        dedup: "true",
      },
      lateMs: datasetStartMs + hours * 3600_000 - 120_000,
    });
  } finally {
    for (const gateway of new Set(subjects.map((subject) => subject.gateway))) await gateway.end();
    leaves.close();
  }
}

async function startSubjects(leaves: BenchLeaves): Promise<Subject[]> {
  const endpoints = options.tls ? leaves.tls : leaves.plain;
  const flags = ["--query.replica-label=replica", ...(options.tls ? leaves.tlsFlags : [])];
  const start = (program?: string) =>
    startGateway({ root, endpoints, flags, program, runtime: options.runtime });
  const subjects: Subject[] = [{ name: "sluice", gateway: await start(), params: {} }];
  const program = process.env.THANOS_BINARY;
  if (program === undefined) return subjects;
  const gateway = await start(program);
  for (const engine of ["prometheus", "thanos"])
    subjects.push({ name: `thanos (${engine})`, gateway, params: { engine } });
  return subjects;
}
