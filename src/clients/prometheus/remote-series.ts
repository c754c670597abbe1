import { GatewayError } from "../../lib/errors.ts";
import { formatLabels } from "../../model/labels.ts";
import type { TimeRange } from "../../model/time-range.ts";
import type { EncodedChunk } from "../../wire/batch-builder.ts";
import { type ChunkedSeriesReader, chunkType } from "../../wire/chunked-series.ts";
import { encodeXor, samplesPerChunk } from "../../wire/encode-xor.ts";
import type { SampledSeriesReader } from "../../wire/sampled-series.ts";
import { decodeLabels } from "../../wire/wire-labels.ts";
import { recodeXor2 } from "../../wire/xor2.ts";
import type { OrderedSeries } from "./external-label-order.ts";
import type { RelabelledSeries } from "./series-relabel.ts";

/** A series on its way from a remote read into a batch. */
export interface RemoteSeries extends OrderedSeries, RelabelledSeries {
  /** Data are views of the answer's bytes. */
  readonly chunks: readonly EncodedChunk[];
}

export function createRemoteSeries(labels: RelabelledSeries, chunks: readonly EncodedChunk[]): RemoteSeries {
  let sizeBytes = labels.sortedBy.length + labels.end - labels.start;
  for (const chunk of chunks) sizeBytes += chunk.data.length;
  return { ...labels, chunks, sizeBytes };
}

/** Series whose native histograms are left out, to be named in one warning. */
export interface LeftOutHistograms {
  add(bytes: Uint8Array, start: number, end: number): void;
  /** `undefined` where nothing was left out. */
  warning(): string | undefined;
}

const namedSeries = 5;

export function createLeftOutHistograms(): LeftOutHistograms {
  const named = new Set<string>();
  let more = 0;
  let last = "";
  return {
    add(bytes, start, end) {
      const series = formatLabels(decodeLabels(bytes, start, end));
      if (named.has(series) || series === last) return;
      last = series;
      if (named.size < namedSeries) named.add(series);
      else more++;
    },
    warning() {
      if (named.size === 0) return undefined;
      const others = more === 0 ? "" : ` and ${more} more`;
      return `native histograms with start times or read as samples are not supported yet, left out: ${[...named].join(", ")}${others}`;
    },
  };
}

/**
 * Chunks of the series that `reader` stands at, as StoreAPI carries them: encodings are one less, XOR2 becomes XOR.
 * Only those that overlap `range`. Throws GatewayError `internal` for an encoding that nobody knows.
 */
export function chunksOf(
  reader: ChunkedSeriesReader,
  range: TimeRange,
  leftOut: LeftOutHistograms,
): readonly EncodedChunk[] {
  const { frame, chunks } = reader;
  const result: EncodedChunk[] = [];
  for (let i = 0; i < chunks.count; i++) {
    const minMs = chunks.minMs[i] as number;
    const maxMs = chunks.maxMs[i] as number;
    if (maxMs < range.minMs || minMs > range.maxMs) continue;
    const [start, end] = [chunks.start[i] as number, chunks.end[i] as number];
    const type = chunks.type[i] as number;
    if (type === chunkType.xor || type === chunkType.histogram || type === chunkType.floatHistogram) {
      result.push({ minMs, maxMs, encoding: type - 1, data: frame.subarray(start, end) });
    } else if (type === chunkType.xor2) {
      for (const chunk of recodeXor2(frame, start, end)) result.push({ ...chunk, encoding: 0 });
    } else if (type === chunkType.histogramSt || type === chunkType.floatHistogramSt) {
      leftOut.add(reader.labels, reader.labelStart, reader.labelEnd);
    } else throw unknownEncoding(reader, type);
  }
  return result;
}

function unknownEncoding({ labels, labelStart, labelEnd }: ChunkedSeriesReader, type: number): GatewayError {
  const series = formatLabels(decodeLabels(labels, labelStart, labelEnd));
  return new GatewayError(
    "internal",
    `Cannot read a chunk of ${series}: its encoding is ${type}, wants one of 1 to 6`,
  );
}

/** Samples of the series that `reader` stands at, as XOR chunks. */
export function chunksOfSamples(
  { samples, histogramCount, labels, labelStart, labelEnd }: SampledSeriesReader,
  leftOut: LeftOutHistograms,
): readonly EncodedChunk[] {
  if (histogramCount > 0) leftOut.add(labels, labelStart, labelEnd);
  const chunks: EncodedChunk[] = [];
  for (let from = 0; from < samples.length; from += samplesPerChunk) {
    const to = Math.min(samples.length, from + samplesPerChunk);
    chunks.push({
      minMs: samples.times[from] as number,
      maxMs: samples.times[to - 1] as number,
      encoding: 0,
      data: encodeXor(samples.times, samples.words, from, to),
    });
  }
  return chunks;
}
