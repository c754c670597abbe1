import { assert } from "../lib/assert.ts";
import type { EncodedChunk } from "./batch-builder.ts";
import { chunkType } from "./chunked-series.ts";
import { encodeSamples, isWhole } from "./encode-samples.ts";
import { decodeFloatHistogramSt } from "./float-histogram-chunk.ts";
import { decodeHistogramSt } from "./histogram-chunk.ts";
import { SampleBuffer } from "./sample-buffer.ts";
import { decodeXor2 } from "./xor2.ts";

const decoders = new Map([
  [chunkType.xor2, decodeXor2],
  [chunkType.histogramSt, decodeHistogramSt],
  [chunkType.floatHistogramSt, decodeFloatHistogramSt],
]) as ReadonlyMap<number, typeof decodeXor2>;

const scratch = new SampleBuffer();

/** Whether chunks of this type (`chunkType`) cannot be carried by StoreAPI but written anew so that they can. */
export function isRecoded(type: number): boolean {
  return decoders.has(type);
}

/**
 * The samples of such a chunk, [start, end) of `bytes`, as chunks that StoreAPI carries, without start times.
 * Throws GatewayError `internal` on a broken chunk.
 */
export function recodeChunk(type: number, bytes: Uint8Array, start: number, end: number): EncodedChunk[] {
  const decode = decoders.get(type);
  assert(decode !== undefined, "a chunk type without decoder is passed on or refused");
  scratch.clear();
  decode(bytes, start, end, scratch);
  return encodeSamples(scratch, (row) => type === chunkType.histogramSt && isWhole(scratch, row));
}
