/**
 * Measures the gateway over four replaying leaves, beside `thanos query` where THANOS_BINARY names one:
 *
 *   node tests/bench/run.ts [--phases parser,queries,pass,memory,latency,cancel,load] [--queries 1,2] [--series 2000]
 *                           [--hours 24] [--runs 3] [--tls] [--seconds 5] [--wide 12500] [--runtime node|deno]
 *                           [--prometheus]
 *
 * `--prometheus` adds Debian's Prometheus over blocks with the same samples to the phases queries and load. The blocks
 * are made once, by way of a text of some 170 bytes a sample: 10 GB for the defaults.
 * Peers take turns in the same run. Ratios come first: below 1 the gateway took less than its peer.
 */
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { debianPrometheus, findPeer } from "../support/peers.ts";
import { startGateway } from "../support/query-process.ts";
import type { Bench, Querier, Subject } from "./bench.ts";
import { type BenchLeaves, startBenchLeaves } from "./bench-leaves.ts";
import { datasetStartMs } from "./dataset.ts";
import { runCancel, runLatency, runLoad } from "./latency-phases.ts";
import { runMemory } from "./memory-phase.ts";
import { runParser } from "./parser-phase.ts";
import { runPassThrough } from "./pass-phase.ts";
import { ensurePrometheusBlocks } from "./prometheus-blocks.ts";
import { startPrometheusSubject } from "./prometheus-subject.ts";
import { runQueries } from "./query-phase.ts";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const folder = join(root, ".cache", "bench");
const phases: Readonly<Record<string, (bench: Bench) => Promise<void>>> = {
  queries: runQueries,
  pass: runPassThrough,
  latency: runLatency,
  cancel: runCancel,
  load: runLoad,
};
/** Phases that start what they need themselves. */
const alone: ReadonlySet<string> = new Set(["parser", "memory"]);
/** Phases that ask no more than a Prometheus answers over its own samples. */
const overHttp: ReadonlySet<string> = new Set(["queries", "load"]);
const { values: options } = parseArgs({
  options: {
    phases: { type: "string", default: "parser,queries,pass,memory,latency,cancel,load" },
    queries: { type: "string", default: "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15" },
    series: { type: "string", default: "2000" },
    hours: { type: "string", default: "24" },
    runs: { type: "string", default: "3" },
    seconds: { type: "string", default: "5" },
    wide: { type: "string", default: "12500" },
    tls: { type: "boolean", default: false },
    runtime: { type: "string", default: "node" },
    prometheus: { type: "boolean", default: false },
  },
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1));
process.exit(await main());

async function main(): Promise<number> {
  const chosen = options.phases.split(",");
  const unknown = chosen.find((name) => !alone.has(name) && phases[name] === undefined);
  if (unknown !== undefined) {
    console.error(`No phase "${unknown}": ${[...Object.keys(phases), ...alone].join(", ")}`);
    return 2;
  }
  console.log(
    `${process.version}, gateway on ${options.runtime}, ${availableParallelism()} cores, ${options.tls ? "mTLS" : "h2c"}, ` +
      `${options.series} × 4 series of http_requests_total, ${options.hours} h, medians of ${options.runs}`,
  );
  if (process.env.THANOS_BINARY === undefined)
    console.log("not run: thanos query as peer, set THANOS_BINARY to its program");
  const asked = options.prometheus && chosen.some((name) => overHttp.has(name));
  const prometheus = asked ? preparePrometheus() : undefined;
  for (const name of chosen) {
    const run = phases[name];
    const selfStored = overHttp.has(name) ? prometheus : undefined;
    if (run !== undefined) await withBench(Number(options.series), run, selfStored);
    else if (name === "parser") runParser(Number(options.runs));
    else await runMemory(Number(options.wide), withBench);
  }
  return 0;
}

/** What starts Debian's Prometheus over its blocks, `undefined` where it cannot be had. */
function preparePrometheus(): (() => Promise<Subject>) | undefined {
  const found = findPeer(debianPrometheus);
  if (found.kind === "absent") {
    console.log(`not run: prometheus as peer, ${found.how}`);
    return undefined;
  }
  const { prometheus: program, promtool } = found.paths;
  const size = { series: Number(options.series), hours: Number(options.hours) };
  const data = ensurePrometheusBlocks({ promtool, folder, ...size });
  console.log(
    'prometheus does not deduplicate: it is asked with replica="0" in every selector, over both clusters; ' +
      "its answers are not compared, its peak counts pages of its blocks",
  );
  return () => startPrometheusSubject({ program, data, folder });
}

/** Starts leaves with `series` series each and all subjects over them, and ends them after `body`. */
async function withBench(
  series: number,
  body: (bench: Bench) => Promise<void>,
  startSelfStored?: () => Promise<Subject>,
): Promise<void> {
  const hours = Number(options.hours);
  const leaves = await startBenchLeaves({ root, folder, series, hours });
  const queriers: Querier[] = [];
  const selfStored: Subject[] = [];
  try {
    queriers.push(...(await startQueriers(leaves)));
    if (startSelfStored !== undefined) selfStored.push(await startSelfStored());
    await body({
      leaves,
      queriers,
      selfStored,
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
    for (const server of new Set([...queriers, ...selfStored].map((subject) => subject.server)))
      await server.end();
    leaves.close();
  }
}

async function startQueriers(leaves: BenchLeaves): Promise<Querier[]> {
  const endpoints = options.tls ? leaves.tls : leaves.plain;
  const flags = ["--query.replica-label=replica", ...(options.tls ? leaves.tlsFlags : [])];
  const start = (program?: string) =>
    startGateway({ root, endpoints, flags, program, runtime: options.runtime });
  const queryFor = (query: string) => query;
  const queriers: Querier[] = [{ name: "sluice", server: await start(), params: {}, queryFor }];
  const program = process.env.THANOS_BINARY;
  if (program === undefined) return queriers;
  const server = await start(program);
  for (const engine of ["prometheus", "thanos"])
    queriers.push({ name: `thanos (${engine})`, server, params: { engine }, queryFor });
  return queriers;
}
