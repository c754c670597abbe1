import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { GatewayError } from "../../src/lib/errors.ts";
import { createHistogram, type Histogram, resetHints } from "../../src/model/histogram/histogram.ts";
import type { Labels } from "../../src/model/labels.ts";
import { createChunkedFrameReader } from "../../src/wire/chunked-frames.ts";
import { ChunkedSeriesReader, chunkType } from "../../src/wire/chunked-series.ts";
import { decodeFloatHistogram } from "../../src/wire/float-histogram-chunk.ts";
import {
  QueryResultSchema,
  ReadRequestSchema,
  ReadResponseSchema,
} from "../../src/wire/gen/prometheus/remote_pb.ts";
import {
  BucketSpanSchema,
  Histogram_ResetHint,
  type Histogram as HistogramMessage,
  HistogramSchema,
  SampleSchema,
  TimeSeriesSchema,
} from "../../src/wire/gen/prometheus/types_pb.ts";
import { decodeHistogram } from "../../src/wire/histogram-chunk.ts";
import { encodeReadRequest } from "../../src/wire/remote-read-request.ts";
import { SampleBuffer } from "../../src/wire/sample-buffer.ts";
import { SampledSeriesReader } from "../../src/wire/sampled-series.ts";
import { uncompressSnappy } from "../../src/wire/snappy.ts";
import { decodeLabels } from "../../src/wire/wire-labels.ts";
import { decodeXor } from "../../src/wire/xor.ts";
import { type PlainSample, plainSamples } from "../support/random-histograms.ts";
import { everySeed } from "../support/seeded-random.ts";

const remoteRead = suite("remote read");

const startMs = 1_795_502_522_000;
const endMs = 1_795_502_822_000;

function recording(name: string): Uint8Array {
  return new Uint8Array(gunzipSync(readFileSync(new URL(`./fixtures/${name}.bin.gz`, import.meta.url))));
}

function framesOf(body: Uint8Array, ...cuts: readonly number[]): Uint8Array[] {
  const out: Uint8Array[] = [];
  const reader = createChunkedFrameReader();
  let from = 0;
  for (const to of [...cuts, body.length]) {
    reader.push(body.slice(from, to), out);
    from = to;
  }
  reader.end();
  return out;
}

interface Row {
  readonly labels: Labels;
  readonly samples: readonly PlainSample[];
}

const decoders = new Map([
  [chunkType.xor, decodeXor],
  [chunkType.histogram, decodeHistogram],
  [chunkType.floatHistogram, decodeFloatHistogram],
]) as ReadonlyMap<number, typeof decodeXor>;

function streamedRows(frames: readonly Uint8Array[]): Row[] {
  const reader = new ChunkedSeriesReader();
  const buffer = new SampleBuffer();
  const rows: Row[] = [];
  for (const frame of frames) {
    reader.reset(frame);
    assert.is(reader.queryIndex, 0);
    while (reader.next()) {
      buffer.clear();
      const { chunks } = reader;
      for (let c = 0; c < chunks.count; c++) {
        const decode = decoders.get(chunks.type[c] as number);
        decode?.(frame, chunks.start[c] as number, chunks.end[c] as number, buffer);
      }
      rows.push({
        labels: decodeLabels(reader.labels, reader.labelStart, reader.labelEnd),
        samples: plainSamples(buffer).filter(({ timeMs }) => timeMs >= startMs && timeMs <= endMs),
      });
    }
  }
  return rows;
}

function sampledRows(message: Uint8Array): Row[] {
  const reader = new SampledSeriesReader();
  const rows: Row[] = [];
  reader.reset(message);
  while (reader.next()) {
    assert.is(reader.queryIndex, 0);
    rows.push({
      labels: decodeLabels(reader.labels, reader.labelStart, reader.labelEnd),
      samples: plainSamples(reader.samples),
    });
  }
  return rows;
}

for (const metric of [
  "up",
  "gc_float",
  "prometheus_http_request_duration_seconds",
  "handler_http_rate_native",
]) {
  remoteRead(`reads the same ${metric} from Prometheus's chunks and from its samples`, () => {
    const streamed = streamedRows(framesOf(recording(`${metric}.streamed`)));
    const sampled = sampledRows(uncompressSnappy(recording(`${metric}.samples`), 1 << 24));
    assert.ok(sampled.length > 0 && (sampled[0] as Row).samples.length > 50, metric);
    assert.is(streamed.length, sampled.length);
    for (const [i, row] of streamed.entries()) {
      const other = sampled[i] as Row;
      assert.equal(row.labels, other.labels);
      assert.is(row.samples.length, other.samples.length);
      for (const [j, sample] of row.samples.entries()) assert.equal(sample, knowingAsMuch(other, j, sample));
    }
  });
}

/** Sample `j` of a row; its reset hint unknown where that of `sample` is: chunks that are cut at the range begin so. */
function knowingAsMuch(row: Row, j: number, sample: PlainSample): PlainSample | undefined {
  const { hint } = sample;
  return hint === resetHints.unknown ? ({ ...row.samples[j], hint } as PlainSample) : row.samples[j];
}

remoteRead("reads samples as the generated code does", () => {
  for (const metric of ["gc_float", "prometheus_http_request_duration_seconds", "handler_http_rate_native"]) {
    const message = uncompressSnappy(recording(`${metric}.samples`), 1 << 24);
    const [result] = fromBinary(ReadResponseSchema, message).results;
    const reader = new SampledSeriesReader();
    reader.reset(message);
    let histograms = 0;
    for (const series of result?.timeseries ?? []) {
      assert.ok(reader.next());
      assert.equal(
        decodeLabels(reader.labels, reader.labelStart, reader.labelEnd),
        series.labels.map(({ name, value }) => ({ name, value })),
      );
      assert.is(reader.samples.length, series.samples.length + series.histograms.length);
      for (const [i, sample] of series.samples.entries()) {
        assert.is(reader.samples.times[i], Number(sample.timestamp));
        assert.is(reader.samples.values[i], sample.value);
      }
      for (const [i, histogram] of series.histograms.entries()) {
        histograms++;
        assert.is(reader.samples.times[i], Number(histogram.timestamp));
        assert.is(reader.isInteger(i), histogram.count.case === "countInt");
        const read = reader.samples.histograms?.lend(i, createHistogram());
        assert.equal(
          [read?.count, read?.zeroCount, read?.sum, read?.resetHint, read?.layout.schema],
          [
            Number(histogram.count.value),
            Number(histogram.zeroCount.value),
            histogram.sum,
            histogram.resetHint,
            histogram.schema,
          ],
        );
        assert.equal(read && countsOf(read), countsOfMessage(histogram));
      }
    }
    assert.not(reader.next());
    assert.is(histograms > 0, metric !== "gc_float");
  }
});

function countsOf({ layout, buckets, at }: Histogram): (readonly [number, number])[] {
  return [...layout.positive].map((index, i) => [index, buckets[at + i] as number] as const);
}

/** Index and count of the positive buckets; the recorded servers have no negative ones. */
function countsOfMessage(histogram: HistogramMessage): (readonly [number, number])[] {
  const counts = [...histogram.positiveCounts];
  let count = 0n;
  for (const delta of histogram.positiveDeltas) {
    count += delta;
    counts.push(Number(count));
  }
  let next = 0;
  const indexes = histogram.positiveSpans.flatMap(({ offset, length }) => {
    next += offset + length;
    return Array.from({ length }, (_, i) => next - length + i);
  });
  return indexes.map((index, i) => [index, counts[i] as number] as const);
}

/** A message of samples with one series of one histogram. */
function sampled(histogram: MessageInitShape<typeof HistogramSchema>): Uint8Array {
  const timeseries = [create(TimeSeriesSchema, { histograms: [create(HistogramSchema, histogram)] })];
  const results = [create(QueryResultSchema, { timeseries })];
  return toBinary(ReadResponseSchema, create(ReadResponseSchema, { results }));
}

remoteRead("reads every part of a histogram in samples, and merges it with floats by time", () => {
  const spans = [
    create(BucketSpanSchema, { offset: -3, length: 2 }),
    create(BucketSpanSchema, { offset: 4, length: 1 }),
  ];
  const reader = new SampledSeriesReader();
  const shared = { sum: -1.5, schema: 2, zeroThreshold: 0.25, positiveSpans: spans, timestamp: 5n };
  const exact = create(HistogramSchema, {
    ...shared,
    count: { case: "countInt", value: 17n },
    zeroCount: { case: "zeroCountInt", value: 2n },
    positiveDeltas: [5n, -3n, 4n],
    negativeSpans: spans.slice(0, 1),
    negativeDeltas: [1n, 0n],
    resetHint: Histogram_ResetHint.NO,
  });
  const floats = create(HistogramSchema, {
    ...{ ...shared, timestamp: 9n },
    count: { case: "countFloat", value: 1.5 },
    zeroCount: { case: "zeroCountFloat", value: 0.5 },
    positiveCounts: [0.25, 0.5, 0.25],
    resetHint: Histogram_ResetHint.GAUGE,
  });
  const samples = [1n, 7n, 9n].map((timestamp) =>
    create(SampleSchema, { timestamp, value: Number(timestamp) }),
  );
  const timeseries = [create(TimeSeriesSchema, { samples, histograms: [exact, floats] })];
  const results = [create(QueryResultSchema, { timeseries })];
  reader.reset(toBinary(ReadResponseSchema, create(ReadResponseSchema, { results })));
  assert.ok(reader.next());
  const read = plainSamples(reader.samples);
  assert.equal(
    read.map(({ timeMs, schema, hint }) => [timeMs, schema, hint]),
    [
      [1, undefined, undefined],
      [5, 2, resetHints.notReset],
      [7, undefined, undefined],
      [9, undefined, undefined],
      [9, 2, resetHints.gauge],
    ],
  );
  assert.is(read[1]?.numbers, "17 2 -1.5");
  assert.is(read[1]?.positive, "-3,5 -2,2 3,6");
  assert.is(read[1]?.negative, "-3,1 -2,1");
  assert.is(read[4]?.numbers, "1.5 0.5 -1.5");
  assert.is(read[4]?.positive, "-3,0.25 -2,0.5 3,0.25");
  assert.equal(
    [0, 1, 2, 3, 4].map((row) => reader.isInteger(row)),
    [false, true, false, false, false],
  );
});

remoteRead("refuses histograms in samples that cannot be", () => {
  const reader = new SampledSeriesReader();
  const refused = (histogram: MessageInitShape<typeof HistogramSchema>, reason: RegExp) => {
    reader.reset(sampled(histogram));
    assert.throws(() => reader.next(), reason);
  };
  const span = (offset: number, length: number) => create(BucketSpanSchema, { offset, length });
  const whole = { count: { case: "countInt", value: 1n } } as const;
  refused({ ...whole, schema: 60 }, /a schema of 60/);
  refused(
    { ...whole, positiveSpans: [span(0, 2)], positiveDeltas: [1n] },
    /1 buckets, which its spans do not have/,
  );
  refused({ ...whole, positiveDeltas: [1n] }, /1 buckets, which its spans do not have/);
  refused({ ...whole, positiveSpans: [span(0, 1)], positiveDeltas: [1n, 1n] }, /2 buckets, which its spans/);
  refused(
    { ...whole, positiveSpans: [span(3, 1), span(-1, 1)], positiveDeltas: [1n, 1n] },
    /begins before the end of the last one/,
  );
  refused({ ...whole, positiveSpans: [span(0, 1)], positiveDeltas: [2n ** 60n] }, /a count is above 2\^51/);
  refused({ count: { case: "countInt", value: 2n ** 60n } }, /a count is above 2\^51/);
});

remoteRead("takes frames out of a stream that is cut anywhere", () => {
  const body = recording("up.streamed");
  const twice = new Uint8Array(body.length * 2);
  twice.set(body);
  twice.set(body, body.length);
  const whole = framesOf(twice).map(String);
  for (let cut = 0; cut <= twice.length; cut++) {
    assert.equal(framesOf(twice, cut).map(String), whole);
    assert.equal(framesOf(twice, cut, Math.min(twice.length, cut + 3)).map(String), whole);
  }
  const bytewise = Array.from({ length: twice.length }, (_, i) => i);
  assert.equal(framesOf(twice, ...bytewise).map(String), whole);
});

remoteRead("notices a stream that ends inside a frame, wherever", () => {
  const body = recording("up.streamed");
  const whole = new Set<number>([0]);
  for (let end = 0; end <= body.length; end++) {
    try {
      framesOf(body.subarray(0, end));
      whole.add(end);
    } catch (error) {
      assert.instance(error, GatewayError);
    }
  }
  assert.is(whole.size - 1, framesOf(body).length);
});

remoteRead("notices any flipped bit", () => {
  const body = recording("up.streamed");
  for (let bit = 0; bit < body.length * 8; bit++) {
    const bad = body.slice();
    bad[bit >> 3] = (bad[bit >> 3] as number) ^ (1 << (bit & 7));
    assert.throws(
      () => framesOf(bad),
      (error: unknown) => error instanceof GatewayError,
    );
  }
});

remoteRead("refuses frames above the limit before they arrive", () => {
  const reader = createChunkedFrameReader(1000);
  assert.throws(
    () => reader.push(Uint8Array.of(0xe9, 0x07), []),
    (error: unknown) =>
      error instanceof GatewayError && error.code === "execution" && error.message.includes("1001 bytes"),
  );
  createChunkedFrameReader(1000).push(Uint8Array.of(0xe8, 0x07), []);
});

remoteRead("reads or refuses any bytes of an answer", () =>
  everySeed(30, (random) => {
    const messages = [
      uncompressSnappy(recording("up.samples"), 1 << 24),
      ...framesOf(recording("prometheus_http_request_duration_seconds.streamed")),
    ];
    for (let round = 0; round < 20; round++) {
      const from = random.oneOf(messages);
      const bytes = from.slice(0, random.chance(0.5) ? from.length : random.below(from.length));
      for (let flips = random.below(4); flips > 0 && bytes.length > 0; flips--) {
        bytes[random.below(Math.min(300, bytes.length))] = random.below(256);
      }
      for (const read of [() => sampledRows(bytes), () => readAll(bytes)]) {
        try {
          read();
        } catch (error) {
          assert.instance(error, GatewayError);
        }
      }
    }
  }),
);

function readAll(frame: Uint8Array): void {
  const reader = new ChunkedSeriesReader();
  reader.reset(frame);
  while (reader.next()) {
    decodeLabels(reader.labels, reader.labelStart, reader.labelEnd);
    for (let c = 0; c < reader.chunks.count; c++) assert.ok((reader.chunks.end[c] as number) <= frame.length);
  }
}

remoteRead("asks for a range, matchers and the answers it can read", () => {
  const bytes = encodeReadRequest(
    {
      range: { minMs: -5.5, maxMs: Number.POSITIVE_INFINITY },
      matchers: [
        { type: "=", name: "a", value: "b" },
        { type: "!~", name: "c", value: "d.*" },
      ],
    },
    ["STREAMED_XOR_CHUNKS", "SAMPLES"],
  );
  const request = fromBinary(ReadRequestSchema, bytes);
  const [query] = request.queries;
  assert.equal(request.acceptedResponseTypes, [1, 0]);
  assert.equal([query?.startTimestampMs, query?.endTimestampMs], [-5n, 2n ** 63n - 1n]);
  assert.equal(
    query?.matchers.map(({ type, name, value }) => [type, name, value]),
    [
      [0, "a", "b"],
      [3, "c", "d.*"],
    ],
  );
});

remoteRead.run();
