import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { CommandIo } from "../../src/commands/command.ts";
import { type RunningQuery, run, startQuery } from "../../src/commands/query.ts";
import { readQueryConfig } from "../../src/config/query-config.ts";
import { labelsOf } from "../../src/model/labels.ts";
import { createGrpcServer } from "../../src/rpc/grpc-server.ts";
import { createThrowawayAuthority } from "../../src/runtime/throwaway-certificates.ts";
import type { Store } from "../../src/store/store.ts";
import { createMemoryStore, type MemorySample } from "../support/memory-store.ts";
import { endpointInfoOf } from "../support/store-api.ts";

const gateway = suite("query command");
const start = 1_793_491_200;

/** What to close after a test, last opened first. */
const opened: (() => Promise<void>)[] = [];
gateway.after.each(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

function quietIo(lines: string[] = []): CommandIo & { readonly end: () => void } {
  const stop = new AbortController();
  return {
    out: (text) => lines.push(text),
    err: (text) => lines.push(text),
    stop: stop.signal,
    end: () => stop.abort(new DOMException("SIGTERM", "AbortError")),
  };
}

async function serve(store: Store, tls?: Parameters<typeof createGrpcServer>[0]["tls"]): Promise<string> {
  const server = createGrpcServer({ store, info: () => endpointInfoOf(store), health: () => true, tls });
  opened.push(() => server.close(0));
  return server.listen({ host: "127.0.0.1", port: 0 });
}

async function open(...argv: string[]): Promise<RunningQuery> {
  const local = [
    "--http-address=127.0.0.1:0",
    "--grpc-address=127.0.0.1:0",
    "--http-grace-period=1s",
    "--grpc-grace-period=1s",
  ];
  const read = readQueryConfig([...local, ...argv]);
  if (read.kind !== "run") throw new Error("expected a config");
  const running = await startQuery(read.config, quietIo());
  opened.push(running.close);
  return running;
}

const samples = (shiftMs: number): MemorySample[] =>
  Array.from({ length: 41 }, (_, i) => [start * 1000 + i * 15_000 + shiftMs, i]);

/** Two replicas of a cluster. */
async function replicas(tls?: Parameters<typeof serve>[1]): Promise<readonly string[]> {
  return Promise.all(
    ["0", "1"].map((replica) =>
      serve(
        createMemoryStore({
          name: `replica-${replica}`,
          externalLabels: labelsOf({ cluster: "a", replica }),
          series: [{ labels: labelsOf({ __name__: "up" }), samples: samples(Number(replica) * 3_000) }],
        }),
        tls,
      ),
    ),
  );
}

const ask = async ({ httpAddress }: RunningQuery, path: string) => {
  const response = await fetch(`http://${httpAddress}${path}`);
  return { status: response.status, text: await response.text() };
};

gateway("answers over its endpoints, replicas as one", async () => {
  const [a = "", b = ""] = await replicas();
  const running = await open(`--endpoint=${a}`, `--endpoint=${b}`, "--query.replica-label=replica");
  const answer = await ask(
    running,
    `/api/v1/query_range?query=up&start=${start + 30}&end=${start + 60}&step=15`,
  );
  assert.is(
    answer.text,
    `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"up","cluster":"a"},"values":[[${start + 30},"2"],[${start + 45},"3"],[${start + 60},"4"]]}],"analysis":{}},"completeness":{"complete":2,"expected":2,"clusters":[${[
      a,
      b,
    ]
      .sort()
      .map((name) => `{"name":"${name}","state":"complete"}`)
      .join()}]}}`,
  );
  const raw = await ask(running, `/api/v1/query?query=count(up)&dedup=false&time=${start + 60}`);
  assert.match(raw.text, `[${start + 60},"2"]`);
  assert.is((await ask(running, "/-/ready")).text, "OK");
  assert.match((await ask(running, "/api/v1/stores")).text, a);
  const scraped = (await ask(running, "/metrics")).text;
  assert.match(scraped, "thanos_store_nodes_grpc_connections{");
  assert.match(scraped, "thanos_query_concurrent_selects_gate_selects_total 2\n");
  assert.match(scraped, "\nsluice_memory_held_bytes 0\n");
});

gateway("a second gateway over the first answers the same", async () => {
  const leaves = await replicas();
  const first = await open(...leaves.map((address) => `--endpoint=${address}`));
  const second = await open(`--endpoint=${first.grpcAddress}`, "--query.replica-label=replica");
  const path = `/api/v1/query_range?query=rate(up[1m])&start=${start + 60}&end=${start + 600}&step=30`;
  const below = await ask(first, `${path}&replicaLabels[]=replica`);
  const above = await ask(second, path);
  assert.is(above.status, 200);
  const { completeness, ...answer } = JSON.parse(above.text);
  const { completeness: seenBelow, ...answerBelow } = JSON.parse(below.text);
  assert.equal(answer, answerBelow);
  assert.is(answer.data.result.length, 1);
  const through = (cluster: { readonly name: string }) => ({
    ...cluster,
    name: `${first.grpcAddress}/${cluster.name}`,
  });
  assert.equal(completeness, { ...seenBelow, clusters: seenBelow.clusters.map(through) });
});

gateway("serves StoreAPI on the HTTP port where it is told to", async () => {
  const [a = ""] = await replicas();
  const post = (running: RunningQuery) =>
    fetch(`http://${running.httpAddress}/thanos.Store/LabelNames`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ start: "0", end: String((start + 600) * 1000) }),
    });
  const closed = await post(await open(`--endpoint=${a}`));
  assert.is(closed.status, 404);
  await closed.body?.cancel();
  const answer = await post(await open(`--endpoint=${a}`, "--http.store-api"));
  assert.is(answer.status, 200);
  assert.equal(((await answer.json()) as { names: string[] }).names, ["__name__", "cluster", "replica"]);
});

gateway("speaks mTLS to its endpoints, and says what is wrong where certificates do not fit", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sluice-query-"));
  opened.push(async () => rmSync(folder, { recursive: true }));
  const authority = await createThrowawayAuthority("right");
  const stranger = await createThrowawayAuthority("wrong");
  const { certPem, keyPem } = await authority.issue({ commonName: "leaf" });
  const leaves = await replicas({ certPem, keyPem, clientCaPem: authority.caPem, minVersion: "1.3" });
  const file = (name: string, text: string) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const own = await authority.issue({ commonName: "gateway" });
  const certificate = [
    `--grpc-client-tls-cert=${file("cert.pem", own.certPem)}`,
    `--grpc-client-tls-key=${file("key.pem", own.keyPem)}`,
  ];
  const endpoints = leaves.map((address) => `--endpoint-strict=${address}`);
  const path = `/api/v1/query?query=count(up)&time=${start + 60}`;
  const right = await open(
    "--grpc-client-tls-secure",
    `--grpc-client-tls-ca=${file("ca.pem", authority.caPem)}`,
    ...certificate,
    ...endpoints,
  );
  assert.match((await ask(right, path)).text, `[${start + 60},"2"]`);
  const wrong = await open(
    "--grpc-client-tls-secure",
    `--grpc-client-tls-ca=${file("wrong.pem", stranger.caPem)}`,
    ...certificate,
    ...endpoints,
  );
  const refused = await ask(wrong, `${path}&partial_response=false`);
  assert.is(refused.status, 422);
  assert.match(
    refused.text,
    /cannot connect to 127\.0\.0\.1:\d+: its certificate is not signed by a known authority/,
  );
});

gateway("a broken key is told by flag and file", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sluice-query-"));
  opened.push(async () => rmSync(folder, { recursive: true }));
  const lines: string[] = [];
  const cert = join(folder, "none.pem");
  const code = await run([`--grpc-server-tls-cert=${cert}`, `--grpc-server-tls-key=${cert}`], quietIo(lines));
  assert.is(code, 1);
  assert.match(lines.join(""), /Cannot read --grpc-server-tls-(cert|key) /);
  assert.match(lines.join(""), cert);
});

gateway("a port in use is told with the flag that changes it", async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
  opened.push(() => new Promise((resolve) => taken.close(() => resolve())));
  const address = taken.address();
  const port = typeof address === "object" ? address?.port : undefined;
  for (const [flag, other] of [
    ["--http-address", "--grpc-address"],
    ["--grpc-address", "--http-address"],
  ]) {
    const lines: string[] = [];
    const code = await run([`${flag}=127.0.0.1:${port}`, `${other}=127.0.0.1:0`], quietIo(lines));
    assert.is(code, 1);
    assert.is(
      lines.at(-1),
      `Cannot listen on 127.0.0.1:${port}: the port is in use, wants another ${flag}\n`,
    );
  }
});

gateway("runs until it is asked to stop, then ends with 0", async () => {
  const lines: string[] = [];
  const io = quietIo(lines);
  const running = run(["--http-address=127.0.0.1:0", "--grpc-address=127.0.0.1:0"], io);
  while (!lines.some((line) => line.includes("listening for gRPC"))) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  io.end();
  assert.is(await running, 0);
});

gateway("wrong flags end with 2, help and version with 0", async () => {
  const lines: string[] = [];
  assert.is(await run(["--endpont=a:1"], quietIo(lines)), 2);
  assert.match(lines.join(""), "did you mean --endpoint?");
  assert.is(await run(["--help"], quietIo(lines)), 0);
  assert.match(lines.join(""), "--query.replica-label=NAME …");
  assert.is(await run(["--version"], quietIo(lines)), 0);
});

gateway("a client that goes away ends the streams below", async () => {
  let aborted = 0;
  const endless: Store = {
    ...createMemoryStore({ series: [], name: "endless" }),
    async *series(ctx) {
      ctx.signal.addEventListener("abort", () => aborted++, { once: true });
      await new Promise((resolve) => ctx.signal.addEventListener("abort", resolve, { once: true }));
      yield* [];
    },
  };
  const running = await open(`--endpoint=${await serve(endless)}`);
  const client = new AbortController();
  const answer = fetch(`http://${running.httpAddress}/api/v1/query?query=up`, { signal: client.signal });
  await new Promise((resolve) => setTimeout(resolve, 100));
  client.abort();
  await answer.catch(() => undefined);
  const deadline = Date.now() + 2_000;
  while (aborted === 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 2));
  assert.is(aborted, 1);
});

gateway.run();
