import process from "node:process";
import { createProxyStore } from "../../src/federation/proxy-store.ts";
import { createSelectable } from "../../src/federation/select.ts";
import { type Labels, labelsOf } from "../../src/model/labels.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import type { Store } from "../../src/store/store.ts";
import { noMetrics } from "../../src/telemetry/metrics.ts";
import { BatchBuilder } from "../../src/wire/batch-builder.ts";
import { encodeXor } from "../../src/wire/encode-xor.ts";
import { SampleBuffer } from "../../src/wire/sample-buffer.ts";
import type { SeriesBatch } from "../../src/wire/series-batch.ts";
import { encodeSeriesFrames } from "../../src/wire/series-response.ts";
import { decodeXor } from "../../src/wire/xor.ts";
import { createMemoryStore, createTestContext } from "../support/memory-store.ts";
import { createSeededRandom } from "../support/seeded-random.ts";

/*
 * CPU of merge, decoding and dedup alone: four stores (two clusters, two replicas each, the second shifted by 7 s) hand out
 * ready messages, and every sample of every series is looked at. The shape of BASELINE.md's first query.
 *
 *   node tests/bench/federation.ts [series per store] [rounds]
 */
const seriesCount = Number(process.argv[2] ?? 2000);
const rounds = Number(process.argv[3] ?? 5);
const samplesPerSeries = 1440;
const perChunk = 120;
const stepMs = 60_000;
const startMs = 1_700_000_000_000;

interface Messages {
  readonly labels: Labels;
  /** SeriesResponse messages of 64 series each. */
  readonly messages: readonly Uint8Array[];
}

function buildStore(cluster: string, replica: number): Messages {
  const random = createSeededRandom(replica * 7919 + cluster.charCodeAt(0));
  const rows: {
    labels: Labels;
    chunks: { minMs: number; maxMs: number; encoding: number; data: Uint8Array }[];
  }[] = [];
  for (let i = 0; i < seriesCount; i++) {
    const labels = labelsOf({
      __name__: "http_requests_total",
      cluster,
      code: "200",
      handler: `/api/v1/handler-${i % 20}`,
      host: `node-${Math.floor(i / 20)}.example.org`,
      instance: `10.0.${Math.floor(i / 20)}.1:9100`,
      job: "api-server",
      pod: `api-server-${i}`,
    });
    const buffer = new SampleBuffer(samplesPerSeries);
    let value = random.below(100_000);
    for (let n = 0; n < samplesPerSeries; n++) {
      value += random.below(300);
      if (i % 3 === 0 && n === 700) value = 0;
      buffer.times[n] = startMs + n * stepMs + replica * 7000;
      buffer.values[n] = value;
    }
    const chunks = [];
    for (let from = 0; from < samplesPerSeries; from += perChunk) {
      chunks.push({
        minMs: buffer.times[from] ?? 0,
        maxMs: buffer.times[from + perChunk - 1] ?? 0,
        encoding: 0,
        data: encodeXor(buffer.times, buffer.words, from, from + perChunk),
      });
    }
    rows.push({ labels, chunks });
  }
  rows.sort((a, b) => compareTexts(a.labels, b.labels));
  const builder = new BatchBuilder();
  const messages: Uint8Array[] = [];
  for (const { labels, chunks } of rows) {
    builder.appendLabels(labels);
    for (const chunk of chunks) builder.appendChunk(chunk);
    if (builder.count === 64) messages.push(messageOf(builder.take()));
  }
  if (!builder.empty) messages.push(messageOf(builder.take()));
  return { labels: labelsOf({ cluster, replica: String(replica) }), messages };
}

function compareTexts(a: Labels, b: Labels): number {
  const x = a.map(({ value }) => value).join("\0");
  const y = b.map(({ value }) => value).join("\0");
  return x < y ? -1 : x > y ? 1 : 0;
}

function messageOf(batch: SeriesBatch): Uint8Array {
  const frames = encodeSeriesFrames(batch, { from: 0, to: batch.count, batchSize: batch.count });
  return frames.subarray(5);
}

function replay({ labels, messages }: Messages, address: string): Store {
  return {
    ...createMemoryStore({ name: address, series: [], externalLabels: labels }),
    async *series() {
      const builder = new BatchBuilder();
      for (const message of messages) {
        builder.add(message);
        yield builder.take();
      }
    },
  };
}

const stores = [buildStore("a", 0), buildStore("a", 1), buildStore("b", 0), buildStore("b", 1)];
const totalSamples = 4 * seriesCount * samplesPerSeries;
const sizeBytes = stores.flatMap(({ messages }) => messages).reduce((sum, { length }) => sum + length, 0);
console.log(
  `${totalSamples} samples, ${(sizeBytes / 1e6).toFixed(1)} MB in messages, Node ${process.version}`,
);

async function measure(name: string, run: () => Promise<number> | number): Promise<void> {
  const times: number[] = [];
  let result = 0;
  for (let i = 0; i < rounds; i++) {
    const before = process.cpuUsage();
    result = await run();
    const { user, system } = process.cpuUsage(before);
    times.push((user + system) / 1e6);
  }
  times.sort((a, b) => a - b);
  const median = times[times.length >> 1] ?? 0;
  const perSample = (1e9 * median) / totalSamples;
  console.log(
    `${name.padEnd(34)} median ${median.toFixed(3)} s  best ${(times[0] ?? 0).toFixed(3)} s  ${perSample.toFixed(1)} ns/sample  (${result})`,
  );
}

function proxy(): Store {
  return createProxyStore({
    endpoints: () =>
      stores.map((store, i) => ({ address: `s${i}:1`, store: replay(store, `s${i}:1`), tsdbInfos: [] })),
    metrics: noMetrics,
    clock: systemClock,
  });
}

const request = {
  range: { minMs: startMs, maxMs: startMs + 86_400_000 },
  matchers: [{ type: "=", name: "__name__", value: "http_requests_total" }],
  withoutReplicaLabels: ["replica"],
  partialResponse: "warn",
  skipChunks: false,
  limit: 0,
  maxResolutionMs: 0,
  aggregates: ["COUNTER"],
  shard: undefined,
  storeMatchers: [],
} as const;

await measure("messages to batches", () => {
  let rows = 0;
  for (const { messages } of stores) {
    const builder = new BatchBuilder();
    for (const message of messages) {
      builder.add(message);
      rows += builder.take().count;
    }
  }
  return rows;
});

await measure("batches merged", async () => {
  let rows = 0;
  for await (const batch of proxy().series(createTestContext(), request)) rows += batch.count;
  return rows;
});

await measure("all chunks decoded", async () => {
  let samples = 0;
  const buffer = new SampleBuffer();
  for await (const batch of proxy().series(createTestContext(), request)) {
    const chunks = batch.chunkFrom[batch.count] ?? 0;
    for (let chunk = 0; chunk < chunks; chunk++) {
      buffer.clear();
      const bytes = batch.buffers[batch.chunkBuffer[chunk] ?? 0] ?? new Uint8Array(0);
      samples += decodeXor(bytes, batch.rawStart[chunk] ?? 0, batch.rawEnd[chunk] ?? 0, buffer);
    }
  }
  return samples;
});

for (const func of ["rate", "max_over_time"]) {
  for (const dedup of [true, false]) {
    await measure(`select, ${func}, ${dedup ? "penalty dedup" : "no dedup"}`, async () => {
      const source = createSelectable(proxy(), {
        clock: systemClock,
        dedup,
        replicaLabels: ["replica"],
        algorithm: "penalty",
        partialResponse: "warn",
      }).select(createTestContext(), {
        matchers: request.matchers,
        range: request.range,
        func,
        rangeMs: 300_000,
        stepMs,
      });
      let samples = 0;
      for (;;) {
        const pulled = source.next();
        const column = pulled instanceof Promise ? await pulled : pulled;
        if (column === undefined) break;
        samples += column.length;
      }
      await source.close();
      return samples;
    });
  }
}
