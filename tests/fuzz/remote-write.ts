import { createRequire } from "node:module";
import { create, toBinary } from "@bufbuild/protobuf";
import { type Histogram, HistogramSchema, TimeSeriesSchema } from "../../src/wire/gen/prometheus/types_pb.ts";
import { type FuzzBuckets, type FuzzHistogram, observationsOf } from "./fuzz-histograms.ts";

/** One series of a remote write; times in milliseconds, ascending. */
export interface WrittenSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly samples: readonly WrittenSample[];
}

export interface WrittenSample {
  readonly t: number;
  readonly v: number | "stale" | FuzzHistogram;
}

const snappy: { compress(bytes: Uint8Array): Uint8Array } = createRequire(import.meta.url)("snappyjs");

/** Sends series to a Prometheus that was started with `--web.enable-remote-write-receiver`. Rejects where it refuses. */
export async function remoteWrite(address: string, series: readonly WrittenSeries[]): Promise<void> {
  const response = await fetch(`http://${address}/api/v1/write`, {
    method: "POST",
    headers: {
      "content-type": "application/x-protobuf",
      "content-encoding": "snappy",
      "x-prometheus-remote-write-version": "0.1.0",
    },
    body: new Uint8Array(snappy.compress(encodeWriteRequest(series))),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`remote write: ${response.status} ${text}`);
}

/** `prometheus.WriteRequest`: series are its field 1. */
function encodeWriteRequest(series: readonly WrittenSeries[]): Uint8Array {
  return concat(series.flatMap((one) => runsOf(one).map((run) => field(1, encodeSeries(run)))));
}

/** Floats of a series are taken before its histograms: each run of the same kind goes as a series of its own. */
function runsOf({ labels, samples }: WrittenSeries): readonly WrittenSeries[] {
  const runs: WrittenSample[][] = [];
  let last: boolean | undefined;
  for (const sample of samples) {
    const isHistogram = typeof sample.v === "object";
    if (isHistogram === last) runs.at(-1)?.push(sample);
    else runs.push([sample]);
    last = isHistogram;
  }
  return runs.map((run) => ({ labels, samples: run }));
}

function encodeSeries({ labels, samples }: WrittenSeries): Uint8Array {
  const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  const histograms = samples.flatMap(({ t, v }) => (typeof v === "object" ? [histogramMessage(t, v)] : []));
  const head = create(TimeSeriesSchema, {
    labels: sorted.map(([name, value]) => ({ name, value })),
    histograms,
  });
  const floats = samples.flatMap(({ t, v }) => (typeof v === "object" ? [] : [field(2, encodeSample(t, v))]));
  return concat([toBinary(TimeSeriesSchema, head), ...floats]);
}

function histogramMessage(t: number, histogram: FuzzHistogram): Histogram {
  const { float, positive, negative, zeroCount } = histogram;
  const count = observationsOf(histogram);
  return create(HistogramSchema, {
    timestamp: BigInt(t),
    schema: histogram.schema,
    sum: histogram.sum,
    zeroThreshold: histogram.zeroThreshold,
    customValues: [...histogram.bounds],
    resetHint: histogram.gauge ? 3 : 0,
    count: float ? { case: "countFloat", value: count } : { case: "countInt", value: BigInt(count) },
    zeroCount: float
      ? { case: "zeroCountFloat", value: zeroCount }
      : { case: "zeroCountInt", value: BigInt(zeroCount) },
    positiveSpans: spansOf(positive),
    negativeSpans: spansOf(negative),
    ...(float
      ? { positiveCounts: [...positive.counts], negativeCounts: [...negative.counts] }
      : { positiveDeltas: deltasOf(positive), negativeDeltas: deltasOf(negative) }),
  });
}

function spansOf({ first, counts }: FuzzBuckets): { readonly offset: number; readonly length: number }[] {
  return counts.length === 0 ? [] : [{ offset: first, length: counts.length }];
}

function deltasOf({ counts }: FuzzBuckets): bigint[] {
  return counts.map((count, i) => BigInt(count - (counts[i - 1] ?? 0)));
}

/** By hand: the staleness marker is a NaN whose bits a JavaScript number need not keep. */
function encodeSample(t: number, v: number | "stale"): Uint8Array {
  const value = new DataView(new ArrayBuffer(8));
  if (v === "stale") value.setBigUint64(0, 0x7ff0000000000002n, true);
  else value.setFloat64(0, v, true);
  return concat([new Uint8Array([0x09]), new Uint8Array(value.buffer), new Uint8Array([0x10]), varint(t)]);
}

function field(number: number, bytes: Uint8Array): Uint8Array {
  return concat([new Uint8Array([(number << 3) | 2]), varint(bytes.length), bytes]);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return new Uint8Array([...bytes, rest]);
    bytes.push((rest % 128) | 128);
  }
}

function concat(pieces: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(pieces.reduce((size, piece) => size + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}
