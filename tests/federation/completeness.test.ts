import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { ClusterView, LostEndpoint } from "../../src/federation/cluster-view.ts";
import { createProxyStore } from "../../src/federation/proxy-store.ts";
import { GatewayError } from "../../src/lib/errors.ts";
import { type ClusterOutcome, createCompletenessLog } from "../../src/model/completeness.ts";
import { labelsOf } from "../../src/model/labels.ts";
import { allTime } from "../../src/model/time-range.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import type { LabelRequest, QueryContext, SeriesRequest, Store } from "../../src/store/store.ts";
import { noMetrics } from "../../src/telemetry/metrics.ts";
import { createMemoryStore, createTestContext, seriesRequest } from "../support/memory-store.ts";
import { readBatches } from "../support/read-batches.ts";
import { serveAndDial } from "../support/store-api.ts";
import { parseMatchers } from "../support/store-contract.ts";

const test = suite("completeness");

function store(name: string, external: Record<string, string>): Store {
  return createMemoryStore({
    name,
    externalLabels: labelsOf(external),
    series: [{ labels: labelsOf({ __name__: "up" }), samples: [[1_000, 1]] }],
  });
}

/** Fails before its first batch, or in the middle. */
function failing(inner: Store, when: "before" | "middle"): Store {
  return {
    ...inner,
    async *series(ctx, request) {
      if (when === "middle") yield* inner.series(ctx, request);
      throw new GatewayError("unavailable", `${inner.name} is gone`);
    },
    async labelNames() {
      throw new GatewayError("unavailable", `${inner.name} is gone`);
    },
  };
}

interface Declared {
  readonly name: string;
  readonly stores: readonly Store[];
  readonly lost?: readonly LostEndpoint[];
  readonly strict?: boolean;
  readonly expected?: boolean;
  readonly problem?: ClusterView["problem"];
  readonly isIncomplete?: boolean;
  readonly labels?: ClusterView["labels"];
}

function federation(...declared: readonly Declared[]) {
  const clusters: ClusterView[] = declared.map(
    ({ stores, lost = [], strict = false, expected = true, ...rest }) => ({
      ...rest,
      strict,
      expected,
      lost,
      queryable: stores.map((one) => ({ address: one.name, store: one, tsdbInfos: [] })),
    }),
  );
  return createProxyStore({
    endpoints: () => clusters.flatMap(({ queryable }) => queryable),
    clusters: () => clusters,
    metrics: noMetrics,
    clock: systemClock,
  });
}

/** Which states the clusters are in after a read, as `name state`, with the reasons apart. */
async function readOf(proxy: Store, request: Partial<SeriesRequest> = {}) {
  const completeness = createCompletenessLog();
  const warnings: string[] = [];
  const ctx: QueryContext = {
    ...createTestContext(),
    completeness,
    warn: (text) => void warnings.push(text),
  };
  const batches = await readBatches(
    proxy.series(ctx, seriesRequest({ matchers: parseMatchers("__name__=up"), ...request })),
  );
  const outcomes = completeness.outcomes();
  return {
    states: outcomes.map(({ cluster, state }) => `${cluster} ${state}`),
    outcomes,
    warnings,
    batches,
  };
}

const everyLabel: LabelRequest = {
  range: allTime,
  matchers: [],
  withoutReplicaLabels: [],
  partialResponse: "warn",
  limit: 0,
  storeMatchers: [],
};

const lost = (address: string, external?: Record<string, string>): LostEndpoint => ({
  address,
  reason: "connection refused",
  sinceMs: 5,
  info: external && { labelSets: [labelsOf(external)], timeRange: allTime },
});

test("clusters that answer are complete, those without data by their labels excluded", async () => {
  const proxy = federation(
    { name: "eu", stores: [store("a", { cluster: "eu" })] },
    { name: "us", stores: [store("b", { cluster: "us" })] },
  );
  assert.equal((await readOf(proxy)).states, ["eu complete", "us complete"]);
  const narrowed = await readOf(proxy, { matchers: parseMatchers("__name__=up, cluster=eu") });
  assert.equal(narrowed.states, ["eu complete", "us excluded"]);
  assert.equal(narrowed.warnings, []);
});

test("a cluster that is lost is missing, in words too, unless it is known to have no such data", async () => {
  const proxy = federation(
    { name: "eu", stores: [store("a", { cluster: "eu" })] },
    { name: "us", stores: [], lost: [lost("b", { cluster: "us" })] },
    { name: "asia", stores: [], lost: [lost("c")] },
    { name: "mars", stores: [], problem: { reason: "lookup mars: NXDOMAIN", sinceMs: 7 } },
    { name: "hobby", stores: [], lost: [lost("d")], expected: false },
  );
  const { states, outcomes, warnings } = await readOf(proxy);
  assert.equal(states, ["asia missing", "eu complete", "mars missing", "us missing"]);
  assert.equal(outcomes[3], { cluster: "us", state: "missing", reason: "b: connection refused", sinceMs: 5 });
  assert.equal(warnings, [
    "cluster us is missing since 1970-01-01T00:00:00.005Z: b: connection refused",
    "cluster asia is missing since 1970-01-01T00:00:00.005Z: c: connection refused",
    "cluster mars is missing since 1970-01-01T00:00:00.007Z: lookup mars: NXDOMAIN",
  ]);
  const narrowed = await readOf(proxy, { matchers: parseMatchers("__name__=up, cluster=eu") });
  assert.equal(narrowed.states, ["asia missing", "eu complete", "mars missing", "us excluded"]);
});

test("a cluster of which discovery knows a part only is partial, one whose earlier addresses still do is complete", async () => {
  const problem = { reason: "lookup pod-2: SERVFAIL", sinceMs: 7 };
  const proxy = federation(
    { name: "eu", stores: [store("a", { cluster: "eu" })], problem, isIncomplete: true },
    { name: "us", stores: [store("b", { cluster: "us" })], problem },
  );
  const { states, warnings } = await readOf(proxy);
  assert.equal(states, ["eu partial", "us complete"]);
  assert.equal(warnings, ["cluster eu is partial since 1970-01-01T00:00:00.007Z: lookup pod-2: SERVFAIL"]);
});

test("what fails before it answers is missing, what breaks off is partial", async () => {
  for (const [when, state] of [
    ["before", "missing"],
    ["middle", "partial"],
  ] as const) {
    const proxy = federation(
      { name: "eu", stores: [store("a", { cluster: "eu" })] },
      { name: "us", stores: [failing(store("b", { cluster: "us" }), when)] },
    );
    const { states, outcomes } = await readOf(proxy);
    assert.equal(states, ["eu complete", `us ${state}`]);
    assert.match(outcomes[1]?.reason ?? "", /b is gone/);
  }
});

test("a replica makes up for another one under dedup, and only for one that sent nothing", async () => {
  const a = store("a", { cluster: "eu", replica: "0" });
  const b = store("b", { cluster: "eu", replica: "1" });
  const cases: readonly [Declared, readonly string[], string][] = [
    [{ name: "eu", stores: [a, failing(b, "before")] }, ["replica"], "eu complete"],
    [{ name: "eu", stores: [a, failing(b, "before")] }, [], "eu partial"],
    [{ name: "eu", stores: [a, failing(b, "middle")] }, ["replica"], "eu partial"],
    [
      { name: "eu", stores: [a], lost: [lost("b", { cluster: "eu", replica: "1" })] },
      ["replica"],
      "eu complete",
    ],
    [{ name: "eu", stores: [a], lost: [lost("b", { cluster: "eu", replica: "1" })] }, [], "eu partial"],
    [{ name: "eu", stores: [a], lost: [lost("b")] }, ["replica"], "eu partial"],
    [{ name: "eu", stores: [failing(a, "before"), failing(b, "before")] }, ["replica"], "eu missing"],
  ];
  for (const [declared, withoutReplicaLabels, want] of cases) {
    assert.equal((await readOf(federation(declared), { withoutReplicaLabels })).states, [want]);
  }
});

test("what must be whole and is not is an error that names the cluster", async () => {
  const eu = { name: "eu", stores: [store("a", { cluster: "eu" })] };
  const gone: Declared = { name: "us", stores: [], lost: [lost("b")] };
  const broken: Declared = {
    name: "us",
    stores: [failing(store("b", { cluster: "us" }), "before")],
    strict: true,
  };
  const failures: readonly [Store, Partial<SeriesRequest>, RegExp][] = [
    [
      federation(eu, gone),
      { partialResponse: "abort" },
      /^cluster us is missing since .*: b: connection refused$/,
    ],
    [federation(eu, { ...gone, strict: true }), {}, /^cluster us is missing/],
    [federation(eu, { ...gone, strict: true, expected: false }), {}, /^cluster us is missing/],
    [federation(eu, broken), {}, /^cluster us is missing: .*b is gone/],
  ];
  for (const [proxy, request, text] of failures) {
    const error = await readOf(proxy, request).then(
      ({ states }) => states.join(),
      (reason: unknown) => reason,
    );
    assert.instance(error, GatewayError, `${text} ${error}`);
    assert.is((error as GatewayError).code, "aborted");
    assert.match((error as GatewayError).message, text);
  }
  const optional = { ...gone, expected: false };
  assert.equal((await readOf(federation(eu, optional), { partialResponse: "abort" })).states, [
    "eu complete",
  ]);
});

test("label calls say it, too", async () => {
  const proxy = federation(
    { name: "eu", stores: [store("a", { cluster: "eu" })] },
    { name: "us", stores: [failing(store("b", { cluster: "us" }), "before")] },
  );
  const completeness = createCompletenessLog();
  await proxy.labelNames({ ...createTestContext(), completeness }, everyLabel);
  assert.equal(
    completeness.outcomes().map(({ cluster, state }) => `${cluster} ${state}`),
    ["eu complete", "us missing"],
  );
});

test("several reads of one answer make one outcome", () => {
  const outcome = (state: ClusterOutcome["state"]): ClusterOutcome => ({
    cluster: "eu",
    state,
    reason: state === "complete" ? "" : state,
    sinceMs: undefined,
  });
  const cases = [
    ["complete", "complete", "complete"],
    ["complete", "excluded", "complete"],
    ["excluded", "excluded", "excluded"],
    ["missing", "excluded", "missing"],
    ["missing", "missing", "missing"],
    ["missing", "complete", "partial"],
    ["partial", "complete", "partial"],
    ["partial", "missing", "partial"],
  ] as const;
  for (const [a, b, want] of cases) {
    for (const order of [
      [a, b],
      [b, a],
    ] as const) {
      const log = createCompletenessLog();
      for (const state of order) log.add(() => [outcome(state)]);
      assert.equal(
        log.outcomes().map(({ state }) => state),
        [want],
        `${order}`,
      );
    }
  }
});

test("gateways over gateways add up, over gRPC", async () => {
  const lower = federation(
    { name: "north", stores: [store("a", { cluster: "north" })] },
    { name: "south", stores: [failing(store("b", { cluster: "south" }), "before")] },
  );
  const pair = await serveAndDial(lower);
  try {
    const upper = federation(
      { name: "eu", stores: [pair.store] },
      { name: "us", stores: [store("c", { cluster: "us" })] },
    );
    const { states, outcomes, warnings, batches } = await readOf(upper);
    assert.equal(states, ["eu/north complete", "eu/south missing", "us complete"]);
    assert.match(outcomes[1]?.reason ?? "", /b is gone/);
    assert.ok(batches.warnings.some((text) => /b is gone/.test(text)) || warnings.length > 0);
    const completeness = createCompletenessLog();
    await upper.labelNames({ ...createTestContext(), completeness }, everyLabel);
    assert.equal(
      completeness.outcomes().map(({ cluster, state }) => `${cluster} ${state}`),
      ["eu/north complete", "eu/south missing", "us complete"],
    );
  } finally {
    await pair.close();
  }
});

test("a cluster that never answered is not missed by a query that its declared labels rule out", async () => {
  const labels = labelsOf({ cluster: "eu" });
  const lost = [{ address: "eu:1", reason: "connection refused", sinceMs: 1, info: undefined }];
  const us = { name: "us", stores: [store("us", { cluster: "us" })] };
  for (const [cluster, matchers, wanted] of [
    [{ lost, labels }, "cluster=us", "excluded"],
    [{ lost, labels }, "cluster=eu", "missing"],
    [{ lost, labels }, "__name__=up", "missing"],
    [{ lost }, "cluster=us", "missing"],
    [{ problem: { reason: "lookup eu: NXDOMAIN", sinceMs: 1 }, labels }, "cluster=us", "excluded"],
    [{ problem: { reason: "lookup eu: NXDOMAIN", sinceMs: 1 }, labels }, "cluster=eu", "missing"],
    [{ problem: { reason: "x", sinceMs: 1 }, isIncomplete: true, labels }, "cluster=us", "excluded"],
  ] as const) {
    const proxy = federation(us, { name: "eu", stores: [], ...cluster });
    const { states } = await readOf(proxy, { matchers: parseMatchers(matchers) });
    assert.ok(states.includes(`eu ${wanted}`), `${JSON.stringify(cluster)} ${matchers}: ${states.join()}`);
  }
});

test.run();
