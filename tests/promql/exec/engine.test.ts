import { suite } from "uvu";
import * as assert from "uvu/assert";
import { GatewayError } from "../../../src/lib/errors.ts";
import type { EngineOptions } from "../../../src/promql/engine.ts";
import { createEngine } from "../../../src/promql/exec/create-engine.ts";
import { linesOf, seriesOf } from "../../support/promql-data.ts";
import { createSampleStore, testContext } from "../../support/sample-source.ts";

const test = suite("engine");

const options: EngineOptions = {
  lookbackDeltaMs: 300_000,
  defaultSubqueryStepMs: 60_000,
  maxSamples: 10_000,
  features: new Set([
    "promql-experimental-functions",
    "promql-extended-range-selectors",
    "promql-binop-fill-modifiers",
  ]),
  delayedNameRemoval: false,
};

const data = seriesOf(`
  http_total{pod="a", zone="x"} 0 10 20 30 40 50
  http_total{pod="b", zone="x"} 0 20 40 10 30 50
  http_total{pod="c", zone="y"} 5 5 5 5 5 5
  errors_total{pod="a", zone="x"} 0 1 2 3 4 5
  errors_total{pod="b", zone="x"} 0 0 0 1 1 1
  owner{pod="a", team="red"} 1 1 1 1 1 1
  owner{pod="b", team="blue"} 1 1 1 1 1 1
  gone{pod="a"} 1 2 stale _ _ _
  late{pod="a"} _ _ _ 4 5 6
  half{v="1", side="first"} 1 1 1 _ _ _
  half{v="1", side="second"} _ _ _ 2 2 2
  bucket{le="1"} 0 1 2 3 4 5
  bucket{le="2"} 0 2 4 6 8 10
  bucket{le="+Inf"} 0 2 4 6 8 10
  bucket{le="bad"} 0 2 4 6 8 10
`);

async function range(query: string, engine: Partial<EngineOptions> = {}): Promise<string[]> {
  const prepared = createEngine({ ...options, ...engine }).prepare(query);
  const over = { startMs: 0, endMs: 300_000, stepMs: 60_000, lookbackDeltaMs: 60_000 };
  const now = await linesOf(prepared.range(testContext(), createSampleStore(data), over));
  const later = await linesOf(prepared.range(testContext(), createSampleStore(data, { later: true }), over));
  assert.equal(later, now, "waiting for series changes nothing");
  return now;
}

async function instant(query: string, engine: Partial<EngineOptions> = {}): Promise<string[]> {
  const prepared = createEngine({ ...options, ...engine }).prepare(query);
  return await linesOf(
    prepared.instant(testContext(), createSampleStore(data), {
      timeMs: 300_000,
      lookbackDeltaMs: 60_000,
    }),
  );
}

const ranges: readonly [string, ...string[]][] = [
  ['http_total{pod="a"}', 'http_total{pod="a", zone="x"} 0 10 20 30 40 50'],
  ['http_total{pod="a"} offset 2m', 'http_total{pod="a", zone="x"} _ _ 0 10 20 30'],
  ['http_total{pod="a"} offset -2m', 'http_total{pod="a", zone="x"} 20 30 40 50 _ _'],
  ['http_total{pod="a"} @ 60', 'http_total{pod="a", zone="x"} 10 10 10 10 10 10'],
  ['http_total{pod="a"} @ end()', 'http_total{pod="a", zone="x"} 50 50 50 50 50 50'],
  ["gone", 'gone{pod="a"} 1 2 _ _ _ _'],
  ["late", 'late{pod="a"} _ _ _ 4 5 6'],
  ["count_over_time(gone[2m])", '{pod="a"} 1 2 1 _ _ _'],
  ['increase(http_total{pod="b"}[2m])', '{pod="b", zone="x"} _ 20 40 20 30 40'],
  ["sum by (zone) (http_total)", '{zone="x"} 0 30 60 40 70 100', '{zone="y"} 5 5 5 5 5 5'],
  ["sum without (pod) (errors_total)", '{zone="x"} 0 1 2 4 5 6'],
  ["count(late or gone)", "{} 1 1 _ 1 1 1"],
  [
    "topk(1, http_total)",
    'http_total{pod="a", zone="x"} _ _ _ 30 40 50',
    'http_total{pod="b", zone="x"} _ 20 40 _ _ _',
    'http_total{pod="c", zone="y"} 5 _ _ _ _ _',
  ],
  [
    "bottomk by (zone) (1, http_total)",
    'http_total{pod="a", zone="x"} 0 10 20 _ _ 50',
    'http_total{pod="b", zone="x"} _ _ _ 10 30 _',
    'http_total{pod="c", zone="y"} 5 5 5 5 5 5',
  ],
  ["quantile(0.5, http_total)", "{} 0 10 20 10 30 50"],
  ["topk(-1e19, http_total)"],
  ["count(limitk by (zone) (1, http_total))", "{} 2 2 2 2 2 2"],
  [
    "limitk(time() / 60 - 3, http_total)",
    'http_total{pod="a", zone="x"} _ _ _ _ 40 50',
    'http_total{pod="b", zone="x"} _ _ _ _ _ 50',
  ],
  ["count(limit_ratio(0.4, http_total) or limit_ratio(-0.6, http_total))", "{} 3 3 3 3 3 3"],
  ["limit_ratio(0.4, http_total) and limit_ratio(-0.6, http_total)"],
  ["group(http_total)", "{} 1 1 1 1 1 1"],
  [
    "errors_total / http_total",
    '{pod="a", zone="x"} NaN 0.1 0.1 0.1 0.1 0.1',
    '{pod="b", zone="x"} NaN 0 0 0.1 0.03333333333333333 0.02',
  ],
  [
    "http_total * on (pod) group_left (team) owner",
    '{pod="a", team="red", zone="x"} 0 10 20 30 40 50',
    '{pod="b", team="blue", zone="x"} 0 20 40 10 30 50',
  ],
  [
    "owner * on (pod) group_right (team) http_total",
    '{pod="a", team="red", zone="x"} 0 10 20 30 40 50',
    '{pod="b", team="blue", zone="x"} 0 20 40 10 30 50',
  ],
  [
    "http_total > 25",
    'http_total{pod="a", zone="x"} _ _ _ 30 40 50',
    'http_total{pod="b", zone="x"} _ _ 40 _ 30 50',
  ],
  [
    "25 < bool http_total",
    '{pod="a", zone="x"} 0 0 0 1 1 1',
    '{pod="b", zone="x"} 0 0 1 0 1 1',
    '{pod="c", zone="y"} 0 0 0 0 0 0',
  ],
  [
    "25 < http_total",
    'http_total{pod="a", zone="x"} _ _ _ 30 40 50',
    'http_total{pod="b", zone="x"} _ _ 40 _ 30 50',
  ],
  [
    "http_total and on (pod) errors_total > 0",
    'http_total{pod="a", zone="x"} _ 10 20 30 40 50',
    'http_total{pod="b", zone="x"} _ _ _ 10 30 50',
  ],
  [
    "http_total unless on (pod) errors_total > 0",
    'http_total{pod="a", zone="x"} 0 _ _ _ _ _',
    'http_total{pod="b", zone="x"} 0 20 40 _ _ _',
    'http_total{pod="c", zone="y"} 5 5 5 5 5 5',
  ],
  ["late or on () vector(0)", "{} 0 0 0 _ _ _", 'late{pod="a"} _ _ _ 4 5 6'],
  ['-http_total{pod="a"}', '{pod="a", zone="x"} -0 -10 -20 -30 -40 -50'],
  ["abs(-late)", '{pod="a"} _ _ _ 4 5 6'],
  ["absent(late)", "{} 1 1 1 _ _ _"],
  ['absent(none{job="x", pod!="y"})', '{job="x"} 1 1 1 1 1 1'],
  ['absent_over_time(late{pod="a"}[2m])', '{pod="a"} 1 1 1 _ _ _'],
  ["vector(time())", "{} 0 60 120 180 240 300"],
  ["scalar(late)", "{} NaN NaN NaN 4 5 6"],
  ["1 + 2", "{} 3 3 3 3 3 3"],
  ["timestamp(late)", '{pod="a"} _ _ _ 180 240 300'],
  ["timestamp(late @ 240)", '{pod="a"} 240 240 240 240 240 240'],
  ["timestamp(abs(late))", '{pod="a"} _ _ _ 180 240 300'],
  ["minute()", "{} 0 1 2 3 4 5"],
  ["clamp(late, 5, 5)", '{pod="a"} _ _ _ 5 5 5'],
  ["clamp(late, 6, 5)"],
  ["round(late / 4)", '{pod="a"} _ _ _ 1 1 2'],
  ['increase(http_total{pod="b"}[2m] anchored)', '{pod="b", zone="x"} 0 20 40 30 30 40'],
  ['increase(http_total{pod="b"}[90s] smoothed)', '{pod="b", zone="x"} 0 20 30 20 25 30'],
  ["late smoothed", 'late{pod="a"} _ _ _ 4 5 6'],
  ['histogram_quantiles(bucket, "q", 0.5, 1)', '{q="0.5"} NaN 1 1 1 1 1', '{q="1.0"} NaN 2 2 2 2 2'],
  [
    'histogram_quantiles(bucket, "q", scalar(late) / 4)',
    '{q="1.0"} _ _ _ 2 _ _',
    '{q="1.25"} _ _ _ _ Infinity _',
    '{q="1.5"} _ _ _ _ _ Infinity',
    '{q="NaN"} NaN NaN NaN _ _ _',
  ],
  ["late + on (pod) fill (100) gone", '{pod="a"} 101 102 _ 104 105 106'],
  ["late > on (pod) group_left () fill_left (1) gone - 1", '{pod="a"} 1 _ _ _ _ _'],
  [
    "errors_total * on (pod) group_left () fill_right (7) owner{pod='a'}",
    '{pod="a", zone="x"} 0 1 2 3 4 5',
    '{pod="b", zone="x"} 0 0 0 7 7 7',
  ],
  ["round(late, 4)", '{pod="a"} _ _ _ 4 4 8'],
  ["histogram_quantile(0.5, bucket)", "{} NaN 1 1 1 1 1"],
  ["histogram_count(late)"],
  ["max_over_time(late[2m:1m])", '{pod="a"} _ _ _ 4 5 6'],
  ["sum_over_time(vector(1)[3m:1m])", "{} 3 3 3 3 3 3"],
  ['label_replace(late, "x", "$1!", "pod", "(.*)")', 'late{pod="a", x="a!"} _ _ _ 4 5 6'],
  ['label_replace(late, "pod", "", "pod", ".*")', "late{} _ _ _ 4 5 6"],
  ['label_replace(late, "x", "y", "pod", "b")', 'late{pod="a"} _ _ _ 4 5 6'],
  ['label_join(late, "x", "-", "pod", "__name__")', 'late{pod="a", x="a-late"} _ _ _ 4 5 6'],
  ['label_replace(half, "side", "", "", "")', 'half{v="1"} 1 1 1 2 2 2'],
  ["http_total{pod='c'} * on () half", "{} 5 5 5 10 10 10"],
  ['sum by (pod) (http_total{pod="a"}) + {__name__=~"gone|late"}', '{pod="a"} 1 12 _ 34 45 56'],
  ["sum by (v) (half)", '{v="1"} 1 1 1 2 2 2'],
  ["half * on (v) half", '{v="1"} 1 1 1 4 4 4'],
  ['sum_over_time(label_replace(half, "side", "", "", "")[2m:1m])', '{v="1"} 1 2 2 3 4 4'],
  ['count_values("n", half)', '{n="1"} 1 1 1 _ _ _', '{n="2"} _ _ _ 1 1 1'],
  ["sort(late)", 'late{pod="a"} _ _ _ 4 5 6'],
  ['sum by (__name__) ({pod="a", __name__=~"late|gone"})', "gone{} 1 2 _ _ _ _", "late{} _ _ _ 4 5 6"],
  ['quantile_over_time(0.5, http_total{pod="a"}[3m])', '{pod="a", zone="x"} 0 5 10 20 30 40'],
  ['predict_linear(http_total{pod="a"}[3m], 60)', '{pod="a", zone="x"} _ 20 30 40 50 60'],
];

for (const [query, ...want] of ranges) {
  test(`a range of ${query}`, async () => assert.equal(await range(query), want));
}

const instants: readonly [string, ...string[]][] = [
  ["topk(2, http_total)", 'http_total{pod="a", zone="x"} 50', 'http_total{pod="b", zone="x"} 50'],
  ["bottomk(1, http_total)", 'http_total{pod="c", zone="y"} 5'],
  [
    "sort(http_total)",
    'http_total{pod="c", zone="y"} 5',
    'http_total{pod="a", zone="x"} 50',
    'http_total{pod="b", zone="x"} 50',
  ],
  ["sort_desc(errors_total)", 'errors_total{pod="a", zone="x"} 5', 'errors_total{pod="b", zone="x"} 1'],
  [
    'sort_by_label_desc(http_total, "pod")',
    'http_total{pod="c", zone="y"} 5',
    'http_total{pod="b", zone="x"} 50',
    'http_total{pod="a", zone="x"} 50',
  ],
  ["late[2m]", 'late{pod="a"} 5@240 6@300'],
  ["gone[6m] @ 120", 'gone{pod="a"} 1@0 2@60'],
  ["late[3m:2m]", 'late{pod="a"} 5@240'],
  ["(half * 2)[6m:1m]", '{side="first", v="1"} 2@0 2@60 2@120', '{side="second", v="1"} 4@180 4@240 4@300'],
];

for (const [query, ...want] of instants) {
  test(`an instant of ${query}`, async () => assert.equal(await instant(query), want));
}

const failures: readonly [string, string][] = [
  [
    "http_total * on (zone) errors_total",
    'found duplicate series for the match group {zone="x"} on the right hand-side of the operation: [{__name__="errors_total", pod="a", zone="x"}, {__name__="errors_total", pod="b", zone="x"}];many-to-many matching not allowed: matching labels must be unique on one side',
  ],
  [
    'errors_total{pod="a"} * on (zone) group_right http_total{pod="a"} * on (zone) group_right errors_total',
    "",
  ],
  [
    'http_total * on (zone) errors_total{pod="a"}',
    "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)",
  ],
  [
    'http_total > on (zone) errors_total{pod="a"} + 1000',
    "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)",
  ],
  [
    'http_total * on (zone) group_left (pod) errors_total{pod="a"}',
    "multiple matches for labels: grouping labels must ensure unique matches",
  ],
  ['rate({__name__=~"http_total|errors_total"}[2m])', "vector cannot contain metrics with the same labelset"],
  ['-{__name__=~"http_total|errors_total"}', "vector cannot contain metrics with the same labelset"],
  [
    'label_replace(http_total, "pod", "z", "zone", "x")',
    "vector cannot contain metrics with the same labelset",
  ],
  ['label_replace(http_total, "pod", "z", "zone", "(")', "invalid regular expression in label_replace(): ("],
  ['label_replace(http_total, "", "z", "zone", "x")', "invalid destination label name in label_replace(): "],
  ['label_join(http_total, "x", "-", "")', "invalid source label name in label_join(): "],
  ['count_values("", http_total)', 'invalid label name ""'],
  ["topk(NaN, http_total)", "Parameter value is NaN"],
  ["topk(1e19, http_total)", "Scalar value 1e+19 overflows int64"],
  ["topk(time() * 1e17 - 1e19, http_total)", "Scalar value -1e+19 underflows int64"],
  [
    "max_over_time(late[1y:1ms])",
    "query processing would load too many samples into memory in query execution",
  ],
  [
    "deriv(http_total[2m] anchored)",
    "anchored modifier can only be used with: changes, delta, increase, rate, resets - not with deriv",
  ],
  [
    "changes(http_total[2m] smoothed)",
    "smoothed modifier can only be used with: delta, increase, rate - not with changes",
  ],
  [
    "absent_over_time(http_total[2m] anchored)",
    "anchored modifier can only be used with: changes, delta, increase, rate, resets - not with absent_over_time",
  ],
  [
    'histogram_quantiles({__name__=~"bucket", le!="bad"}, "le", 0.5, 0.5)',
    "vector cannot contain metrics with the same labelset",
  ],
  ['count_over_time({__name__=~"gone|late"}[1m])', "vector cannot contain metrics with the same labelset"],
];

for (const [query, want] of failures) {
  test(`${query} fails as upstream`, async () => {
    const source = createSampleStore(data);
    try {
      await linesOf(
        createEngine(options)
          .prepare(query)
          .range(testContext(), source, { startMs: 0, endMs: 300_000, stepMs: 60_000 }),
      );
      if (want === "") return;
      assert.unreachable("has to fail");
    } catch (error) {
      assert.instance(error, GatewayError);
      assert.is((error as GatewayError).message, want);
      assert.is((error as GatewayError).code, "execution");
    }
    assert.is(source.open(), 0, "every source is closed");
  });
}

test("a duplicate on the one side is no error where the other side has nothing", async () => {
  const lines = await range('late * on () {__name__=~"half"}');
  assert.equal(lines, ["{} _ _ _ 8 10 12"]);
  assert.equal(await range("none * on () http_total"), []);
});

test("several series of one match group answer where each of them is", async () => {
  assert.equal(await range("owner{pod='a'} * on () group_left (side) half"), [
    '{pod="a", side="first", team="red"} 1 1 1 _ _ _',
    '{pod="a", side="second", team="red"} _ _ _ 2 2 2',
  ]);
});

test("a range query of a string or a range vector is bad data", () => {
  const engine = createEngine(options);
  const over = { startMs: 0, endMs: 1, stepMs: 1 };
  for (const [query, word] of [
    ["late[5m]", "range vector"],
    ['"text"', "string"],
  ] as const) {
    try {
      engine.prepare(query).range(testContext(), createSampleStore(data), over);
      assert.unreachable();
    } catch (error) {
      assert.is((error as GatewayError).code, "bad_data");
      const want = `invalid expression type "${word}" for range query, must be Scalar or instant Vector`;
      assert.is((error as GatewayError).message, want);
    }
  }
});

test("a string answers its text", async () => {
  const result = createEngine(options)
    .prepare('"text"')
    .instant(testContext(), createSampleStore(data), { timeMs: 0 });
  assert.is(result.type, "string");
  assert.is(result.text, "text");
  assert.equal(await linesOf(result), []);
});

test("names that are marked go at the end, and what becomes equal is joined", async () => {
  const delayed = { delayedNameRemoval: true };
  assert.equal(await range("abs(late)", delayed), ['{pod="a"} _ _ _ 4 5 6']);
  assert.equal(await range('abs({pod="a", __name__=~"late|gone"})', delayed), ['{pod="a"} 1 2 _ 4 5 6']);
  assert.equal(await range('label_replace(abs(late), "__name__", "new", "", "")', delayed), [
    'new{pod="a"} _ _ _ 4 5 6',
  ]);
  assert.equal(await range("sum by (__name__) (late)", delayed), ["late{} _ _ _ 4 5 6"]);
  assert.equal(await range("sum by (__name__) (abs(late))", delayed), ["{} _ _ _ 4 5 6"]);
});

test("selectors tell stores what they read and why", async () => {
  const source = createSampleStore(data);
  const query = 'sum(rate(http_total{pod="a"}[2m] offset 1m)) + max_over_time(abs(late)[5m:1m] @ 240)';
  await linesOf(
    createEngine(options)
      .prepare(query)
      .range(testContext(), source, { startMs: 600_000, endMs: 900_000, stepMs: 60_000 }),
  );
  assert.equal(
    source.requests.map(({ func, range, rangeMs, stepMs }) => ({ func, range, rangeMs, stepMs })),
    [
      { func: "rate", range: { minMs: 420_001, maxMs: 840_000 }, rangeMs: 120_000, stepMs: 60_000 },
      { func: "abs", range: { minMs: -359_999, maxMs: 240_000 }, rangeMs: 0, stepMs: 60_000 },
    ],
  );
  assert.is(source.open(), 0);
});

test("nothing is asked of stores before the first pull", async () => {
  const source = createSampleStore(data);
  const result = createEngine(options).prepare("late + late").instant(testContext(), source, { timeMs: 0 });
  assert.is(source.requests.length, 0);
  await result.close();
  assert.is(source.requests.length, 0);
});

test("what is held counts against the limit", async () => {
  const small = { maxSamples: 17 };
  assert.equal((await range("http_total", small)).length, 3);
  assert.equal((await range('sum by (pod) (http_total{pod="a"})', { maxSamples: 6 })).length, 1);
  for (const query of ["sum by (pod) (http_total)", "quantile(0.5, http_total)", "http_total + http_total"]) {
    try {
      await range(query, small);
      assert.unreachable(query);
    } catch (error) {
      assert.is(
        (error as GatewayError).message,
        "query processing would load too many samples into memory in query execution",
      );
    }
  }
});

test("memory that is held is given back", async () => {
  let held = 0;
  let most = 0;
  const memory = {
    take(sizeBytes: number) {
      held += sizeBytes;
      most = Math.max(most, held);
    },
    give(sizeBytes: number) {
      held -= sizeBytes;
    },
  };
  const context = { ...testContext(), memory };
  for (const query of [
    "quantile(0.5, http_total)",
    "histogram_quantile(0.9, bucket)",
    "topk(1, http_total)",
  ]) {
    const result = createEngine(options)
      .prepare(query)
      .range(context, createSampleStore(data), { startMs: 0, endMs: 300_000, stepMs: 60_000 });
    await result.next();
    assert.ok(most > 0);
    most = 0;
    await result.close();
    await result.close();
    assert.is(held, 0);
  }
});

test("a query that is stopped says why", async () => {
  const over = { startMs: 0, endMs: 300_000, stepMs: 60_000 };
  for (const [reason, code, text] of [
    [new DOMException("late", "TimeoutError"), "timeout", "query timed out in expression evaluation"],
    [new DOMException("gone", "AbortError"), "canceled", "query was canceled in expression evaluation"],
    [new GatewayError("timeout", "deadline"), "timeout", "query timed out in expression evaluation"],
  ] as const) {
    const stop = new AbortController();
    const result = createEngine(options)
      .prepare("http_total")
      .range(testContext(stop.signal), createSampleStore(data), over);
    assert.ok(await result.next());
    stop.abort(reason);
    try {
      await result.next();
      assert.unreachable();
    } catch (error) {
      assert.is((error as GatewayError).code, code);
      assert.is((error as GatewayError).message, text);
    }
    await result.close();
  }
});

test("samples are counted as upstream counts them", async () => {
  const result = createEngine(options)
    .prepare("rate(http_total[2m])")
    .range(testContext(), createSampleStore(data), { startMs: 60_000, endMs: 300_000, stepMs: 60_000 });
  await linesOf(result);
  assert.equal(result.stats(), { totalQueryableSamples: 30, samplesRead: 18, peakSamples: 6 });
});

test.run();
