/**
 * Sends the recorded requests to gateways over the recorded data and compares the answers:
 *
 *   node tests/golden/run.ts [FOLDER] [--file NAME] [--only ID] [--verbose] [--program THANOS]
 *
 * FOLDER is ../shared/golden by default; `--program` asks another querier, to test this runner. Ends with a line `NAME P/T` for each file.
 */
import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import { debianPrometheus, findPeer } from "../support/peers.ts";
import { call, type Gateway, startGateway } from "../support/query-process.ts";
import { compareAnswer, kindOf, type RecordedLine } from "./compare-answer.ts";
import { leftOut } from "./exceptions.ts";
import { startLeaves } from "./leaves.ts";
import { type RemoteReadForm, startRecordedLeaf } from "./recorded-prometheus.ts";
import { compareExchange, type RecordedExchange } from "./wire.ts";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    file: { type: "string" },
    only: { type: "string" },
    verbose: { type: "boolean", default: false },
    program: { type: "string" },
  },
});
const folder = resolve(positionals[0] ?? join(root, "../shared/golden"));
const replica = ["--query.replica-label=replica"];
const thanosHeaders = [
  "content-type",
  "cache-control",
  "allow",
  "access-control-allow-origin",
  "access-control-allow-methods",
  "access-control-allow-headers",
  "access-control-expose-headers",
];

/** The files, the gateway each is meant for, and the kinds of lines that are answered so far. */
const files = [
  {
    name: "thanos",
    flags: replica,
    kinds: ["raw", "dedup", "instant", "range", "bad", "labels", "values", "series"],
    headers: thanosHeaders,
  },
  {
    name: "thanos-chain",
    flags: [...replica, "--deduplication.func=chain"],
    kinds: ["raw", "dedup"],
    headers: thanosHeaders,
  },
  {
    name: "prometheus",
    flags: [],
    kinds: ["instant", "range", "dedup", "format", "parse"],
    headers: ["content-type"],
  },
] as const;

/** Services whose exchanges are answered so far. */
const services = ["thanos.Store", "thanos.info.Info", "grpc.health.v1.Health"];

interface Score {
  readonly name: string;
  passed: number;
  total: number;
  later: number;
}

for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1));
process.exit(await main());

async function main(): Promise<number> {
  const peer = findPeer(debianPrometheus);
  if (peer.kind === "absent") {
    console.log(`not run: golden, promtool is missing: ${peer.how}`);
    return 1;
  }
  const scratchFolder = join(root, ".cache", "golden");
  const leaves = await startLeaves(join(folder, "data"), { promtool: peer.paths.promtool, scratchFolder });
  const scores: Score[] = [];
  try {
    for (const file of files) if (isWanted(file.name)) scores.push(await runFile(file, leaves.addresses));
    if (isWanted("wire")) scores.push(await runWire(leaves.addresses));
    if (isWanted("histograms")) scores.push(await runHistograms());
  } finally {
    await leaves.close();
  }
  for (const { name, later } of scores) if (later > 0) console.log(`${name}: ${later} not yet`);
  for (const { name, passed, total } of scores) console.log(`${name} ${passed}/${total}`);
  return scores.every(({ passed, total }) => passed === total) ? 0 : 1;
}

function isWanted(name: string): boolean {
  return options.file === undefined || options.file === name;
}

function readLines(name: string): unknown[] {
  const text = gunzipSync(readFileSync(join(folder, name))).toString();
  if (name.endsWith(".json.gz")) return JSON.parse(text) as unknown[];
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as unknown);
}

async function withGateway(
  flags: readonly string[],
  endpoints: readonly string[],
  body: (gateway: Gateway) => Promise<void>,
): Promise<void> {
  const gateway = await startGateway({ root, endpoints, flags, program: options.program });
  try {
    await body(gateway);
  } finally {
    await gateway.end();
  }
}

async function runFile(file: (typeof files)[number], endpoints: readonly string[]): Promise<Score> {
  const score: Score = { name: file.name, passed: 0, total: 0, later: 0 };
  const lines = (readLines(`${file.name}.jsonl.gz`) as RecordedLine[]).filter((line) => {
    if (options.only !== undefined && line.id !== options.only) return false;
    if (leftOut[file.name]?.[line.id] !== undefined) return false;
    const now = (file.kinds as readonly string[]).includes(kindOf(line));
    if (!now) score.later++;
    return now;
  });
  if (lines.length === 0) return score;
  await withGateway(file.flags, endpoints, async (gateway) => {
    for (const line of lines) {
      const answer = await call({ address: gateway.http, ...line }).catch((error: unknown) => String(error));
      const wanted = file.name === "prometheus" ? asThanosSays(line) : line;
      const difference =
        typeof answer === "string"
          ? answer
          : compareAnswer(wanted, answer, { headers: file.headers, annotations: file.name === "prometheus" });
      count(score, `${file.name} ${line.id} ${line.method} ${line.path} ${formatParams(line)}`, difference);
      if (options.verbose && typeof answer !== "string")
        console.log(`wants ${line.status} ${line.body}\ngot   ${answer.status} ${answer.body}`);
    }
  });
  return score;
}

/** The answers over native histograms, each from both forms of remote read; it passes where both are right. */
async function runHistograms(): Promise<Score> {
  const score: Score = { name: "histograms", passed: 0, total: 0, later: 0 };
  const lines = (readLines("histograms/answers.jsonl.gz") as Omit<RecordedLine, "id">[])
    .map(
      (line, i): RecordedLine => ({
        ...line,
        id: `answer-${String(i).padStart(4, "0")}`,
        method: "POST",
        headers: {},
      }),
    )
    .filter(({ id }) => options.only === undefined || options.only === id);
  if (lines.length === 0) return score;
  const differences = new Map<RecordedLine, string>();
  for (const form of ["streamed", "samples"] as const) await answerFrom(form, lines, differences);
  for (const line of lines)
    count(score, `histograms ${line.id} ${line.path} ${formatParams(line)}`, differences.get(line));
  return score;
}

/** Asks a gateway over one form of the recorded reads; the first difference of each line goes to `differences`. */
async function answerFrom(
  form: RemoteReadForm,
  lines: readonly RecordedLine[],
  differences: Map<RecordedLine, string>,
): Promise<void> {
  const leaf = await startRecordedLeaf(join(folder, "histograms"), form);
  try {
    await withGateway([], [leaf.address], async (gateway) => {
      for (const line of lines) {
        const answer = await call({ address: gateway.http, ...line }).catch((error: unknown) =>
          String(error),
        );
        const difference =
          typeof answer === "string"
            ? answer
            : compareAnswer(line, answer, { headers: [], annotations: true });
        if (difference !== undefined && !differences.has(line))
          differences.set(line, `${form}: ${difference}`);
        if (options.verbose && typeof answer !== "string")
          console.log(`wants ${line.body}\ngot   ${answer.body}`);
      }
    });
  } finally {
    await leaf.close();
  }
}

/** Thanos's paths answer with Thanos's texts: this one lacks Prometheus's prefix. */
function asThanosSays(line: RecordedLine): RecordedLine {
  if (line.id !== "range-0336") return line;
  return { ...line, body: line.body.replace('invalid parameter \\"query\\": ', "") };
}

async function runWire(endpoints: readonly string[]): Promise<Score> {
  const score: Score = { name: "wire", passed: 0, total: 0, later: 0 };
  const exchanges = (readLines("wire.json.gz") as RecordedExchange[]).filter((exchange) => {
    const id = `${exchange.server} ${exchange.name}`;
    if (options.only !== undefined && options.only !== id) return false;
    if (leftOut.wire?.[id] !== undefined) return false;
    const now = services.includes(exchange.path.split("/")[1] ?? "");
    if (!now) score.later++;
    return now;
  });
  if (exchanges.length === 0) return score;
  await withGateway(replica, endpoints, async (gateway) => {
    for (const exchange of exchanges) {
      const difference = await compareExchange(exchange, gateway.grpc).catch((error: unknown) =>
        error instanceof Error && error.stack !== undefined ? error.stack : String(error),
      );
      count(score, `wire ${exchange.server} ${exchange.name}`, difference);
    }
  });
  return score;
}

function count(score: Score, title: string, difference: string | undefined): void {
  score.total++;
  if (difference === undefined) score.passed++;
  else console.log(`${title}\n    ${difference}`);
}

function formatParams(line: RecordedLine): string {
  return line.params.map(([name, value]) => `${name}=${value}`).join(" ");
}
