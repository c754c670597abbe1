import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createProxyStore } from "../../src/federation/proxy-store.ts";
import { GatewayError } from "../../src/lib/errors.ts";
import { labelsOf } from "../../src/model/labels.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import type { LabelRequest, Store } from "../../src/store/store.ts";
import { noMetrics } from "../../src/telemetry/metrics.ts";
import { createTestApi, form } from "../support/http-api.ts";
import { createMemoryStore } from "../support/memory-store.ts";

const metadata = suite("metadata routes");

/** A federation of two replicas of one cluster. */
function federation(): Store {
  const replicas = ["0", "1"].map((replica) =>
    createMemoryStore({
      name: `replica-${replica}`,
      externalLabels: labelsOf({ cluster: "a", replica }),
      series: [
        { labels: labelsOf({ __name__: "up", instance: "x" }), samples: [[1_000, 1]] },
        { labels: labelsOf({ __name__: "up", instance: "y" }), samples: [[1_000, 1]] },
        { labels: labelsOf({ __name__: "load", instance: "<z>" }), samples: [[1_000, 1]] },
      ],
    }),
  );
  return createProxyStore({
    endpoints: () => replicas.map((store) => ({ address: store.name, store, tsdbInfos: [] })),
    metrics: noMetrics,
    clock: systemClock,
  });
}

const success = (data: unknown) => JSON.stringify({ status: "success", data });

for (const [path, data] of [
  ["/api/v1/labels", ["__name__", "cluster", "instance", "replica"]],
  ["/api/v1/label/replica/values", ["0", "1"]],
  ["/api/v1/label/__name__/values", ["load", "up"]],
  ["/api/v1/label/nope/values", []],
  ["/api/v1/label/a-b/values", []],
  ["/api/v1/label/instance/values?match[]=up", ["x", "y"]],
  ["/api/v1/label/instance/values?match[]=load&match[]=up{instance='y'}", ["<z>", "y"]],
  ["/api/v1/label/instance/values?match[]=load&start=2&end=3", []],
] as const) {
  metadata(`${path} answers sorted strings`, async () => {
    const answer = await createTestApi({ store: federation() }).ask(path);
    assert.is(answer.text.replaceAll("\\u003c", "<").replaceAll("\\u003e", ">"), success(data));
    assert.is(answer.status, 200);
  });
}

metadata("what a limit leaves out is warned of", async () => {
  const answer = await createTestApi({ store: federation() }).ask("/api/v1/labels?limit=2");
  assert.is(
    answer.text,
    '{"status":"success","data":["__name__","cluster"],"warnings":["results truncated due to limit"]}',
  );
  assert.is(answer.headers["Cache-Control"], "no-store");
  const whole = await createTestApi({ store: federation() }).ask("/api/v1/labels?limit=4");
  assert.is(whole.text, success(["__name__", "cluster", "instance", "replica"]));
});

metadata("series are merged over replicas and matchers, each once, sorted", async () => {
  const { ask } = createTestApi({ store: federation() });
  const answer = await ask(
    "/api/v1/series",
    form([
      ["match[]", "up"],
      ["match[]", '{instance="y"}'],
      ["match[]", "load"],
    ]),
  );
  const series = (name: string, instance: string) => ({ __name__: name, cluster: "a", instance });
  assert.is(answer.text, success([series("load", "<z>"), series("up", "x"), series("up", "y")]));
});

metadata("series keep their replica labels without dedup, and lose those that are named", async () => {
  const { ask } = createTestApi({ store: federation() });
  const raw = await ask("/api/v1/series?match[]=load&dedup=false");
  const load = { __name__: "load", cluster: "a", instance: "<z>" };
  assert.is(
    raw.text,
    success([
      { ...load, replica: "0" },
      { ...load, replica: "1" },
    ]),
  );
  const named = await ask("/api/v1/series?match[]=load&replicaLabels[]=cluster&replicaLabels[]=replica");
  assert.is(named.text, success([{ __name__: "load", instance: "<z>" }]));
});

metadata("series beyond the limit are left out with a warning", async () => {
  const { ask } = createTestApi({ store: federation() });
  const answer = await ask("/api/v1/series?match[]=up&match[]=load&limit=1");
  assert.is(
    answer.text,
    '{"status":"success","data":[{"__name__":"load","cluster":"a","instance":"<z>"}],"warnings":["results truncated due to limit"]}',
  );
});

for (const [path, status, errorType, error] of [
  ["/api/v1/series", 400, "bad_data", "no match[] parameter provided"],
  ["/api/v1/series?match[]=up{", 400, "bad_data", "1:4: parse error: unexpected end of input inside braces"],
  [
    "/api/v1/series?match[]={}",
    422,
    "execution",
    "proxy Series(): rpc error: code = InvalidArgument desc = no matchers specified (excluding selector labels)",
  ],
  ["/api/v1/labels?limit=x", 400, "bad_data", 'cannot parse "x" to a valid limit'],
  ["/api/v1/labels?limit=-1", 400, "bad_data", "limit must be non-negative"],
  ["/api/v1/labels?start=2&end=1", 400, "bad_data", "bad_data: end timestamp must not be before start time"],
  [
    "/api/v1/label/x/values?start=abc",
    400,
    "bad_data",
    `bad_data: Invalid time value for 'start': cannot parse "abc" to a valid timestamp`,
  ],
  [
    "/api/v1/labels?partial_response=maybe",
    400,
    "bad_data",
    `'partial_response' parameter: strconv.ParseBool: parsing "maybe": invalid syntax`,
  ],
] as const) {
  metadata(`${path} is refused`, async () => {
    const answer = await createTestApi({ store: federation() }).ask(path);
    assert.equal(JSON.parse(answer.text), { status: "error", errorType, error });
    assert.is(answer.status, status);
  });
}

metadata("calls without times look back as far as the flag says, or over all time", async () => {
  const requests: LabelRequest[] = [];
  const store: Store = {
    ...createMemoryStore({ series: [] }),
    async labelNames(_ctx, request) {
      requests.push(request);
      return [];
    },
  };
  const defaults = {
    replicaLabels: ["replica"],
    partialResponse: false,
    defaultStepMs: 1,
    metadataRangeMs: 60_000,
  };
  await createTestApi({ store }).ask("/api/v1/labels");
  await createTestApi({ store, defaults }).ask("/api/v1/labels");
  const [all, some] = requests;
  assert.equal(all?.range, { minMs: Number.NEGATIVE_INFINITY, maxMs: Number.POSITIVE_INFINITY });
  assert.equal(all?.withoutReplicaLabels, []);
  assert.is(all?.partialResponse, "warn");
  assert.is((some?.range.maxMs ?? 0) - (some?.range.minMs ?? 0), 60_000);
  assert.is(some?.partialResponse, "abort");
});

metadata("a store's failure is execution, its warnings are part of the answer", async () => {
  const store: Store = {
    ...createMemoryStore({ series: [], warnings: ["one is down"] }),
    async labelNames() {
      throw new GatewayError("unavailable", "all are down");
    },
  };
  const { ask } = createTestApi({ store });
  const failed = await ask("/api/v1/labels");
  assert.is(failed.status, 422);
  assert.match(failed.text, '"error":"proxy LabelNames(): all are down"');
  const warned = await ask("/api/v1/series?match[]=up");
  assert.is(warned.text, '{"status":"success","data":[],"warnings":["one is down"]}');
});

metadata.run();
