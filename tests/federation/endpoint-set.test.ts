import { suite } from "uvu";
import * as assert from "uvu/assert";
import { truncateLabels } from "../../src/federation/endpoint-connections.ts";
import {
  createEndpointSet,
  type EndpointSetOptions,
  type EndpointSpec,
} from "../../src/federation/endpoint-set.ts";
import { GatewayError } from "../../src/lib/errors.ts";
import { labelsOf } from "../../src/model/labels.ts";
import { allTime } from "../../src/model/time-range.ts";
import type { Endpoint, EndpointInfo } from "../../src/store/endpoint.ts";
import { type Log, noLog } from "../../src/telemetry/log.ts";
import { type MetricLabels, noMetrics } from "../../src/telemetry/metrics.ts";
import { createManualClock } from "../support/manual-clock.ts";
import { createMemoryStore } from "../support/memory-store.ts";

const test = suite("endpoint set");

const sidecar: EndpointInfo = {
  labelSets: [labelsOf({ cluster: "a" })],
  timeRange: { minMs: 1, maxMs: 9 },
  component: "sidecar",
  supportsSharding: true,
  supportsWithoutReplicaLabels: true,
  tsdbInfos: [{ labels: labelsOf({ cluster: "a" }), timeRange: { minMs: 1, maxMs: 9 } }],
  apis: new Set(["store", "rules"]),
};

/** Peers by address, what they say to Info, and what became of their connections. */
function createPeers() {
  const answers = new Map<string, EndpointInfo | Error | "silent">();
  const closed: string[] = [];
  const dialed: string[] = [];
  const dial = ({ address, host }: EndpointSpec): Endpoint => {
    dialed.push(host === undefined ? address : `${address} as ${host}`);
    return {
      address,
      async fetchInfo({ signal }) {
        const answer = answers.get(address) ?? new GatewayError("unavailable", "refused");
        if (answer === "silent") {
          await new Promise((_, reject) => {
            if (signal.aborted) reject(signal.reason);
            signal.addEventListener("abort", () => reject(signal.reason));
          });
        }
        if (answer instanceof Error) throw answer;
        return answer as EndpointInfo;
      },
      store: (info) => ({ ...createMemoryStore({ name: address, series: [] }), info }),
      async close(graceMs) {
        closed.push(`${address} ${graceMs}`);
      },
    };
  };
  return { answers, closed, dialed, dial };
}

function createSet(parts: Partial<EndpointSetOptions> = {}) {
  const peers = createPeers();
  const clock = createManualClock(1_000_000);
  const set = createEndpointSet({
    dial: peers.dial,
    clock,
    log: noLog,
    metrics: noMetrics,
    intervalMs: 5000,
    infoTimeoutMs: 5000,
    unhealthyTimeoutMs: 300_000,
    graceMs: 120_000,
    ...parts,
  });
  return { ...peers, clock, set };
}

const loose = (...addresses: string[]) => addresses.map((address) => ({ address, strict: false }));
const names = (list: readonly { readonly address: string }[]) => list.map(({ address }) => address);
const down = new GatewayError("unavailable", "down");

test("a new endpoint that answers is listed and asked, with what it says", async () => {
  const { set, answers } = createSet();
  answers.set("b:1", sidecar).set("a:1", sidecar);
  await set.update(loose("b:1", "a:1"));
  assert.equal(names(set.endpoints()), ["a:1", "b:1"]);
  assert.equal(set.endpoints()[0]?.store.info(), sidecar);
  assert.equal(set.endpoints()[0]?.tsdbInfos, sidecar.tsdbInfos);
  assert.equal(set.status()[0], {
    name: "a:1",
    component: "sidecar",
    lastCheckMs: 1_000_000,
    lastError: undefined,
    labelSets: sidecar.labelSets,
    timeRange: sidecar.timeRange,
  });
  await set.close();
});

test("a new endpoint that fails is not listed, and tried again on a fresh connection", async () => {
  const { set, answers, closed, dialed } = createSet();
  await set.update(loose("a:1"));
  assert.equal([set.endpoints(), set.status()], [[], []]);
  assert.equal(closed, ["a:1 120000"]);
  answers.set("a:1", sidecar);
  await set.refresh();
  assert.equal(names(set.endpoints()), ["a:1"]);
  assert.equal(dialed, ["a:1", "a:1"]);
  await set.close();
});

test("an endpoint that discovery has lost stays while it answers, and is not missed when it does not", async () => {
  const { set, answers, dialed } = createSet();
  const spec = { address: "a:1", strict: false, cluster: "a" };
  const cluster = [{ name: "a", expected: true, strict: false }];
  answers.set("a:1", sidecar);
  await set.update([spec], cluster);
  await set.update([{ ...spec, isLeaving: true }], cluster);
  assert.equal(names(set.clusters()[0]?.queryable ?? []), ["a:1"]);
  answers.set("a:1", down);
  await set.refresh();
  assert.equal([set.clusters()[0]?.queryable, set.clusters()[0]?.lost, set.status()], [[], [], []]);
  answers.set("a:1", sidecar);
  await set.refresh();
  assert.equal(names(set.endpoints()), []);
  await set.update([spec], cluster);
  assert.equal(names(set.endpoints()), ["a:1"]);
  assert.equal(dialed, ["a:1", "a:1"]);
  await set.close();
});

test("a new endpoint does not wait for one that is silent", async () => {
  const { set, answers, clock } = createSet();
  answers.set("frozen:1", "silent").set("a:1", sidecar).set("b:1", sidecar);
  const first = set.update(loose("frozen:1", "a:1"));
  await clock.settle();
  const second = set.update(loose("frozen:1", "b:1"));
  await clock.settle();
  assert.equal(names(set.endpoints()), ["b:1"]);
  for (let i = 0; i < 2; i++) {
    clock.advance(5_000);
    await clock.settle();
  }
  await Promise.all([first, second]);
  assert.equal(names(set.endpoints()), ["b:1"]);
  await set.close();
});

test("an address that is found under another name is connected to anew", async () => {
  const { set, answers, dialed } = createSet();
  answers.set("a:1", sidecar);
  for (const host of ["x", "x", "y"]) await set.update([{ address: "a:1", strict: false, host }]);
  assert.equal(dialed, ["a:1 as x", "a:1 as y"]);
  await set.close();
});

test("an endpoint that fails later stays listed with its last answer, but is not asked until it answers again", async () => {
  const { set, answers, clock } = createSet();
  answers.set("a:1", sidecar);
  await set.update(loose("a:1"));
  answers.set("a:1", down);
  clock.advance(10_000);
  await set.refresh();
  assert.equal(set.endpoints(), []);
  const [status] = set.status();
  assert.is(status?.lastError, "down");
  assert.is(status?.lastCheckMs, 1_000_000);
  assert.equal(status?.labelSets, sidecar.labelSets);
  answers.set("a:1", sidecar);
  await set.refresh();
  assert.equal(names(set.endpoints()), ["a:1"]);
  assert.is(set.status()[0]?.lastError, undefined);
  await set.close();
});

test("an endpoint that fails for the unhealthy time is dropped", async () => {
  const { set, answers, clock, closed } = createSet();
  answers.set("a:1", sidecar);
  await set.update(loose("a:1"));
  answers.set("a:1", down);
  clock.advance(299_999);
  await set.refresh();
  assert.is(set.status().length, 1);
  clock.advance(1);
  await set.refresh();
  assert.is(set.status().length, 0);
  assert.equal(closed, ["a:1 120000"]);
  await set.close();
});

test("a strict endpoint is asked before its first answer, as a store of all time, and never dropped", async () => {
  const { set, clock } = createSet();
  await set.update([{ address: "a:1", strict: true }]);
  clock.advance(10_000_000);
  await set.refresh();
  assert.equal(names(set.endpoints()), ["a:1"]);
  assert.equal(set.endpoints()[0]?.store.info().timeRange, allTime);
  assert.is(set.status()[0]?.component, undefined);
  assert.is(set.status()[0]?.lastCheckMs, undefined);
  assert.is(set.status()[0]?.lastError, "refused");
  await set.close();
});

test("an address that is no longer wanted is closed with its grace", async () => {
  const { set, answers, closed } = createSet();
  answers.set("a:1", sidecar).set("b:1", sidecar);
  await set.update(loose("a:1", "b:1"));
  await set.update(loose("b:1"));
  assert.equal(names(set.endpoints()), ["b:1"]);
  assert.equal(closed, ["a:1 120000"]);
  await set.close();
});

test("a silent endpoint fails when its time is up, without holding the others", async () => {
  const { set, answers, clock } = createSet();
  answers.set("a:1", sidecar).set("b:1", sidecar);
  await set.update(loose("a:1", "b:1"));
  answers.set("a:1", "silent");
  const refreshed = set.refresh();
  await Promise.resolve();
  clock.advance(5000);
  await refreshed;
  assert.equal(names(set.endpoints()), ["b:1"]);
  assert.match(set.status()[0]?.lastError ?? "", "context deadline exceeded");
  await set.close();
});

test("asks anew every interval, and no more after close", async () => {
  const { set, answers, clock } = createSet();
  let asked = 0;
  answers.set("a:1", sidecar);
  await set.update(loose("a:1"));
  const peers = answers;
  peers.get = (address) => {
    asked++;
    return Map.prototype.get.call(answers, address) as EndpointInfo;
  };
  set.start();
  await set.firstRefresh();
  await clock.settle();
  assert.is(asked, 1);
  clock.advance(5000);
  await clock.settle();
  assert.is(asked, 2);
  await set.close();
  clock.advance(5000);
  await clock.settle();
  assert.is(asked, 2);
});

test("close ends an Info that is under way, and does not wait for it", async () => {
  const { set, answers, closed } = createSet();
  answers.set("a:1", "silent");
  const updated = set.update(loose("a:1"));
  await set.close();
  await updated;
  assert.equal(closed, ["a:1 120000"]);
  assert.equal(set.status(), []);
});

test("two producers with the same external labels are warned of once", async () => {
  const warnings: string[] = [];
  const log: Log = {
    ...noLog,
    warn: (message, fields) => warnings.push(`${message.slice(0, 15)} ${fields?.address}`),
  };
  const { set, answers } = createSet({ log });
  answers
    .set("a:1", sidecar)
    .set("b:1", sidecar)
    .set("c:1", { ...sidecar, component: "store" });
  await set.update(loose("a:1", "b:1", "c:1"));
  await set.refresh();
  assert.equal(warnings, ["found duplicate b:1"]);
  await set.close();
});

test("connections are counted by label sets and kind; strict ones too while they fail", async () => {
  let read: (() => readonly { value: number; labels?: MetricLabels }[]) | undefined;
  const metrics = {
    ...noMetrics,
    observe: (name: string, _help: string, reader: NonNullable<typeof read>) => {
      if (name === "thanos_store_nodes_grpc_connections") read = reader;
    },
  };
  const { set, answers } = createSet({ metrics });
  answers
    .set("a:1", sidecar)
    .set("b:1", sidecar)
    .set("c:1", { ...sidecar, labelSets: [], component: "store" });
  await set.update([...loose("a:1", "b:1", "c:1"), { address: "d:1", strict: true }]);
  assert.equal(read?.(), [
    { value: 2, labels: { external_labels: '{cluster="a"}', store_type: "sidecar" } },
    { value: 1, labels: { external_labels: "no_external_labels", store_type: "store" } },
    { value: 1, labels: { external_labels: "no_external_labels", store_type: "unknown-store-api" } },
  ]);
  await set.close();
});

test("members are found by the APIs that they serve", async () => {
  const { set, answers } = createSet();
  answers.set("a:1", sidecar).set("b:1", { ...sidecar, apis: new Set(["query"]) });
  await set.update(loose("a:1", "b:1"));
  assert.equal(names(set.endpoints()), ["a:1"]);
  assert.equal(
    set.endpointsWith("query").map(({ endpoint }) => endpoint.address),
    ["b:1"],
  );
  assert.equal(
    set.endpointsWith("rules").map(({ endpoint }) => endpoint.address),
    ["a:1"],
  );
  await set.close();
});

test("long label texts are cut between characters", () => {
  assert.is(truncateLabels("{abcdefghij}", 10), "{abcdefgh}");
  assert.is(truncateLabels("{abcde花朵}", 10), "{abcde花}");
  assert.is(truncateLabels("{abcd}", 10), "{abcd}");
});

test.run();
