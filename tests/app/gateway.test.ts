import { setTimeout as sleep } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { dialThanos } from "../../src/clients/thanos/dial-thanos.ts";
import { compareLabels, labelsOf } from "../../src/model/labels.ts";
import type { Matcher } from "../../src/model/matcher.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { noMetrics } from "../../src/telemetry/metrics.ts";
import { createTestContext, seriesRequest } from "../support/memory-store.ts";
import { debianPrometheus, peerOrNotRun } from "../support/peers.ts";
import { statusOf } from "../support/processes.ts";
import { readBatches } from "../support/read-batches.ts";
import { type Fleet, findRuntimes, startFleet, startPlainSidecar } from "./fleet.ts";
import { ask, assertSameAnswer, getJson } from "./query-answer.ts";
import { type AppQuery, dedupQueries, narrowedQueries, withMatchers } from "./query-list.ts";
import { gapStartSeconds, scrapeSeconds, seriesOfServer, servers, startSeconds } from "./sample-data.ts";

const app = suite("gateways over sidecars over Prometheus servers");
const programs = peerOrNotRun("tests/app over real Prometheus servers", debianPrometheus);
const runtimes = findRuntimes();
if (runtimes.other === undefined) console.log("not run: Node and Deno side by side, npm ci");

let fleet: Fleet | undefined;
app.before(async () => {
  if (programs === undefined) return;
  fleet = await startFleet({ programs, own: runtimes.own, other: runtimes.other ?? runtimes.own });
});
app.after(async () => {
  await fleet?.close();
});

/** Adds a test over the fleet; skipped where the missing part was reported above. */
function onFleet(name: string, body: (running: Fleet) => Promise<void>): void {
  if (programs === undefined) app.skip(name);
  else
    app(name, async () => {
      assert.ok(fleet !== undefined, "the fleet has not started");
      await body(fleet as Fleet);
    });
}

/** Runs all checks and reports those that fail together. A check says how many series its answer had. */
async function checkAll(checks: readonly (() => Promise<number>)[]): Promise<void> {
  const failures: string[] = [];
  let empty = 0;
  for (const check of checks) {
    try {
      if ((await check()) === 0) empty++;
    } catch (error) {
      failures.push(error instanceof Error ? error.message : String(error));
    }
  }
  assert.is(
    failures.length,
    0,
    `${failures.length} of ${checks.length}:\n${failures.slice(0, 12).join("\n")}`,
  );
  assert.ok(empty < checks.length / 20, `${empty} of ${checks.length} answers are empty`);
}

app("no sample lies on an edge of a step, a window or an offset", () => {
  const edges = new Set(
    dedupQueries.flatMap(({ time }) => (time.kind === "instant" ? [time.at] : [time.from])),
  );
  for (const edge of edges) assert.is(edge % scrapeSeconds, 7);
  for (const { samples } of servers.flatMap(seriesOfServer)) {
    for (const { t } of samples) {
      assert.is.not(t % 1000, 0);
      assert.ok((t / 1000) % scrapeSeconds > 7, "replicas are read from the same scrape on");
    }
  }
  assert.is(new Set(narrowedQueries.map((query) => JSON.stringify(query))).size, 200);
});

const gatewayNames = ["gateway", "stacked"] as const;

for (const name of gatewayNames) {
  onFleet(
    `${narrowedQueries.length} queries narrowed to one server equal that server's own answers (${name})`,
    (running) =>
      checkAll(
        narrowedQueries.map((query) => async () => {
          const { cluster, replica } = query.server;
          const { prometheus } = running.servers.find((s) => s.cluster === cluster && s.replica === replica)!;
          const own = withMatchers(query.template, "");
          const want = await ask(prometheus, own, {
            time: query.time,
            addLabels: query.keepsLabels ? { cluster, replica } : {},
          });
          const narrowed = withMatchers(query.template, `cluster="${cluster}",replica="${replica}",`);
          const got = await ask(running[name], narrowed, {
            time: query.time,
            parameters: { dedup: "false", partial_response: "false" },
          });
          assertSameAnswer(got, want, `${narrowed} ${JSON.stringify(query.time)}`);
          return want.size;
        }),
      ),
  );

  onFleet(
    `${dedupQueries.length} queries with dedup equal those over what a naive model keeps (${name})`,
    (running) =>
      checkAll(
        dedupQueries.map((query: AppQuery) => async () => {
          const reference = query.reads === "counter" ? running.dedupedCounter : running.dedupedPlain;
          const text = withMatchers(query.template, "");
          const want = await ask(reference, text, { time: query.time });
          const got = await ask(running[name], text, {
            time: query.time,
            parameters: { dedup: "true", partial_response: "false" },
          });
          assertSameAnswer(got, want, `${text} ${JSON.stringify(query.time)}`);
          return want.size;
        }),
      ),
  );
}

onFleet("both gateways show who answers them", async (running) => {
  const first = await getJson(`http://${running.gateway}/api/v1/stores`);
  assert.is((first as { data: { sidecar: unknown[] } }).data.sidecar.length, 4);
  const second = await getJson(`http://${running.stacked}/api/v1/stores`);
  const [query] = (second as { data: { query: { labelSets: { cluster: string }[] }[] } }).data.query;
  assert.equal(query?.labelSets.map(({ cluster }) => cluster).sort(), ["a", "a", "b", "b"]);
});

onFleet("label names, values and series agree with the servers", async (running) => {
  const window = `start=${startSeconds}&end=${gapStartSeconds}`;
  const [server] = running.servers;
  const data = async (address: string, path: string) =>
    ((await getJson(`http://${address}/api/v1/${path}`)) as { data: unknown }).data;
  const own = (await data(server!.prometheus, `labels?${window}`)) as string[];
  for (const name of gatewayNames) {
    const names = await data(running[name], `labels?${window}&partial_response=false`);
    assert.equal(names, [...new Set([...own, "cluster", "replica"])].sort());
    assert.equal(await data(running[name], `label/cluster/values?${window}`), ["a", "b"]);
    assert.equal(
      await data(running[name], `label/instance/values?${window}&match[]=up`),
      await data(server!.prometheus, `label/instance/values?${window}&match[]=up`),
    );
    const match = encodeURIComponent('queue{cluster="a",replica="0"}');
    const series = (await data(running[name], `series?${window}&match[]=${match}&dedup=false`)) as object[];
    const ownSeries = (await data(server!.prometheus, `series?${window}&match[]=queue`)) as object[];
    const texts = (all: object[]) =>
      all.map((labels) => JSON.stringify(Object.entries(labels).sort())).sort();
    assert.equal(
      texts(series),
      texts(ownSeries.map((labels) => ({ ...labels, cluster: "a", replica: "0" }))),
    );
  }
});

onFleet(
  "a sidecar serves a Prometheus under labels of its own, in order, without those of Prometheus",
  async (running) => {
    const { child, grpc } = await startPlainSidecar(runtimes.own, [
      `--prometheus.url=http://${running.servers[0]!.prometheus}`,
      '--label=datacenter="old"',
      '--label=k="v"',
    ]);
    const endpoint = dialThanos({ address: grpc, tls: undefined, metrics: noMetrics, clock: systemClock });
    try {
      const info = await endpoint.fetchInfo(createTestContext());
      const read = async (matcher: Matcher, skipChunks: boolean) => {
        const range = { minMs: startSeconds * 1000, maxMs: gapStartSeconds * 1000 };
        const request = seriesRequest({ matchers: [matcher], range, skipChunks });
        const answer = await readBatches(endpoint.store(() => info).series(createTestContext(), request));
        return answer.series.map(({ labels }) => labels);
      };
      for (const names of ["queue", "clash", "up|queue|clash|http_requests_total"]) {
        const matcher: Matcher = { type: "=~", name: "__name__", value: names };
        const want = seriesOfServer(servers[0]!)
          .filter(({ labels }) => names.split("|").includes(labels.__name__ ?? ""))
          .map(({ labels }) => labelsOf({ ...labels, datacenter: "old", k: "v" }))
          .sort(compareLabels);
        assert.equal(await read(matcher, false), want);
        assert.equal(await read(matcher, true), want);
      }
    } finally {
      await endpoint.close(0);
      await child.end();
    }
  },
);

onFleet("no process has ended, and none has warned", async (running) => {
  for (const child of running.processes) {
    assert.is(child.exitCode(), undefined, child.name);
    assert.not.match(child.output(), /level=(warn|error)/, `${child.name}:\n${child.output()}`);
  }
});

onFleet(
  "a Prometheus that goes away is warned of or refused, and its sidecar is not ready",
  async (running) => {
    const gone = running.servers[3]!;
    await running.endPrometheus(gone);
    for (const name of gatewayNames) {
      const query = (partial: boolean) =>
        getJson(
          `http://${running[name]}/api/v1/query?${new URLSearchParams({
            query: 'count by (replica) (up{cluster="b"})',
            time: String(gapStartSeconds),
            dedup: "false",
            partial_response: String(partial),
          })}`,
        ) as Promise<{ status: string; error?: string; warnings?: string[]; data: { result: object[] } }>;
      const partial = await query(true);
      assert.is(partial.status, "success");
      assert.equal(
        partial.data.result.map((entry) => (entry as { metric: object }).metric),
        [{ replica: "0" }],
      );
      assert.match(partial.warnings?.join() ?? "", /connection refused/);
      const whole = await query(false);
      assert.is(whole.status, "error");
      assert.match(whole.error ?? "", /connection refused/);
    }
    while ((await statusOf(`http://${gone.sidecarHttp}/-/ready`)) !== 503) await sleep(50);
    assert.is(await statusOf(`http://${gone.sidecarHttp}/-/healthy`), 200);
  },
);

app.run();
