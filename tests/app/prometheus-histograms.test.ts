import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { gunzipSync } from "node:zlib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createPrometheusApi, type PrometheusApi } from "../../src/clients/prometheus/prometheus-api.ts";
import { createPrometheusStore } from "../../src/clients/prometheus/prometheus-store.ts";
import { SeriesReader } from "../../src/federation/series-reader.ts";
import { formatLabels } from "../../src/model/labels.ts";
import type { Matcher } from "../../src/model/matcher.ts";
import type { TimeRange } from "../../src/model/time-range.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { createHttpClient } from "../../src/runtime/http-client.ts";
import { createChunkedFrameReader } from "../../src/wire/chunked-frames.ts";
import { ChunkedSeriesReader } from "../../src/wire/chunked-series.ts";
import { encodeReadRequest } from "../../src/wire/remote-read-request.ts";
import { compressSnappy } from "../../src/wire/snappy.ts";
import { createTestContext, seriesRequest } from "../support/memory-store.ts";
import { freePorts } from "../support/ports.ts";
import { startProcess, waitUntilReady } from "../support/processes.ts";
import { type PlainSample, plainSamples } from "../support/random-histograms.ts";

const test = suite("native histograms of Prometheus 3");

const binary = process.env.PROMETHEUS_BINARY;
const matchers: readonly Matcher[] = [
  { type: "=~", name: "__name__", value: "prometheus_http_request_duration_seconds|http:rate|up" },
];

interface RunningPrometheus {
  readonly baseUrl: URL;
  close(): Promise<void>;
}

/** A Prometheus that scrapes itself every 500 ms and records a rate of histograms, which is one of floats. */
async function start(features: readonly string[]): Promise<RunningPrometheus> {
  const home = mkdtempSync(join(tmpdir(), "sluice-prometheus-"));
  const [port] = await freePorts(1);
  const address = `127.0.0.1:${port}`;
  const rules = join(home, "rules.yml");
  const rule = "record: http:rate\n        expr: rate(prometheus_http_request_duration_seconds[2s])";
  writeFileSync(rules, `groups:\n  - name: a\n    interval: 500ms\n    rules:\n      - ${rule}\n`);
  const config = join(home, "prometheus.yml");
  const job = `job_name: self\n    scrape_native_histograms: true\n    static_configs:\n      - targets: ["${address}"]`;
  writeFileSync(
    config,
    `global:\n  scrape_interval: 500ms\n  scrape_timeout: 500ms\nrule_files: ["${rules}"]\nscrape_configs:\n  - ${job}\n`,
  );
  const child = await startProcess({
    name: "prometheus",
    command: binary ?? "",
    args: [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(home, "data")}`,
      `--web.listen-address=${address}`,
      "--log.level=warn",
      ...features.map((feature) => `--enable-feature=${feature}`),
    ],
    cwd: home,
  });
  const close = async () => {
    await child.end();
    rmSync(home, { recursive: true, force: true });
  };
  try {
    await waitUntilReady(child, `http://${address}/-/ready`);
  } catch (error) {
    await close();
    throw error;
  }
  return { baseUrl: new URL(`http://${address}`), close };
}

/** The same Prometheus, to which nobody offers the streamed form. */
function samplesOnly(api: PrometheusApi, range: TimeRange): PrometheusApi {
  return {
    ...api,
    read: (signal) => api.read(signal, compressSnappy(encodeReadRequest({ matchers, range }, ["SAMPLES"]))),
  };
}

/** All series as plain samples in the range, each under its labels. */
async function readAll(api: PrometheusApi, range: TimeRange): Promise<Map<string, readonly PlainSample[]>> {
  const facts = {
    ...{ externalLabels: [], ownLabels: [] },
    ...{ minMs: Number.NEGATIVE_INFINITY, takesLabelMatchers: true },
  };
  const store = createPrometheusStore({
    ...{ name: "prometheus", api, clock: systemClock, maxAnswerBytes: 64 << 20 },
    facts: () => facts,
  });
  const reader = new SeriesReader({ range, reading: "average", algorithm: "none", adjustsCounters: false });
  const all = new Map<string, readonly PlainSample[]>();
  for await (const batch of store.series(createTestContext(), seriesRequest({ matchers, range }))) {
    assert.equal(batch.warnings, []);
    for (let row = 0; row < batch.count; row++) {
      const column = reader.read(batch, row);
      if (column === undefined) continue;
      const { length, timesMs: times, words, histograms } = column;
      all.set(formatLabels(column.labels.all()), plainSamples({ length, times, words, histograms }));
    }
  }
  return all;
}

/** Answers one recorded body to every read. */
function recordedApi(name: string, contentType: string): PrometheusApi {
  const file = new URL(`../wire/fixtures/${name}.bin.gz`, import.meta.url);
  const refuse = () => Promise.reject(new Error("only reads are recorded"));
  return {
    ...{ version: refuse, config: refuse, metrics: refuse },
    ...{ series: refuse, labelNames: refuse, labelValues: refuse },
    read: async () => ({
      status: 200,
      header: (header) => (header === "content-type" ? contentType : undefined),
      body: (async function* () {
        yield new Uint8Array(gunzipSync(readFileSync(file)));
      })(),
      cancel: () => undefined,
    }),
  };
}

/** The same series with the same samples. */
function compare(
  streamed: ReadonlyMap<string, readonly PlainSample[]>,
  sampled: ReadonlyMap<string, readonly PlainSample[]>,
): void {
  assert.equal([...streamed.keys()], [...sampled.keys()]);
  const histograms = [...streamed.values()].filter((samples) =>
    samples.some(({ schema }) => schema !== undefined),
  );
  assert.ok(histograms.length >= 2, `${histograms.length} series of histograms`);
  for (const [labels, samples] of streamed) {
    const others = sampled.get(labels) ?? [];
    assert.is(samples.length, others.length, labels);
    // What a chunk that was cut says of resets is its own matter.
    for (const [i, sample] of samples.entries())
      assert.equal({ ...sample, hint: 0 }, { ...others[i], hint: 0 }, `${labels}, sample ${i}`);
  }
}

for (const name of ["prometheus_http_request_duration_seconds", "handler_http_rate_native"]) {
  test(`as they were recorded come alike from chunks and from samples: ${name}`, async () => {
    const range = { minMs: 1_795_502_522_000, maxMs: 1_795_502_822_000 };
    const streamed = "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse";
    compare(
      await readAll(recordedApi(`${name}.streamed`, streamed), range),
      await readAll(recordedApi(`${name}.samples`, "application/x-protobuf"), range),
    );
  });
}

async function chunkTypes(api: PrometheusApi, range: TimeRange): Promise<Set<number>> {
  const body = compressSnappy(encodeReadRequest({ matchers, range }, ["STREAMED_XOR_CHUNKS"]));
  const answer = await api.read(new AbortController().signal, body);
  const frames: Uint8Array[] = [];
  const reader = createChunkedFrameReader();
  for await (const piece of answer.body) reader.push(piece.slice(), frames);
  const series = new ChunkedSeriesReader();
  const types = new Set<number>();
  for (const frame of frames) {
    series.reset(frame);
    while (series.next())
      for (let i = 0; i < series.chunks.count; i++) types.add(series.chunks.type[i] as number);
  }
  return types;
}

/** Waits until there are chunks of all these types; the range is over, so that nothing in it changes any more. */
async function rangeWithAll(api: PrometheusApi, baseUrl: URL, types: readonly number[]): Promise<TimeRange> {
  let found: number[] = [];
  for (let i = 1; i <= 300; i++) {
    // Requests make the histograms grow.
    await fetch(new URL("/api/v1/query?query=up", baseUrl)).then((answer) => answer.arrayBuffer());
    await sleep(100);
    if (i % 30 > 0) continue;
    const nowMs = Date.now();
    const range = { minMs: nowMs - 60_000, maxMs: nowMs - 1000 };
    found = [...(await chunkTypes(api, range))].sort();
    if (found.join() === types.join()) return range;
  }
  throw new Error(`chunks of types ${found}, wants ${types}`);
}

async function check(features: readonly string[], types: readonly number[]): Promise<void> {
  const prometheus = await start(features);
  const http = createHttpClient({ tls: undefined, maxConnections: 4, silenceTimeoutMs: 10_000 });
  try {
    const { baseUrl } = prometheus;
    const api = createPrometheusApi({ http, baseUrl, credentials: async () => ({}) });
    const range = await rangeWithAll(api, baseUrl, types);
    compare(await readAll(api, range), await readAll(samplesOnly(api, range), range));
  } finally {
    await http.close();
    await prometheus.close();
  }
}

if (binary === undefined || !existsSync(binary)) {
  console.log("not run: native histograms of a real Prometheus 3, PROMETHEUS_BINARY must name one");
} else {
  test("come alike live from chunks and from samples", () => check([], [1, 2, 3]));
  test("come alike live where their chunks carry start times", () =>
    check(["st-storage", "histograms-st-encoding", "xor2-encoding"], [4, 5, 6]));
}

test.run();
