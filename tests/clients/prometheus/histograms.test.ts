import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { PrometheusApi } from "../../../src/clients/prometheus/prometheus-api.ts";
import { createPrometheusStore } from "../../../src/clients/prometheus/prometheus-store.ts";
import { SeriesReader } from "../../../src/federation/series-reader.ts";
import { createHistogram, type Histogram, resetHints } from "../../../src/model/histogram/histogram.ts";
import { labelsOf } from "../../../src/model/labels.ts";
import { systemClock } from "../../../src/runtime/clock.ts";
import { encodeSamples } from "../../../src/wire/encode-samples.ts";
import { QueryResultSchema, ReadResponseSchema } from "../../../src/wire/gen/prometheus/remote_pb.ts";
import {
  BucketSpanSchema,
  type Histogram_ResetHint,
  HistogramSchema,
  LabelSchema,
  SampleSchema,
  TimeSeriesSchema,
} from "../../../src/wire/gen/prometheus/types_pb.ts";
import { SampleBuffer } from "../../../src/wire/sample-buffer.ts";
import { compressSnappy } from "../../../src/wire/snappy.ts";
import { chunkedMessage, frameOf } from "../../support/fake-prometheus.ts";
import { createTestContext, seriesRequest } from "../../support/memory-store.ts";
import { type PlainSample, plainSamples, randomHistograms } from "../../support/random-histograms.ts";
import { everySeed, type SeededRandom } from "../../support/seeded-random.ts";

const test = suite("native histograms of a Prometheus as a store");

/** A series of a Prometheus, and which of its histograms are of whole numbers. */
interface Written {
  readonly samples: SampleBuffer;
  readonly whole: readonly boolean[];
}

/** Floats and histograms of several kinds, one stretch after the other. */
function randomSeries(random: SeededRandom): Written {
  const samples = new SampleBuffer(1);
  const whole: boolean[] = [];
  let offset = 0;
  for (let stretch = 1 + random.below(4); stretch > 0; stretch--) {
    const integers = random.chance(0.5);
    const gauge = random.chance(0.3);
    const part = random.chance(0.3)
      ? randomFloats(random)
      : randomHistograms(random, 1 + random.below(150), {
          ...{ integers, gauge, stale: random.oneOf([0, 0.05]) },
          ...{ newLayout: random.oneOf([0, 0.05]), reset: random.oneOf([0, 0.05]) },
        });
    for (let i = 0; i < part.length; i++) {
      whole[samples.length] = integers;
      part.times[i] = (part.times[i] as number) + offset;
      samples.pushOf(part, i);
    }
    offset += 1e9;
  }
  return { samples, whole };
}

function randomFloats(random: SeededRandom): SampleBuffer {
  const samples = new SampleBuffer(1);
  for (let i = 1 + random.below(150); i > 0; i--) {
    const timeMs = 1_600_000_000_000 - i * 1000;
    if (random.chance(0.1)) samples.pushStale(timeMs);
    else {
      samples.push(timeMs, 0, 0);
      samples.values[samples.length - 1] = random.next();
    }
  }
  return samples;
}

function spansOf(indexes: Int32Array): MessageInitShape<typeof BucketSpanSchema>[] {
  const spans: { offset: number; length: number }[] = [];
  let next = 0;
  for (const index of indexes) {
    const last = spans.at(-1);
    if (last !== undefined && index === next) last.length++;
    else spans.push({ offset: index - next, length: 1 });
    next = index + 1;
  }
  return spans;
}

function deltasOf(counts: readonly number[]): bigint[] {
  return counts.map((count, i) => BigInt(count) - BigInt(counts[i - 1] ?? 0));
}

/** Stands for the staleness marker, which does not survive as a number, until the message is made. */
const staleMark = 1.2345678901234e-300;
const staleMarkBytes = new Uint8Array(Float64Array.of(staleMark).buffer);
const staleBytes = new Uint8Array(Uint32Array.of(2, 0x7ff00000).buffer);

function withStale(message: Uint8Array): Uint8Array {
  for (let at = 0; at + 8 <= message.length; at++) {
    if (staleMarkBytes.every((byte, i) => message[at + i] === byte)) message.set(staleBytes, at);
  }
  return message;
}

function messageOf(histogram: Histogram | undefined, timeMs: number, whole: boolean) {
  const timestamp = BigInt(timeMs);
  if (histogram === undefined) return create(HistogramSchema, { timestamp, sum: staleMark });
  const { layout, buckets, at, count, zeroCount, sum } = histogram;
  const cut = at + layout.positive.length;
  const positive = [...buckets.subarray(at, cut)];
  const negative = [...buckets.subarray(cut, cut + layout.negative.length)];
  const shared = {
    ...{ timestamp, sum, schema: layout.schema, zeroThreshold: layout.zeroThreshold },
    positiveSpans: spansOf(layout.positive).map((span) => create(BucketSpanSchema, span)),
    negativeSpans: spansOf(layout.negative).map((span) => create(BucketSpanSchema, span)),
    customValues: [...layout.customValues],
    resetHint: histogram.resetHint as Histogram_ResetHint, // The same numbers.
  };
  return create(
    HistogramSchema,
    whole
      ? {
          ...shared,
          count: { case: "countInt", value: BigInt(count) },
          zeroCount: { case: "zeroCountInt", value: BigInt(zeroCount) },
          positiveDeltas: deltasOf(positive),
          negativeDeltas: deltasOf(negative),
        }
      : {
          ...shared,
          count: { case: "countFloat", value: count },
          zeroCount: { case: "zeroCountFloat", value: zeroCount },
          positiveCounts: positive,
          negativeCounts: negative,
        },
  );
}

const labels = labelsOf({ __name__: "took" });

/** The answer to a streamed read. */
function streamedBody({ samples, whole }: Written): Uint8Array {
  const chunks = encodeSamples(samples, (row) => whole[row] === true);
  const message = chunkedMessage(
    labels,
    chunks.map(({ minMs, maxMs, encoding, data }) => ({ minMs, maxMs, type: encoding + 1, data })),
  );
  return frameOf(message);
}

/** The answer to a read of samples. A staleness marker behind a histogram is a stale histogram. */
function sampledBody({ samples, whole }: Written): Uint8Array {
  const floats: { timestamp: bigint; value: number }[] = [];
  const histograms: ReturnType<typeof messageOf>[] = [];
  let wasHistogram = false;
  for (const [i, { timeMs, value }] of plainSamples(samples).entries()) {
    const isHistogram = samples.histograms?.has(i) === true;
    const isStale = value === `${0x7ff00000}:2`;
    wasHistogram = isHistogram || (wasHistogram && isStale);
    if (!wasHistogram) {
      floats.push({ timestamp: BigInt(timeMs), value: isStale ? staleMark : (samples.values[i] as number) });
    } else {
      const histogram = isHistogram ? samples.histograms?.lend(i, createHistogram()) : undefined;
      histograms.push(messageOf(histogram, timeMs, whole[i] === true));
    }
  }
  const series = create(TimeSeriesSchema, {
    labels: labels.map((label) => create(LabelSchema, label)),
    samples: floats.map((sample) => create(SampleSchema, sample)),
    histograms,
  });
  const results = [create(QueryResultSchema, { timeseries: [series] })];
  return compressSnappy(withStale(toBinary(ReadResponseSchema, create(ReadResponseSchema, { results }))));
}

function apiOf(contentType: string, body: Uint8Array): PrometheusApi {
  const refuse = () => Promise.reject(new Error("only reads are answered"));
  return {
    ...{ version: refuse, config: refuse, metrics: refuse },
    ...{ series: refuse, labelNames: refuse, labelValues: refuse },
    read: async () => ({
      status: 200,
      header: (name) => (name === "content-type" ? contentType : undefined),
      body: (async function* () {
        yield body;
      })(),
      cancel: () => undefined,
    }),
  };
}

async function readAll(api: PrometheusApi): Promise<readonly PlainSample[]> {
  const facts = {
    ...{ externalLabels: [], ownLabels: [] },
    ...{ minMs: Number.NEGATIVE_INFINITY, takesLabelMatchers: true },
  };
  const store = createPrometheusStore({
    ...{ name: "prometheus", api, clock: systemClock, maxAnswerBytes: 64 << 20 },
    facts: () => facts,
  });
  const range = { minMs: 0, maxMs: 2e12 };
  const reader = new SeriesReader({ range, reading: "average", algorithm: "none", adjustsCounters: false });
  const matchers = [{ type: "=", name: "__name__", value: "took" }] as const;
  const all: PlainSample[] = [];
  for await (const batch of store.series(createTestContext(), seriesRequest({ matchers, range }))) {
    assert.equal(batch.warnings, []);
    const column = reader.read(batch, 0);
    assert.ok(column !== undefined && batch.count === 1);
    const { length, timesMs: times, words, histograms } = column;
    all.push(...plainSamples({ length, times, words, histograms }));
  }
  return all;
}

test("of any kind, among floats, come out of chunks and of samples as they went in", () =>
  everySeed(25, async (random) => {
    const written = randomSeries(random);
    const streamed = await readAll(apiOf("application/x-streamed-protobuf", streamedBody(written)));
    const sampled = await readAll(apiOf("application/x-protobuf", sampledBody(written)));
    assert.equal(sampled, streamed);
    const withoutHints = (samples: readonly PlainSample[]) =>
      samples.map((sample) => ({ ...sample, hint: 0 }));
    assert.equal(withoutHints(streamed), withoutHints(plainSamples(written.samples)));
    assert.ok(streamed.every(({ hint }) => hint !== resetHints.reset));
  }));

test.run();
