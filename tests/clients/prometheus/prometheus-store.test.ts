import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createPrometheusApi } from "../../../src/clients/prometheus/prometheus-api.ts";
import type { PrometheusFacts } from "../../../src/clients/prometheus/prometheus-facts.ts";
import { createPrometheusStore } from "../../../src/clients/prometheus/prometheus-store.ts";
import { GatewayError } from "../../../src/lib/errors.ts";
import { compareLabels, formatLabels, type Labels, labelsOf, sortLabels } from "../../../src/model/labels.ts";
import { systemClock } from "../../../src/runtime/clock.ts";
import { createHttpClient } from "../../../src/runtime/http-client.ts";
import { createMemoryLimit } from "../../../src/store/memory-limit.ts";
import type { SeriesRequest, Store } from "../../../src/store/store.ts";
import {
  chunkedMessage,
  type FakePrometheus,
  type FakePrometheusOptions,
  frameOf,
  startFakePrometheus,
} from "../../support/fake-prometheus.ts";
import {
  createTestContext,
  encodeChunks,
  labelRequest,
  type MemorySample,
  type MemorySeries,
  seriesRequest,
} from "../../support/memory-store.ts";
import { readBatches, seriesTexts } from "../../support/read-batches.ts";
import { everySeed } from "../../support/seeded-random.ts";

const store = suite("a Prometheus as a store");

interface Setup {
  readonly store: Store;
  readonly prometheus: FakePrometheus;
  close(): Promise<void>;
}

async function setUp(
  options: FakePrometheusOptions,
  facts: Partial<PrometheusFacts> = {},
  silenceTimeoutMs = 5000,
): Promise<Setup> {
  const prometheus = await startFakePrometheus(options);
  const http = createHttpClient({ tls: undefined, maxConnections: 8, silenceTimeoutMs });
  const api = createPrometheusApi({ http, baseUrl: prometheus.url, credentials: async () => ({}) });
  const known: PrometheusFacts = {
    externalLabels: options.externalLabels ?? [],
    ownLabels: options.externalLabels ?? [],
    minMs: Number.NEGATIVE_INFINITY,
    takesLabelMatchers: true,
    ...facts,
  };
  return {
    store: createPrometheusStore({
      name: "prometheus",
      api,
      facts: () => known,
      clock: systemClock,
      maxAnswerBytes: 64 << 20,
    }),
    prometheus,
    async close() {
      http.close();
      await prometheus.close();
    },
  };
}

const eu = labelsOf({ cluster: "eu", replica: "0" });
const all: Partial<SeriesRequest> = { matchers: [{ type: "=~", name: "__name__", value: ".+" }] };

function seriesOf(...records: readonly Readonly<Record<string, string>>[]): MemorySeries[] {
  return records.map((record) => ({ labels: labelsOf(record), samples: [[1000, 1]] }));
}

async function textsOf(from: Store, request: Partial<SeriesRequest> = {}, ctx = createTestContext()) {
  const answer = await readBatches(from.series(ctx, seriesRequest({ ...all, ...request })));
  assert.is(ctx.heldBytes(), 0, "gives back what it held");
  return { texts: seriesTexts(answer.series), warnings: [...answer.warnings, ...ctx.warnings] };
}

async function failureOf(from: Store, request: Partial<SeriesRequest> = {}, ctx = createTestContext()) {
  try {
    await readBatches(from.series(ctx, seriesRequest({ ...all, ...request })));
  } catch (error) {
    assert.instance(error, GatewayError);
    assert.is(ctx.heldBytes(), 0, "gives back what it held");
    return error as GatewayError;
  }
  return assert.unreachable("wants an error") as never;
}

store("puts external labels in, in order, with chunks as they came", async () => {
  const { store, prometheus, close } = await setUp({
    externalLabels: eu,
    series: seriesOf({ __name__: "up" }, { __name__: "up", az: "1" }, { __name__: "up", job: "x" }),
  });
  const { texts } = await textsOf(store);
  assert.equal(texts, [
    '{__name__="up", az="1", cluster="eu", replica="0"} 1000:1',
    '{__name__="up", cluster="eu", job="x", replica="0"} 1000:1',
    '{__name__="up", cluster="eu", replica="0"} 1000:1',
  ]);
  assert.equal(prometheus.requests, [
    "GET /api/v1/label/cluster/values?limit=1",
    "GET /api/v1/label/replica/values?limit=1",
    "POST /api/v1/read",
  ]);
  await close();
});

store("replica labels that are not wanted are not put in", async () => {
  const { store, close } = await setUp({
    externalLabels: eu,
    series: seriesOf({ a: "1" }, { a: "1", job: "x" }),
  });
  const { texts } = await textsOf(store, {
    withoutReplicaLabels: ["replica"],
    matchers: [{ type: "=", name: "a", value: "1" }],
  });
  assert.equal(texts, ['{a="1", cluster="eu"} 1000:1', '{a="1", cluster="eu", job="x"} 1000:1']);
  await close();
});

store("series that carry such a label themselves are sorted as a whole", async () => {
  const series = seriesOf(
    { n: "1", replica: "z" },
    { n: "1", z: "1" },
    { n: "2", cluster: "us" },
    { n: "1" },
  );
  const { store, close } = await setUp({ externalLabels: eu, series });
  const matchers = [{ type: "!=", name: "n", value: "" }] as const;
  const { texts } = await textsOf(store, { matchers });
  assert.equal(texts, [
    '{cluster="eu", n="1", replica="0"} 1000:1 | 1000:1',
    '{cluster="eu", n="1", replica="0", z="1"} 1000:1',
    '{cluster="eu", n="2", replica="0"} 1000:1',
  ]);
  const without = await textsOf(store, { matchers, withoutReplicaLabels: ["n", "replica"] });
  assert.equal(without.texts, ['{cluster="eu"} 1000:1 | 1000:1 | 1000:1', '{cluster="eu", z="1"} 1000:1']);
  await close();
});

store(
  "labels in place of Prometheus's own, for any mix of names and values, agree with a naive model",
  async () => {
    const names = ["a", "b", "c", "d", "e"];
    await everySeed(60, async (random) => {
      const pickLabels = (chance: number) =>
        labelsOf(
          Object.fromEntries(
            names.filter(() => random.chance(chance)).map((name) => [name, random.oneOf(["1", "2"])]),
          ),
        );
      const externalLabels = pickLabels(0.4);
      const wanted = random.chance(0.5) ? externalLabels : pickLabels(0.5);
      const without = names.filter(() => random.chance(0.2));
      const inner = Array.from({ length: random.below(12) }, () =>
        sortLabels([...pickLabels(0.5), { name: "x", value: "1" }]),
      );
      const distinct = [...new Map(inner.map((labels) => [formatLabels(labels), labels])).values()];
      const { store, close } = await setUp(
        {
          externalLabels,
          series: distinct.map((labels) => ({ labels, samples: [[1000, 1]] })),
          ...(random.chance(0.5) ? { streamed: false } : { pieceBytes: 1 + random.below(200) }),
        },
        { externalLabels: wanted },
      );
      const expected = distinct
        .map((labels) => naiveLabels(labels, { externalLabels, wanted, without }))
        .toSorted(compareLabels)
        .map(formatLabels);
      const matchers = [{ type: "=", name: "x", value: "1" }] as const;
      try {
        const ctx = createTestContext();
        const request = seriesRequest({ matchers, withoutReplicaLabels: without });
        const answer = await readBatches(store.series(ctx, request));
        const got = answer.series.flatMap(({ labels, chunks }) => chunks.map(() => formatLabels(labels)));
        assert.equal(got, expected);
        assert.is(ctx.heldBytes(), 0);
      } finally {
        await close();
      }
    });
  },
);

function naiveLabels(
  inner: Labels,
  options: { readonly externalLabels: Labels; readonly wanted: Labels; readonly without: readonly string[] },
): Labels {
  const { externalLabels, wanted, without } = options;
  const labels = new Map(inner.map(({ name, value }) => [name, value]));
  // What looks like Prometheus's own label cannot be told from it.
  for (const { name, value } of externalLabels) if (labels.get(name) === value) labels.delete(name);
  for (const { name, value } of wanted) labels.set(name, value);
  for (const name of without) labels.delete(name);
  return labelsOf(Object.fromEntries(labels));
}

store("what is sorted as a whole is bounded, with an error that says so", async () => {
  const series = seriesOf(...Array.from({ length: 200 }, (_, i) => ({ n: String(i), replica: "z" })));
  const { store, close } = await setUp({ externalLabels: eu, series });
  const account = createMemoryLimit(4096).account();
  const error = await failureOf(
    store,
    { matchers: [{ type: "!=", name: "n", value: "" }] },
    createTestContext({ memory: account }),
  );
  assert.is(error.code, "execution");
  assert.match(error.message, /^Cannot hold .* more for this query: .*--memory-limit/);
  await close();
});

store("series without chunks are as ordered and as labelled as those with chunks", async () => {
  const series = seriesOf(
    { a: "1" },
    { a: "1", b: "1" },
    { a: "1", z: "1" },
    { a: "1", replica: "x" },
    { a: "2" },
  );
  const { store, prometheus, close } = await setUp({ externalLabels: eu, series });
  const matchers = [{ type: "=~", name: "a", value: ".+" }] as const;
  for (const withoutReplicaLabels of [[], ["replica"], ["b", "cluster"]]) {
    const withChunks = await textsOf(store, { matchers, withoutReplicaLabels });
    const without = await textsOf(store, { matchers, withoutReplicaLabels, skipChunks: true });
    assert.equal(
      without.texts,
      withChunks.texts.map((text) => text.replace(/ 1000:1.*$/, "")),
    );
  }
  assert.is(prometheus.requests.filter((request) => request.startsWith("GET /api/v1/series")).length, 3);
  await close();
});

store("a series in several frames is one series", async () => {
  const samples = Array.from({ length: 600 }, (_, i): MemorySample => [i * 1000, i]);
  const series: MemorySeries[] = [
    { labels: labelsOf({ __name__: "up" }), samples },
    ...seriesOf({ __name__: "up", b: "1" }),
  ];
  for (const pieceBytes of [undefined, 50]) {
    const { store, close } = await setUp({
      series,
      externalLabels: eu,
      chunksPerFrame: 1,
      ...(pieceBytes === undefined ? {} : { pieceBytes }),
    });
    const answer = await readBatches(store.series(createTestContext(), seriesRequest(all)));
    const names = new Set(answer.series.map(({ labels }) => formatLabels(labels)));
    assert.equal(
      [...names],
      ['{__name__="up", b="1", cluster="eu", replica="0"}', '{__name__="up", cluster="eu", replica="0"}'],
    );
    const got = answer.series.slice(1).flatMap(({ chunks }) => chunks.flatMap((chunk) => chunk.samples));
    assert.equal(got, samples);
    await close();
  }
});

store("a limit ends the stream after so many series and the request with it", async () => {
  const { store, close } = await setUp({
    externalLabels: eu,
    chunksPerFrame: 1,
    series: Array.from({ length: 500 }, (_, i) => ({
      labels: labelsOf({ __name__: "up", i: String(1000 + i) }),
      samples: Array.from({ length: 240 }, (_, j): MemorySample => [j * 1000, 1]),
    })),
  });
  const answer = await readBatches(store.series(createTestContext(), seriesRequest({ ...all, limit: 2 })));
  assert.equal(
    answer.series.map(({ labels, chunks }) => [
      labels.find(({ name }) => name === "i")?.value,
      chunks.length,
    ]),
    [
      ["1000", 2],
      ["1001", 2],
    ],
  );
  const labelsOnly = await textsOf(store, {
    limit: 2,
    skipChunks: true,
    matchers: [{ type: "=", name: "__name__", value: "up" }],
  });
  assert.is(labelsOnly.texts.length, 2);
  await close();
});

store("shards are told by the labels that are answered", async () => {
  const series = seriesOf({ a: "a" }, { a: "b" }, { a: "c" });
  for (const streamed of [true, false]) {
    const { store, close } = await setUp({ externalLabels: eu, series, streamed });
    const shardsOf = async (shardIndex: number, skipChunks: boolean) =>
      (
        await textsOf(store, {
          matchers: [{ type: "!=", name: "a", value: "" }],
          shard: { shardIndex, totalShards: 2, by: true, labels: ["a"] },
          skipChunks,
        })
      ).texts.map((text) => /a="(.)"/.exec(text)?.[1]);
    assert.equal(await shardsOf(0, false), ["a", "b"]);
    assert.equal(await shardsOf(1, true), ["c"]);
    await close();
  }
});

store("times before the oldest one are not asked for", async () => {
  const { store, prometheus, close } = await setUp(
    {
      externalLabels: eu,
      series: [
        {
          labels: labelsOf({ __name__: "up" }),
          samples: [
            [1000, 1],
            [5000, 2],
          ],
        },
      ],
      streamed: false,
    },
    { minMs: 3000 },
  );
  assert.equal((await textsOf(store)).texts, ['{__name__="up", cluster="eu", replica="0"} 5000:2']);
  const asked = prometheus.requests.length;
  assert.equal((await textsOf(store, { range: { minMs: 0, maxMs: 2999 } })).texts, []);
  assert.equal(
    await store.labelNames(createTestContext(), labelRequest({ range: { minMs: 0, maxMs: 2999 } })),
    [],
  );
  assert.is(prometheus.requests.length, asked);
  assert.is(store.info().timeRange.minMs, 3000);
  await close();
});

store("matchers on external labels are answered here, also for labels that only Prometheus has", async () => {
  const { store, prometheus, close } = await setUp(
    {
      externalLabels: labelsOf({ cluster: "eu", zone: "z" }),
      series: seriesOf({ __name__: "up" }, { __name__: "up", zone: "y" }),
    },
    { externalLabels: labelsOf({ cluster: "us" }) },
  );
  const up = { type: "=", name: "__name__", value: "up" } as const;
  const select = async (name: string, type: "=" | "=~" | "!=", value: string) =>
    (await textsOf(store, { matchers: [up, { type, name, value }] })).texts.map((text) =>
      text.replace(/ 1000:1$/, ""),
    );
  assert.equal(await select("cluster", "=", "eu"), []);
  assert.is(prometheus.requests.length, 0);
  const both = ['{__name__="up", cluster="us"}', '{__name__="up", cluster="us", zone="y"}'];
  assert.equal(await select("cluster", "=", "us"), both);
  assert.equal(await select("cluster", "=~", "u."), both);
  assert.equal(await select("zone", "=", "z"), []);
  assert.equal(await select("zone", "=", "y"), both.slice(1));
  const error = await failureOf(store, { matchers: [{ type: "=", name: "cluster", value: "us" }] });
  assert.is(error.code, "bad_data");
  assert.is(error.message, "no matchers specified (excluding external labels)");
  await close();
});

store("before anything is known every call says so", async () => {
  const { store: known, close } = await setUp({ series: [] });
  const unknown = createPrometheusStore({
    name: "p",
    api: createPrometheusApi({
      http: createHttpClient({ tls: undefined, maxConnections: 1, silenceTimeoutMs: 1 }),
      baseUrl: new URL("http://127.0.0.1:1"),
      credentials: async () => ({}),
    }),
    facts: () => undefined,
    clock: systemClock,
    maxAnswerBytes: 1,
  });
  const error = await failureOf(unknown);
  assert.is(`${error.code}: ${error.message}`, "unavailable: Not ready");
  assert.equal(unknown.info().labelSets, []);
  assert.equal(known.info().labelSets, [[]]);
  await close();
});

/** A XOR2 chunk of three samples: 1000:1, 2000:1, 3000:stale; start times unknown. */
const xor2Chunk = Uint8Array.from([
  0, 3, 0, 0xd0, 0x0f, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0, 0xe8, 0x07, 0b01111100,
]);

/** Two histograms without observations, at 1000 and 3000, of a counter that began at 500. */
const histogramStChunk = Uint8Array.from([
  0, 2, 128, 0, 30, 62, 128, 0, 0, 0, 0, 0, 0, 0, 3, 160, 31, 207, 160, 0,
]);
const floatHistogramStChunk = Uint8Array.from([
  ...[0, 2, 128, 0, 30, 62, 128, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  ...[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 14, 128, 127, 62, 128],
]);

store("XOR2 becomes XOR, histograms pass, those with start times lose them", async () => {
  const [xor] = encodeChunks([[1000, 7]]);
  const chunk = { minMs: 1000, maxMs: 3000 };
  const byName: Record<string, { readonly type: number; readonly data: Uint8Array }> = {
    a_xor: { type: 1, data: xor!.data },
    b_histogram: { type: 2, data: Uint8Array.of(0, 0, 9) },
    c_float_histogram: { type: 3, data: Uint8Array.of(0, 0, 9) },
    d_xor2: { type: 4, data: xor2Chunk },
    e_histogram_st: { type: 5, data: histogramStChunk },
    f_float_histogram_st: { type: 6, data: floatHistogramStChunk },
  };
  const { store, close } = await setUp({
    externalLabels: eu,
    series: Object.keys(byName).map((name) => ({ labels: labelsOf({ __name__: name }) })),
    chunksOf: (labels) => [{ ...chunk, ...byName[labels[0]!.value]! }],
  });
  const got: string[] = [];
  const warnings: string[] = [];
  for await (const batch of store.series(createTestContext(), seriesRequest(all))) {
    warnings.push(...batch.warnings);
    for (let i = 0; i < batch.chunkFrom[batch.count]!; i++) {
      const data = batch.buffers[batch.chunkBuffer[i]!]!.subarray(batch.rawStart[i], batch.rawEnd[i]);
      got.push(`${batch.rawEncoding[i]} ${batch.chunkMinMs[i]}-${batch.chunkMaxMs[i]} ${data.length}`);
    }
  }
  const [recoded] = encodeChunks([
    [1000, 1],
    [2000, 1],
    [3000, "stale"],
  ]);
  assert.equal(got, [
    `0 1000-3000 ${xor!.data.length}`,
    "1 1000-3000 3",
    "2 1000-3000 3",
    `0 1000-3000 ${recoded!.data.length}`,
    "1 1000-3000 18",
    "2 1000-3000 33",
  ]);
  assert.equal(warnings, []);
  const { texts } = await textsOf(store, { matchers: [{ type: "=", name: "__name__", value: "d_xor2" }] });
  assert.equal(texts, ['{__name__="d_xor2", cluster="eu", replica="0"} 1000:1 2000:1 3000:stale']);
  await close();
});

store("an encoding that nobody knows is an error that names the series", async () => {
  const { store, close } = await setUp({
    series: seriesOf({ __name__: "up" }),
    chunksOf: () => [{ minMs: 0, maxMs: 1, type: 9, data: Uint8Array.of(1) }],
  });
  const error = await failureOf(store);
  assert.is(error.message, 'Cannot read a chunk of {__name__="up"}: its encoding is 9, wants one of 1 to 6');
  await close();
});

store("a stream out of order is an error, never an answer", async () => {
  const [one, two] = ["a", "b"].map((value) => labelsOf({ __name__: value }));
  const { store, close } = await setUp({
    series: [],
    externalLabels: eu,
    intercept: (request, response) => {
      if (request.url !== "/api/v1/read") return false;
      response.setHeader(
        "content-type",
        "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse",
      );
      const chunks = encodeChunks([[1, 1]]).map((chunk) => ({ ...chunk, type: 1 }));
      for (const labels of [two!, one!]) response.write(frameOf(chunkedMessage(labels, chunks)));
      response.end();
      return true;
    },
  });
  const error = await failureOf(store);
  assert.is(error.code, "internal");
  assert.is(
    error.message,
    'Cannot answer series of Prometheus: {__name__="a", cluster="eu", replica="0"} came after {__name__="b", cluster="eu", replica="0"}, wants label order',
  );
  await close();
});

store.run();
