import { GatewayError } from "../../lib/errors.ts";
import { formatLabels } from "../../model/labels.ts";
import type { TimeRange } from "../../model/time-range.ts";
import type { EncodedChunk } from "../../wire/batch-builder.ts";
import { type ChunkedSeriesReader, chunkType } from "../../wire/chunked-series.ts";
import { encodeSamples } from "../../wire/encode-samples.ts";
import { isRecoded, recodeChunk } from "../../wire/recode-chunk.ts";
import type { SampledSeriesReader } from "../../wire/sampled-series.ts";
import { decodeLabels } from "../../wire/wire-labels.ts";
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

/**
 * Chunks of the series that `reader` stands at, as StoreAPI carries them: encodings are one less, XOR2 and histograms
 * with start times are written anew without these. Only those that overlap `range`. Throws GatewayError `internal` for an encoding that nobody knows.
 */
export function chunksOf(reader: ChunkedSeriesReader, range: TimeRange): readonly EncodedChunk[] {
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
    } else if (isRecoded(type)) result.push(...recodeChunk(type, frame, start, end));
    else throw unknownEncoding(reader, type);
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

/** Samples of the series that `reader` stands at, as chunks. */
export function chunksOfSamples(reader: SampledSeriesReader): readonly EncodedChunk[] {
  return encodeSamples(reader.samples, (row) => reader.isInteger(row));
}
