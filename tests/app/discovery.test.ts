import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { labelsOf } from "../../src/model/labels.ts";
import { createGrpcServer } from "../../src/rpc/grpc-server.ts";
import {
  aRecord,
  rcodes,
  type ScriptedReply,
  srvRecord,
  startDnsResponder,
} from "../support/dns-responder.ts";
import { createMemoryStore } from "../support/memory-store.ts";
import { call, type Gateway, startGateway } from "../support/query-process.ts";
import { endpointInfoOf } from "../support/store-api.ts";

/** A gateway in a process of its own that finds its stores by itself. */
const discovery = suite("discovery of a gateway");
const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const opened: (() => Promise<void> | void)[] = [];
discovery.after.each(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

/** A store with one series; its port. */
async function serve(cluster: string): Promise<number> {
  const store = createMemoryStore({
    name: cluster,
    externalLabels: labelsOf({ cluster }),
    series: [{ labels: labelsOf({ __name__: "up" }), samples: [[1_793_491_200_000, 1]] }],
  });
  const server = createGrpcServer({ store, info: () => endpointInfoOf(store), health: () => true });
  opened.push(() => server.close(0));
  const address = await server.listen({ host: "127.0.0.1", port: 0 });
  return Number(address.slice(address.lastIndexOf(":") + 1));
}

async function open(stores: number, ...flags: string[]): Promise<Gateway> {
  const gateway = await startGateway({ root, endpoints: [], stores, flags });
  opened.push(gateway.end);
  return gateway;
}

interface Seen {
  readonly clusters: readonly string[];
  /** `name state` of the expected ones, reason behind it where there is one. */
  readonly states: readonly string[];
  readonly status: number;
}

async function ask(gateway: Gateway, ...params: (readonly [string, string])[]): Promise<Seen> {
  const { status, body } = await call({
    address: gateway.http,
    method: "GET",
    path: "/api/v1/query",
    params: [["query", "up"], ["time", "1793491201"], ...params],
  });
  const { data, completeness } = JSON.parse(body) as {
    data?: { result: { metric: { cluster: string } }[] };
    completeness?: { clusters: { name: string; state: string; reason?: string }[] };
  };
  return {
    status,
    clusters: (data?.result ?? []).map(({ metric }) => metric.cluster).sort(),
    states: (completeness?.clusters ?? []).map(({ name, state, reason }) =>
      [name, state, ...(reason === undefined ? [] : [reason])].join(" "),
    ),
  };
}

/** Asks until the answer has just these clusters. */
async function untilSeen(gateway: Gateway, clusters: readonly string[], limitMs = 15_000): Promise<Seen> {
  const end = Date.now() + limitMs;
  for (;;) {
    const seen = await ask(gateway);
    if (seen.clusters.join() === clusters.join()) return seen;
    if (Date.now() > end) {
      throw new Error(`saw ${JSON.stringify(seen)}, waited for ${clusters}\n${gateway.output()}`);
    }
    await sleep(100);
  }
}

async function metric(gateway: Gateway, name: string): Promise<string | undefined> {
  const { body } = await call({ address: gateway.http, method: "GET", path: "/metrics", params: [] });
  return body.split("\n").find((line) => line.startsWith(name));
}

discovery("servers of an SRV name come and go, and answers say when it has none", async () => {
  const ports = { a: await serve("a"), b: await serve("b"), c: await serve("c") };
  let reply: (name: string) => ScriptedReply;
  const name = "_grpc._tcp.stores.example";
  const set = (...targets: (keyof typeof ports)[]) => {
    reply = (asked) =>
      asked === name
        ? { answers: targets.map((target) => srvRecord(name, `${target}.example`, ports[target], 1)) }
        : { answers: [] };
  };
  const dns = await startDnsResponder(({ name: asked, type }) => {
    if (type === "A" && /^[abc]\.example$/.test(asked)) return { answers: [aRecord(asked, "127.0.0.1", 1)] };
    return reply(asked);
  });
  opened.push(dns.close);
  set("a", "b");
  const gateway = await open(
    2,
    `--endpoint=dnssrv+${name}`,
    `--dns.resolv-conf=${dns.conf("options timeout:1 attempts:1")}`,
    "--store.sd-dns-interval=1s",
    "--endpoint.sd-hold-down=1s",
  );
  const first = await untilSeen(gateway, ["a", "b"]);
  assert.equal(first.states, [`dnssrv+${name} complete`]);
  assert.match(
    (await metric(gateway, "thanos_query_store_apis_dns_provider_results")) ?? "",
    /\{addr="dnssrv\+_grpc\._tcp\.stores\.example"\} 2/,
  );
  set("b", "c");
  assert.equal((await untilSeen(gateway, ["b", "c"])).states, [`dnssrv+${name} complete`]);

  reply = () => ({ rcode: rcodes.SERVFAIL });
  await sleep(2_500);
  assert.equal((await ask(gateway)).states, [`dnssrv+${name} complete`]);
  const age = Number((await metric(gateway, "sluice_dns_answer_age_seconds"))?.split(" ").at(-1));
  assert.ok(age > 2, `${age}`);
  assert.match((await metric(gateway, "thanos_query_endpoints_dns_failures_total")) ?? "", / [1-9]/);

  reply = () => ({ rcode: rcodes.NXDOMAIN });
  const none = await untilSeen(gateway, []);
  assert.equal(none.states, [`dnssrv+${name} missing lookup ${name}: NXDOMAIN`]);
  const strict = await ask(gateway, ["partial_response", "false"]);
  assert.is.not(strict.status, 200);

  set("a");
  await untilSeen(gateway, ["a"]);
});

discovery(
  "files are read anew when a link to their folder is moved, broken ones keep what they said",
  async () => {
    const [a, b] = [await serve("a"), await serve("b")];
    const folder = mkdtempSync(join(tmpdir(), "sluice-sd-"));
    opened.push(() => rmSync(folder, { recursive: true, force: true }));
    /** As the kubelet updates a ConfigMap. */
    const swap = (text: string) => {
      const version = mkdtempSync(join(folder, "..v"));
      writeFileSync(join(version, "targets.yml"), text);
      symlinkSync(version, join(folder, "..data_tmp"));
      renameSync(join(folder, "..data_tmp"), join(folder, "..data"));
    };
    swap(`- targets: ['127.0.0.1:${a}']\n`);
    symlinkSync("..data/targets.yml", join(folder, "targets.yml"));
    const gateway = await open(1, `--store.sd-files=${folder}/*.yml`);
    assert.equal((await untilSeen(gateway, ["a"])).states, [`127.0.0.1:${a} complete`]);
    const begun = Date.now();
    swap(`- targets: ['127.0.0.1:${a}', '127.0.0.1:${b}']\n`);
    await untilSeen(gateway, ["a", "b"]);
    assert.ok(Date.now() - begun < 5_000, `${Date.now() - begun}`);
    swap(`- targets: ['127.0.0.1:${a}']\n  label: {}\n`);
    const end = Date.now() + 10_000;
    while (!gateway.output().includes("targets.yml:2:3: [0].label is not known here") && Date.now() < end)
      await sleep(50);
    assert.match(gateway.output(), /targets\.yml:2:3: \[0\]\.label is not known here/);
    assert.equal((await ask(gateway)).clusters, ["a", "b"]);
    swap(`[{"targets": ["127.0.0.1:${b}"]}]`);
    await untilSeen(gateway, ["b"]);
  },
);

discovery("an endpoint config with a group: each call goes to one of its servers", async () => {
  const ports = [await serve("a"), await serve("b")];
  const dns = await startDnsResponder(({ name, type }) => ({
    answers:
      type === "SRV"
        ? ports.map((port, i) => srvRecord(name, `${"ab"[i]}.example`, port))
        : type === "A"
          ? [aRecord(name, "127.0.0.1")]
          : [],
  }));
  opened.push(dns.close);
  const folder = mkdtempSync(join(tmpdir(), "sluice-sd-"));
  opened.push(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "endpoints.yml");
  writeFileSync(file, "endpoints:\n- address: dnssrv+_grpc._tcp.group.example\n  group: true\n");
  const gateway = await open(1, `--endpoint.sd-config-file=${file}`, `--dns.resolv-conf=${dns.conf()}`);
  await untilSeen(gateway, ["a"]);
  await untilSeen(gateway, ["b"]);
  assert.equal((await ask(gateway)).states, ["dnssrv+_grpc._tcp.group.example complete"]);
  writeFileSync(file, `endpoints:\n- address: 127.0.0.1:${ports[0]}\n- address: 127.0.0.1:${ports[1]}\n`);
  await untilSeen(gateway, ["a", "b"]);
});

discovery("a broken endpoint config ends the start, and says where it is broken", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sluice-sd-"));
  opened.push(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "endpoints.yml");
  writeFileSync(file, "endpoints:\n- address: dns+x.example:1\n  strict: true\n");
  const error = await open(0, `--endpoint.sd-config-file=${file}`).then(
    () => "started",
    (reason: unknown) => String(reason),
  );
  assert.match(
    error,
    /endpoints\.yml:2:3: dns\+x\.example:1 is a dynamically specified endpoint i\.e\. it uses SD and that is not permitted under strict mode\./,
  );
});

discovery.run();
