import { Agent } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Bench, Subject } from "./bench.ts";
import { cpuMsOf, drain, percentile } from "./measure.ts";
import { benchQueries } from "./queries.ts";

const heavy = benchQueries[1] ?? "";

function rangeQuery(bench: Bench, subject: Subject, signal?: AbortSignal): Parameters<typeof drain>[0] {
  const params = { ...bench.range, ...subject.params, query: heavy };
  const base = { address: subject.server.http, path: "/api/v1/query_range", params };
  return signal === undefined ? base : { ...base, signal };
}

function line(name: string, latencies: readonly number[]): string {
  const at = (share: number) => `${percentile(latencies, share).toFixed(1)} ms`;
  return `  ${name.padEnd(38)} p50 ${at(0.5)}, p99 ${at(0.99)}, max ${at(1)} (${latencies.length})`;
}

/** Health and a small query while query 2 runs in a loop. */
export async function runLatency(bench: Bench): Promise<void> {
  console.log(`\nlatency beside a loop of ${heavy}`);
  for (const subject of bench.queriers) {
    let looping = true;
    const loop = (async () => {
      while (looping) await drain(rangeQuery(bench, subject));
    })();
    const health: number[] = [];
    const small: number[] = [];
    const params = { query: "up", time: String(bench.lateMs / 1000), ...subject.params };
    await sleep(300);
    const endMs = performance.now() + bench.seconds * 1000;
    while (performance.now() < endMs) {
      health.push((await drain({ address: subject.server.http, path: "/-/healthy", params: {} })).wallMs);
      small.push((await drain({ address: subject.server.http, path: "/api/v1/query", params })).wallMs);
      await sleep(20);
    }
    looping = false;
    await loop;
    console.log(line(`${subject.name} /-/healthy`, health));
    console.log(line(`${subject.name} up`, small));
  }
}

/** From a client's disconnect to the end of the last leaf's stream; the leaves send slowly, so that they are amid it. */
export async function runCancel(bench: Bench): Promise<void> {
  console.log("\ncancel: client disconnect → last leaf's stream closed");
  bench.leaves.setSlow(true);
  await sleep(100);
  try {
    for (const subject of bench.queriers) {
      const delays: number[] = [];
      for (let run = 0; run < 2 * bench.runs; run++) {
        bench.leaves.takeClosed();
        const abort = new AbortController();
        const answer = drain(rangeQuery(bench, subject, abort.signal)).catch(() => undefined);
        await sleep(250);
        const leftMs = Date.now();
        abort.abort();
        await answer;
        await sleep(600);
        const cut = bench.leaves.takeClosed().filter((stream) => !stream.whole);
        if (cut.length === 4) delays.push(Math.max(...cut.map((stream) => stream.closed)) - leftMs);
        else console.log(`  ${subject.name}: ${cut.length} of 4 streams were cut`);
      }
      if (delays.length > 0) console.log(line(subject.name, delays));
    }
  } finally {
    bench.leaves.setSlow(false);
  }
}

/** Half of the measured time, before it: both runtimes compile what is hot while they run. */
const warmShare = 0.5;

/** A hundred connections of instant queries for one series each. CPU a request is what a busy machine changes least. */
export async function runLoad(bench: Bench): Promise<void> {
  console.log("\nload: 100 connections of one-series instant queries");
  for (const subject of [...bench.queriers, ...bench.selfStored]) {
    await askFromMany(bench, subject, bench.seconds * warmShare);
    const cpuMs = cpuMsOf(subject.server.pid);
    const { latencies, failed, perSecond } = await askFromMany(bench, subject, bench.seconds);
    const cpuPerRequest = (cpuMsOf(subject.server.pid) - cpuMs) / latencies.length;
    console.log(
      `${line(subject.name, latencies)}, ${perSecond.toFixed(0)} requests/s, ` +
        `${cpuPerRequest.toFixed(2)} CPU ms a request, ${failed} failed`,
    );
  }
}

async function askFromMany(
  bench: Bench,
  subject: Subject,
  seconds: number,
): Promise<{ readonly latencies: number[]; readonly failed: number; readonly perSecond: number }> {
  const agent = new Agent({ keepAlive: true, maxSockets: 100 });
  const latencies: number[] = [];
  let failed = 0;
  const startMs = performance.now();
  const endMs = startMs + seconds * 1000;
  const worker = async (_: unknown, n: number) => {
    const query = subject.queryFor(`node_load1{instance="10.0.0.${n % 10}:9100"}`);
    const params = { query, time: String(bench.lateMs / 1000), ...subject.params };
    while (performance.now() < endMs) {
      const answer = await drain({ address: subject.server.http, path: "/api/v1/query", params, agent });
      latencies.push(answer.wallMs);
      if (answer.status !== 200) failed++;
    }
  };
  await Promise.all(Array.from({ length: 100 }, worker));
  agent.destroy();
  return { latencies, failed, perSecond: (latencies.length * 1000) / (performance.now() - startMs) };
}
