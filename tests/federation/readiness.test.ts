import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { ClusterView } from "../../src/federation/cluster-view.ts";
import { createReadiness } from "../../src/federation/readiness.ts";
import { noLog } from "../../src/telemetry/log.ts";
import { createManualClock } from "../support/manual-clock.ts";
import { createMemoryStore } from "../support/memory-store.ts";

const test = suite("readiness");

const endpoint = { address: "a", store: createMemoryStore({ series: [] }), tsdbInfos: [] };

function setup(parts: { minClusters?: number; required?: readonly string[]; holdMs?: number } = {}) {
  const clock = createManualClock();
  const up = new Map<string, boolean>();
  const optional = new Set<string>();
  const readiness = createReadiness({
    clusters: () =>
      Array.from(
        up,
        ([name, isUp]): ClusterView => ({
          name,
          expected: !optional.has(name),
          strict: false,
          queryable: isUp ? [endpoint] : [],
          lost: [],
        }),
      ),
    minClusters: 1,
    required: [],
    holdMs: 5_000,
    clock,
    log: noLog,
    ...parts,
  });
  return { clock, up, optional, readiness };
}

test("a gateway is ready once enough clusters are up", () => {
  const { clock, up, readiness } = setup({ minClusters: 2 });
  up.set("eu", true).set("us", false).set("asia", false);
  assert.not.ok(readiness.isReady());
  readiness.start();
  assert.not.ok(readiness.isReady());
  assert.is(readiness.trouble(), "1 of 3 clusters are up, wants 2");
  up.set("us", true);
  clock.advance(1_000);
  assert.ok(readiness.isReady());
  assert.is(readiness.trouble(), undefined);
  readiness.close();
});

test("required clusters are named where they are not up, also where nobody knows them", () => {
  const { up, readiness } = setup({ required: ["eu", "mars"] });
  up.set("eu", false).set("us", true);
  readiness.start();
  assert.is(readiness.trouble(), "required clusters are not up: eu, mars");
  readiness.close();
});

test("a gateway that expects fewer clusters than it should have needs those, optional ones do not count", () => {
  const { up, optional, readiness } = setup({ minClusters: 3 });
  optional.add("hobby");
  up.set("eu", true).set("hobby", false);
  readiness.start();
  assert.ok(readiness.isReady());
  readiness.close();
  const none = setup();
  none.readiness.start();
  assert.ok(none.readiness.isReady());
  none.readiness.close();
});

test("it is not ready any more only after it has failed for a while without a break", () => {
  const { clock, up, readiness } = setup();
  up.set("eu", true);
  readiness.start();
  assert.ok(readiness.isReady());
  for (let flap = 0; flap < 5; flap++) {
    up.set("eu", false);
    clock.advance(4_000);
    assert.ok(readiness.isReady());
    up.set("eu", true);
    clock.advance(1_000);
  }
  up.set("eu", false);
  clock.advance(1_000);
  clock.advance(4_000);
  assert.ok(readiness.isReady());
  clock.advance(1_000);
  assert.not.ok(readiness.isReady());
  up.set("eu", true);
  clock.advance(1_000);
  assert.ok(readiness.isReady());
  readiness.close();
});

test.run();
