import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { freePorts } from "../support/ports.ts";
import { startProcess, type TestProcess } from "../support/processes.ts";
import { call } from "../support/query-process.ts";

const test = suite("sluice demo");
/** Where the demos of this file put their certificates. */
const folder = mkdtempSync(join(tmpdir(), "sluice-test-"));
const runArgs = "deno" in process.versions ? ["run", "-A"] : [];

async function startDemo(http: string, grpc: string): Promise<TestProcess> {
  const args = [...runArgs, "src/main.ts", "demo", `--http-address=${http}`, `--grpc-address=${grpc}`];
  return startProcess({ name: "demo", command: process.execPath, args, env: { TMPDIR: folder } });
}

async function waitForText(child: TestProcess, text: string, limitMs: number): Promise<void> {
  const endMs = Date.now() + limitMs;
  while (!child.output().includes(text)) {
    if (child.exitCode() !== undefined || Date.now() > endMs)
      throw new Error(`no "${text}" within ${limitMs} ms:\n${child.output()}`);
    await sleep(20);
  }
}

async function exitCodeOf(child: TestProcess, limitMs: number): Promise<number | undefined> {
  const endMs = Date.now() + limitMs;
  while (child.exitCode() === undefined && Date.now() < endMs) await sleep(20);
  return child.exitCode() ?? child.end();
}

interface Vector {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

async function ask(
  address: string,
  query: string,
  more: Readonly<Record<string, string>> = {},
): Promise<Vector[]> {
  const params = Object.entries({ query, ...more });
  const answer = await call({ address, method: "POST", path: "/api/v1/query", params });
  assert.is(answer.status, 200, answer.body);
  const body = JSON.parse(answer.body) as { data: { result: Vector[] }; warnings?: unknown };
  assert.is(body.warnings, undefined);
  return body.data.result;
}

test("says within seconds what runs, answers what it proposes, and ends cleanly", async () => {
  const [httpPort, grpcPort] = await freePorts(2);
  const http = `127.0.0.1:${httpPort}`;
  const demo = await startDemo(http, `127.0.0.1:${grpcPort}`);
  try {
    await waitForText(demo, "Ctrl-C ends it.", 15_000);
    const said = demo.output();
    assert.is(said.match(/^ {2}curl -s http:\/\//gm)?.length, 3);
    assert.is(said.match(/cluster=(eu-west|us-east) replica=(0|1|legacy)/g)?.length, 5);

    const rates = await ask(http, "sum by (cluster) (rate(http_requests_total[5m]))");
    assert.equal(
      rates.map(({ metric }) => metric.cluster),
      ["eu-west", "us-east"],
    );
    for (const { value } of rates) assert.ok(Number(value[1]) > 1, `requests a second: ${value[1]}`);
    const replicas = await ask(http, "count by (cluster, replica) (up)", { dedup: "false" });
    // One replica has gaps, which begin and end target by target.
    const whole = replicas.filter(({ metric }) => metric.cluster !== "us-east" || metric.replica !== "0");
    assert.ok(whole.length === 3 && whole.every(({ value }) => value[1] === "10"), JSON.stringify(replicas));
    const merged = await ask(http, "count by (cluster) (up)");
    assert.ok(merged.length === 2 && merged.every(({ value }) => value[1] === "10"));
    const [p99] = await ask(
      http,
      "histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket[5m])))",
    );
    assert.ok(Number(p99?.value[1]) > 0.05 && Number(p99?.value[1]) < 5, `p99 ${p99?.value[1]}`);
    const history = await ask(http, "count_over_time(up{cluster='eu-west',job='kubelet'}[7d])");
    const samples = Number(history[0]?.value[1]);
    assert.ok(samples > 6 * 1440 + 5000, `a week has ${samples} samples: six days old, one new`);
    // Not child.kill: on Deno the exit code would be lost.
    process.kill(demo.pid, "SIGINT");
    assert.is(await exitCodeOf(demo, 10_000), 0, demo.output());
  } finally {
    await demo.end();
  }
  assert.equal(readdirSync(folder), [], "nothing is left in the temporary folder");
});

test("a port in use is said, with the flag that changes it", async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
  const bound = taken.address();
  const port = typeof bound === "object" ? bound?.port : 0;
  try {
    const demo = await startDemo(`127.0.0.1:${port}`, "127.0.0.1:0");
    assert.is(await exitCodeOf(demo, 15_000), 1, demo.output());
    assert.match(demo.output(), `127.0.0.1:${port}: the port is in use, wants another --http-address`);
  } finally {
    taken.close();
  }
});

test.after(() => rmSync(folder, { recursive: true, force: true }));

test.run();
