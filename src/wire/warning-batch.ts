import type { SeriesBatch } from "./series-batch.ts";

const noNumbers = {
  buffers: [],
  labelBuffer: new Uint16Array(0),
  labelStart: new Uint32Array(0),
  labelEnd: new Uint32Array(0),
  chunkFrom: new Uint32Array(1),
  chunkBuffer: new Uint16Array(0),
  chunkMinMs: new Float64Array(0),
  chunkMaxMs: new Float64Array(0),
  chunkStart: new Uint32Array(0),
  chunkEnd: new Uint32Array(0),
  rawEncoding: new Uint8Array(0),
  rawStart: new Uint32Array(0),
  rawEnd: new Uint32Array(0),
};

/** A batch without rows that carries warnings. */
export function warningBatch(...warnings: readonly string[]): SeriesBatch {
  return { ...noNumbers, count: 0, warnings };
}

/** The first `count` rows of a batch, by reference; warnings come along. */
export function firstRows(batch: SeriesBatch, count: number): SeriesBatch {
  return { ...batch, count, buffers: batch.buffers, warnings: batch.warnings };
}
