import { compareAnswer } from "../golden/compare-answer.ts";
import type { Bench, Subject } from "./bench.ts";
import { nativeMetric } from "./dataset.ts";
import { type Drained, drain, drainSeries, type Measured, measuring, median, spread } from "./measure.ts";
import { wholeMetric } from "./pass-phase.ts";
import { benchQueries } from "./queries.ts";

/** Answers are compared up to this size. */
const comparedBytes = 8 << 20;

/** The baseline's queries: each by every subject in turn, after one round that is compared instead of measured. */
export async function runQueries(bench: Bench): Promise<void> {
  for (const number of bench.queries) {
    const query = benchQueries[number - 1];
    if (query === undefined) throw new Error(`No query ${number}: there are ${benchQueries.length}`);
    console.log(`\n${number}. ${query}`);
    // The server with a store of its own got no native histograms.
    const selfStored = query.includes(nativeMetric) ? [] : bench.selfStored;
    const subjects = [...bench.queriers, ...selfStored];
    await compareSubjects(bench, subjects, query);
    const measured = new Map<Subject, Measured[]>(subjects.map((subject) => [subject, []]));
    for (let run = 0; run < bench.runs; run++)
      for (const subject of subjects)
        measured.get(subject)?.push(await measuring(subject.server.pid, () => ask(bench, subject, query)));
    const floor = await floorOf(bench, query);
    report(bench, measured, floor);
  }
}

function ask(bench: Bench, subject: Subject, query: string, keepBytes = 0): Promise<Drained> {
  const params = { ...bench.range, ...subject.params, query: subject.queryFor(query) };
  return drain({ address: subject.server.http, path: "/api/v1/query_range", params, keepBytes });
}

async function compareSubjects(bench: Bench, subjects: readonly Subject[], query: string): Promise<void> {
  const answers: Drained[] = [];
  for (const subject of subjects) {
    const answer = await ask(bench, subject, query, comparedBytes);
    if (answer.status !== 200) console.log(`  ${subject.name}: status ${answer.status} ${answer.body}`);
    answers.push(answer);
  }
  const [own, peer] = answers.slice(0, bench.queriers.length);
  if (own?.body === undefined || peer?.body === undefined) return;
  const line = { id: "range", method: "GET", path: "", params: [], status: peer.status, headers: {} };
  const difference = compareAnswer(
    { ...line, body: peer.body.toString() },
    { status: own.status, headers: {}, body: own.body.toString() },
    { headers: [], annotations: false },
  );
  console.log(difference === undefined ? "  same answer as Thanos" : `  differs from Thanos: ${difference}`);
}

function metricOf(query: string): string {
  return /[a-z_0-9]+_(total|bucket|bytes|load1|sum|native)\b/.exec(query)?.[0] ?? "up";
}

/** Four leaves streaming the raw frames of the query's metric at once to a client that throws them away. */
async function floorOf(bench: Bench, query: string): Promise<number> {
  const walls: number[] = [];
  const request = wholeMetric(bench, metricOf(query), ["replica"]);
  for (let run = 0; run < bench.runs; run++) {
    const startMs = performance.now();
    const { tls, leaves } = bench;
    const addresses = tls ? leaves.tls : leaves.plain;
    await Promise.all(
      addresses.map((address) => drainSeries(address, request, tls ? leaves.clientTls : undefined)),
    );
    walls.push(performance.now() - startMs);
  }
  return median(walls);
}

function report(bench: Bench, measured: ReadonlyMap<Subject, readonly Measured[]>, floorMs: number): void {
  const rowOf = (subject: Subject) => summaryOf(subject.name, measured.get(subject) ?? []);
  const [own, ...thanos] = bench.queriers.map(rowOf);
  const selfStored = bench.selfStored.map(rowOf);
  if (own === undefined) return;
  if (thanos.length > 0) console.log(`  of Thanos's better engine: ${ratios(own, thanos)}`);
  for (const row of selfStored) console.log(`  of ${row.name}: ${ratios(own, [row])}`);
  const rows = [own, ...thanos, ...selfStored];
  const width = Math.max(20, ...rows.map(({ name }) => name.length));
  for (const { name, wall, noise, first, cpu, peak, mb } of rows)
    console.log(
      `  ${name.padEnd(width)} wall ${wall.toFixed(0).padStart(6)} ms ±${((noise * 100) / 2).toFixed(0)} %, first byte ${first.toFixed(0).padStart(5)} ms, ` +
        `CPU ${cpu.toFixed(0).padStart(6)} ms, peak ${peak.toFixed(0).padStart(5)} MB, answer ${mb.toFixed(1)} MB`,
    );
  console.log(`  ${"floor".padEnd(width)} wall ${floorMs.toFixed(0).padStart(6)} ms`);
}

function summaryOf(name: string, runs: readonly Measured[]) {
  return {
    name,
    wall: median(runs.map((run) => run.wallMs)),
    noise: spread(runs.map((run) => run.wallMs)),
    first: median(runs.map((run) => run.firstByteMs)),
    cpu: median(runs.map((run) => run.cpuMs)),
    peak: median(runs.map((run) => run.peakMb)),
    mb: (runs[0]?.sizeBytes ?? 0) / 1e6,
  };
}

type Summary = ReturnType<typeof summaryOf>;

/** What `own` took of the least that any of `peers` took. */
function ratios(own: Summary, peers: readonly Summary[]): string {
  const ratio = (pick: (row: Summary) => number) => (pick(own) / Math.min(...peers.map(pick))).toFixed(2);
  return `wall ${ratio((row) => row.wall)}, CPU ${ratio((row) => row.cpu)}, peak ${ratio((row) => row.peak)}`;
}
