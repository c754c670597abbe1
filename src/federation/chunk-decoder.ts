import { GatewayError } from "../lib/errors.ts";
import { copyHistogram, createHistogram } from "../model/histogram/histogram.ts";
import { divide } from "../model/histogram/scale.ts";
import { AggrChunkReader } from "../wire/aggr-chunk.ts";
import { decodeFloatHistogram } from "../wire/float-histogram-chunk.ts";
import { decodeHistogram } from "../wire/histogram-chunk.ts";
import { SampleBuffer } from "../wire/sample-buffer.ts";
import { chunkKinds, noChunk, type SeriesBatch } from "../wire/series-batch.ts";
import { decodeXor } from "../wire/xor.ts";
import type { ChunkReading } from "./aggregates.ts";

/** By StoreAPI's encoding; XOR is 0. */
const decoders = [decodeXor, decodeHistogram, decodeFloatHistogram] as const;
const xor = 0;

const reader = new AggrChunkReader();
const counts = new SampleBuffer();
const sums = new SampleBuffer();
const lent = createHistogram();
const average = createHistogram();

/**
 * Appends the samples of chunk `chunk` to `out`: of its raw data, else of the aggregates that `reading` names.
 * Throws GatewayError `execution` for what cannot be read.
 */
export function decodeChunk(
  batch: SeriesBatch,
  chunk: number,
  reading: ChunkReading,
  out: SampleBuffer,
): void {
  const bytes = batch.buffers[batch.chunkBuffer[chunk] as number] as Uint8Array;
  const encoding = batch.rawEncoding[chunk] as number;
  if (encoding === xor) {
    decodeXor(bytes, batch.rawStart[chunk] as number, batch.rawEnd[chunk] as number, out);
    return;
  }
  if (encoding !== noChunk) {
    decode(
      encoding,
      bytes,
      { start: batch.rawStart[chunk] as number, end: batch.rawEnd[chunk] as number },
      out,
    );
    return;
  }
  reader.read(bytes, batch.chunkStart[chunk] as number, batch.chunkEnd[chunk] as number);
  if (reading === "average") decodeAverage(bytes, out);
  else decodeKind(bytes, chunkKinds.indexOf(reading), out);
}

function decodeKind(bytes: Uint8Array, kind: number, out: SampleBuffer): void {
  const encoding = reader.encoding[kind] as number;
  if (encoding === noChunk) throw new GatewayError("execution", "no valid chunk found");
  decode(encoding, bytes, { start: reader.start[kind] as number, end: reader.end[kind] as number }, out);
}

function decode(
  encoding: number,
  bytes: Uint8Array,
  range: { readonly start: number; readonly end: number },
  out: SampleBuffer,
): void {
  const decodeOne = decoders[encoding];
  if (decodeOne === undefined) {
    throw new GatewayError(
      "execution",
      `Cannot read chunk: its encoding is ${encoding}, wants ${xor} (XOR), 1 or 2 (histograms)`,
    );
  }
  decodeOne(bytes, range.start, range.end, out);
}

function decodeAverage(bytes: Uint8Array, out: SampleBuffer): void {
  counts.clear();
  sums.clear();
  decodeKind(bytes, chunkKinds.indexOf("count"), counts);
  decodeKind(bytes, chunkKinds.indexOf("sum"), sums);
  if (counts.length !== sums.length)
    throw new GatewayError("execution", "sum and count iterator not aligned");
  out.ensure(counts.length);
  for (let i = 0; i < counts.length; i++) {
    if (counts.times[i] !== sums.times[i])
      throw new GatewayError("execution", "sum and count timestamps not aligned");
    out.times[out.length + i] = counts.times[i] as number;
    out.values[out.length + i] = (sums.values[i] as number) / (counts.values[i] as number);
    if (sums.histograms?.has(i) === true) divideHistogram(i, out);
  }
  out.length += counts.length;
}

function divideHistogram(i: number, out: SampleBuffer): void {
  if (sums.histograms === undefined) return;
  copyHistogram(sums.histograms.lend(i, lent), average);
  divide(average, counts.values[i] as number);
  out.values[out.length + i] = 0;
  out.withHistograms().set(out.length + i, average);
}
