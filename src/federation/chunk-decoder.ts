import { GatewayError } from "../lib/errors.ts";
import { AggrChunkReader } from "../wire/aggr-chunk.ts";
import { SampleBuffer } from "../wire/sample-buffer.ts";
import { chunkKinds, noChunk, type SeriesBatch } from "../wire/series-batch.ts";
import { decodeXor } from "../wire/xor.ts";
import type { ChunkReading } from "./aggregates.ts";

const xor = 0;
const histogram = 1;
const floatHistogram = 2;

const reader = new AggrChunkReader();
const counts = new SampleBuffer();
const sums = new SampleBuffer();

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
  if (encoding !== noChunk) throw unreadable(encoding);
  reader.read(bytes, batch.chunkStart[chunk] as number, batch.chunkEnd[chunk] as number);
  if (reading === "average") decodeAverage(bytes, out);
  else decodeKind(bytes, chunkKinds.indexOf(reading), out);
}

function decodeKind(bytes: Uint8Array, kind: number, out: SampleBuffer): void {
  const encoding = reader.encoding[kind] as number;
  if (encoding === noChunk) throw new GatewayError("execution", "no valid chunk found");
  if (encoding !== xor) throw unreadable(encoding);
  decodeXor(bytes, reader.start[kind] as number, reader.end[kind] as number, out);
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
  }
  out.length += counts.length;
}

function unreadable(encoding: number): GatewayError {
  const isHistogram = encoding === histogram || encoding === floatHistogram;
  return new GatewayError(
    "execution",
    isHistogram
      ? "native histograms are not supported yet"
      : `Cannot read chunk: its encoding is ${encoding}, wants ${xor} (XOR)`,
  );
}
