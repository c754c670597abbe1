import { suite } from "uvu";
import * as assert from "uvu/assert";
import { clusterOfEndpoint, type DeclaredCluster } from "../../src/config/declared-cluster.ts";
import { type ClusterSource, createStaticSource } from "../../src/discovery/cluster-source.ts";
import { createDiscovery } from "../../src/discovery/create-discovery.ts";
import type { DiscoveredEndpoints } from "../../src/discovery/discovered-endpoints.ts";
import { createMetrics } from "../../src/telemetry/create-metrics.ts";
import { noLog } from "../../src/telemetry/log.ts";
import { createManualClock } from "../support/manual-clock.ts";
import { createScriptedResolver, type Zone } from "../support/scripted-resolver.ts";

const discovery = suite("discovery");

function open(zone: Zone, ...sources: readonly ClusterSource[]) {
  const clock = createManualClock(1_000_000);
  const metrics = createMetrics();
  const resolver = createScriptedResolver(zone);
  const heard: DiscoveredEndpoints[] = [];
  const made = createDiscovery({
    sources,
    resolver,
    dnsIntervalMs: 30_000,
    holdDownMs: 0,
    clock,
    log: noLog,
    metrics,
  });
  made.onChange((found) => heard.push(found));
  made.start();
  const advance = async (ms: number) => {
    clock.advance(ms);
    await clock.settle();
  };
  return { made, clock, metrics, resolver, heard, advance };
}

/** A source that says what a test tells it to. */
function createTestSource() {
  let tell: (clusters: readonly DeclaredCluster[]) => void = () => undefined;
  const settled = Promise.withResolvers<void>();
  const source: ClusterSource = {
    start(declare) {
      tell = declare;
    },
    settled: settled.promise,
    close: () => undefined,
  };
  return {
    source,
    declare(...clusters: readonly DeclaredCluster[]) {
      tell(clusters);
      settled.resolve();
    },
  };
}

const flags = (...addresses: readonly string[]) =>
  createStaticSource(addresses.map((address) => clusterOfEndpoint({ address })));
const addressesOf = ({ endpoints }: DiscoveredEndpoints) =>
  endpoints.map(({ address, cluster }) => `${address} in ${cluster}`);
const clustersOf = ({ clusters }: DiscoveredEndpoints) =>
  clusters.map(({ name, expected, problem }) =>
    [name, ...(expected ? [] : ["unexpected"]), ...(problem === undefined ? [] : [problem.reason])].join(
      ": ",
    ),
  );

discovery("each address and each name is a cluster, named as it was written", async () => {
  const zone: Zone = { store: ["A 10.0.0.1 10.0.0.2"], "_grpc._tcp.x": ["SRV pod:7"], pod: ["A 10.0.0.3"] };
  const { made, heard } = open(zone, flags("a:1", "dns+store:2", "dnssrv+_grpc._tcp.x"));
  await made.settled();
  assert.is(heard.length, 1);
  assert.equal(addressesOf(made.current()), [
    "a:1 in a:1",
    "10.0.0.1:2 in dns+store:2",
    "10.0.0.2:2 in dns+store:2",
    "10.0.0.3:7 in dnssrv+_grpc._tcp.x",
  ]);
  assert.equal(clustersOf(made.current()), ["a:1", "dns+store:2", "dnssrv+_grpc._tcp.x"]);
  assert.equal(
    made.current().endpoints.map(({ host }) => host),
    [undefined, "store", "store", "pod"],
  );
  made.close();
});

discovery("a name that does not resolve is a cluster with the reason", async () => {
  const { made } = open({}, flags("dnssrv+_grpc._tcp.x"));
  await made.settled();
  assert.equal(made.current(), {
    endpoints: [],
    clusters: [
      {
        name: "dnssrv+_grpc._tcp.x",
        expected: true,
        strict: false,
        problem: { reason: "lookup _grpc._tcp.x: NXDOMAIN", sinceMs: 1_000_000 },
        isIncomplete: true,
      },
    ],
    duplicates: [],
  });
  made.close();
});

discovery(
  "is settled once every source was read and every name looked up, with nothing declared at once",
  async () => {
    const { made, heard } = open({});
    await made.settled();
    assert.equal(heard, [{ endpoints: [], clusters: [], duplicates: [] }]);
    made.close();
    const file = createTestSource();
    const zone: Zone = { store: "pending" };
    const later = open(zone, file.source);
    let isSettled = false;
    void later.made.settled().then(() => {
      isSettled = true;
    });
    await later.clock.settle();
    assert.is(isSettled, false);
    file.declare(clusterOfEndpoint({ address: "dns+store:1" }));
    await later.clock.settle();
    assert.is(isSettled, false);
    await later.advance(30_000);
    assert.is(isSettled, true);
    later.made.close();
  },
);

discovery("what is known is told after a second, while a slow name is still looked up", async () => {
  const { made, heard, advance } = open({ store: "pending" }, flags("a:1", "dns+store:1"));
  await advance(999);
  assert.is(heard.length, 0);
  await advance(1);
  assert.equal(heard.map(addressesOf), [["a:1 in a:1"]]);
  assert.equal(heard.map(clustersOf), [["a:1", "dns+store:1: lookup store: no answer yet"]]);
  made.close();
});

discovery("nothing is told where nothing has changed", async () => {
  const zone: Zone = { store: ["A 10.0.0.1"] };
  const { made, heard, advance } = open(zone, flags("dns+store:1"));
  await made.settled();
  for (let i = 0; i < 10; i++) await advance(30_000);
  assert.is(heard.length, 1);
  zone.store = ["A 10.0.0.2"];
  await advance(30_000);
  assert.equal(heard.map(addressesOf), [["10.0.0.1:1 in dns+store:1"], ["10.0.0.2:1 in dns+store:1"]]);
  made.close();
});

discovery(
  "an address of two names is asked once, and a name without addresses of its own is not missed",
  async () => {
    const zone: Zone = { a: ["A 10.0.0.1"], b: ["A 10.0.0.1"], c: ["A 10.0.0.1 10.0.0.2"] };
    const { made, metrics } = open(zone, flags("dns+a:1", "dns+b:1", "dns+c:1"));
    await made.settled();
    assert.equal(addressesOf(made.current()), ["10.0.0.1:1 in dns+a:1", "10.0.0.2:1 in dns+c:1"]);
    assert.equal(clustersOf(made.current()), [
      "dns+a:1",
      "dns+b:1: unexpected: all its addresses are those of cluster dns+a:1",
      "dns+c:1",
    ]);
    assert.match(await metrics.scrape(), /^thanos_query_duplicated_endpoint_addresses_total 2$/m);
    made.close();
  },
);

discovery(
  "a cluster with a name of its own is missing where all its addresses are another one's",
  async () => {
    const named = (name: string, address: string) => ({ ...clusterOfEndpoint({ address }), name });
    const zone: Zone = { a: ["A 10.0.0.1"], b: ["A 10.0.0.1"] };
    const { made } = open(zone, createStaticSource([named("eu", "dns+a:1"), named("us", "dns+b:1")]));
    await made.settled();
    assert.equal(clustersOf(made.current()), ["eu", "us: all its addresses are those of cluster eu"]);
    assert.is(made.current().clusters[1]?.expected, true);
    made.close();
  },
);

discovery("a strict endpoint is strict, whoever else names it", async () => {
  const strict = createStaticSource([clusterOfEndpoint({ address: "a:1", strict: true })]);
  const { made } = open({}, strict, flags("a:1", "b:1"));
  await made.settled();
  assert.equal(
    made.current().endpoints.map(({ address, strict }) => [address, strict]),
    [
      ["a:1", true],
      ["b:1", false],
    ],
  );
  assert.equal(clustersOf(made.current()), ["a:1", "b:1"]);
  made.close();
});

discovery("names that are no longer declared are no longer asked", async () => {
  const file = createTestSource();
  const { made, clock, advance, resolver } = open({ a: ["A 10.0.0.1"], b: ["A 10.0.0.2"] }, file.source);
  file.declare(clusterOfEndpoint({ address: "dns+a:1" }));
  await made.settled();
  file.declare(clusterOfEndpoint({ address: "dns+b:1" }));
  await clock.settle();
  assert.equal(addressesOf(made.current()), ["10.0.0.2:1 in dns+b:1"]);
  resolver.asked.length = 0;
  await advance(30_000);
  assert.equal(resolver.asked, ["b A,AAAA"]);
  made.close();
});

discovery("a group is one endpoint, whose servers change behind it", async () => {
  const zone: Zone = { store: ["A 10.0.0.1 10.0.0.2"] };
  const groups = createStaticSource([
    clusterOfEndpoint({ address: "dns+store:1", group: "round_robin" }),
    clusterOfEndpoint({ address: "plain:1", group: "pick_first", strict: true }),
  ]);
  const { made, advance, heard, metrics } = open(zone, groups);
  await made.settled();
  assert.equal(addressesOf(made.current()), [
    "thanos:///dns+store:1 in dns+store:1",
    "thanos:///plain:1 in plain:1",
  ]);
  const members = (address: string) => made.groupMembers(address).map((member) => member.address);
  assert.equal(members("thanos:///dns+store:1"), ["10.0.0.1:1", "10.0.0.2:1"]);
  assert.equal(members("thanos:///plain:1"), ["plain:1"]);
  assert.equal(["thanos:///dns+store:1", "thanos:///plain:1"].map(made.groupPolicy), [
    "round_robin",
    "pick_first",
  ]);
  zone.store = ["A 10.0.0.3"];
  await advance(30_000);
  assert.equal(members("thanos:///dns+store:1"), ["10.0.0.3:1"]);
  assert.is(heard.length, 1);
  const text = await metrics.scrape();
  assert.match(text, /^thanos_query_endpoint_groups_dns_lookups_total 2$/m);
  assert.match(text, /^thanos_query_endpoints_dns_lookups_total 0$/m);
  made.close();
});

discovery("a cluster is known in part where one of its names is not, and a group never is", async () => {
  const eu = (address: string) => ({ ...clusterOfEndpoint({ address }), name: "eu" });
  const group = clusterOfEndpoint({ address: "dns+gone:1", group: "round_robin" });
  const { made } = open(
    { store: ["A 10.0.0.1"] },
    createStaticSource([eu("dns+store:1"), eu("dns+gone:1"), group]),
  );
  await made.settled();
  assert.equal(
    made.current().clusters.map(({ name, problem, isIncomplete }) => [name, problem?.reason, isIncomplete]),
    [
      ["eu", "lookup gone: NXDOMAIN", true],
      ["dns+gone:1", "lookup gone: NXDOMAIN", false],
    ],
  );
  made.close();
});

discovery("declarations of one name are one cluster", async () => {
  const one = (address: string) => ({ ...clusterOfEndpoint({ address }), name: "eu" });
  const { made } = open({}, createStaticSource([one("a:1")]), createStaticSource([one("b:1")]));
  await made.settled();
  assert.equal(addressesOf(made.current()), ["a:1 in eu", "b:1 in eu"]);
  assert.equal(clustersOf(made.current()), ["eu"]);
  made.close();
});

discovery("a closed discovery says nothing any more", async () => {
  const zone: Zone = { store: ["A 10.0.0.1"] };
  const { made, heard, advance } = open(zone, flags("dns+store:1"));
  await made.settled();
  made.close();
  zone.store = ["A 10.0.0.2"];
  await advance(600_000);
  assert.is(heard.length, 1);
});

discovery.run();
