import { suite } from "uvu";
import * as assert from "uvu/assert";
import { debianPrometheus, peerOrNotRun } from "../support/peers.ts";
import { type Fleet, findRuntimes, startFleet } from "./fleet.ts";
import { ask, assertSameAnswer, getJson } from "./query-answer.ts";
import { type AppQuery, dedupQueries, narrowedQueries, withMatchers } from "./query-list.ts";

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

/** The test's body where the fleet is there; the missing part was reported above. */
function withFleet(body: (running: Fleet) => Promise<void>): () => Promise<void> {
  return async () => {
    if (programs === undefined) return;
    assert.ok(fleet !== undefined, "the fleet has not started");
    await body(fleet as Fleet);
  };
}

/** Runs all checks and reports those that fail together. */
async function checkAll(checks: readonly (() => Promise<void>)[]): Promise<void> {
  const failures: string[] = [];
  for (const check of checks) {
    try {
      await check();
    } catch (error) {
      failures.push(error instanceof Error ? error.message : String(error));
    }
  }
  assert.is(
    failures.length,
    0,
    `${failures.length} of ${checks.length}:\n${failures.slice(0, 12).join("\n")}`,
  );
}

const gatewayNames = ["gateway", "stacked"] as const;

for (const name of gatewayNames) {
  app(
    `${narrowedQueries.length} queries narrowed to one server equal that server's own answers (${name})`,
    withFleet((running) =>
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
        }),
      ),
    ),
  );

  app(
    `${dedupQueries.length} queries with dedup equal those over what a naive model keeps (${name})`,
    withFleet((running) =>
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
        }),
      ),
    ),
  );
}

app(
  "both gateways show who answers them",
  withFleet(async (running) => {
    const first = await getJson(`http://${running.gateway}/api/v1/stores`);
    assert.is((first as { data: { sidecar: unknown[] } }).data.sidecar.length, 4);
    const second = await getJson(`http://${running.stacked}/api/v1/stores`);
    const [query] = (second as { data: { query: { labelSets: { cluster: string }[] }[] } }).data.query;
    assert.equal(query?.labelSets.map(({ cluster }) => cluster).sort(), ["a", "a", "b", "b"]);
  }),
);

app(
  "label names, values and series agree with the servers",
  withFleet(async (running) => {
    const window = `start=${narrowedQueries[0]!.time.kind === "instant" ? narrowedQueries[0]!.time.at - 600 : 0}&end=${1_717_204_000}`;
    const [server] = running.servers;
    const data = async (address: string, path: string) =>
      ((await getJson(`http://${address}/api/v1/${path}`)) as { data: unknown }).data;
    const own = (await data(server!.prometheus, `labels?${window}`)) as string[];
    for (const name of gatewayNames) {
      const names = await data(running[name], `labels?${window}&partial_response=false`);
      assert.equal(names, [...own, "cluster", "replica"].sort());
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
  }),
);

app(
  "no process has ended, and none has warned",
  withFleet(async (running) => {
    for (const child of running.processes) {
      assert.is(child.exitCode(), undefined, child.name);
      assert.not.match(child.output(), /level=(warn|error)/, `${child.name}:\n${child.output()}`);
    }
  }),
);

app.run();
