import type { SeriesBatch } from "./series-batch.ts";

/** One row of a batch as a batch of its own, over bytes of its own. */
export function copyRow(batch: SeriesBatch, row: number): SeriesBatch {
  const from = batch.chunkFrom[row] as number;
  const to = batch.chunkFrom[row + 1] as number;
  const labelStart = batch.labelStart[row] as number;
  const labelEnd = batch.labelEnd[row] as number;
  let sizeBytes = labelEnd - labelStart;
  for (let chunk = from; chunk < to; chunk++) {
    sizeBytes += (batch.chunkEnd[chunk] as number) - (batch.chunkStart[chunk] as number);
  }
  const bytes = new Uint8Array(sizeBytes);
  const labels = batch.buffers[batch.labelBuffer[row] as number] as Uint8Array;
  bytes.set(labels.subarray(labelStart, labelEnd), 0);

  const chunkStart = new Uint32Array(to - from);
  const chunkEnd = new Uint32Array(to - from);
  const rawStart = new Uint32Array(to - from);
  const rawEnd = new Uint32Array(to - from);
  let at = labelEnd - labelStart;
  for (let chunk = from; chunk < to; chunk++) {
    const start = batch.chunkStart[chunk] as number;
    const end = batch.chunkEnd[chunk] as number;
    const source = batch.buffers[batch.chunkBuffer[chunk] as number] as Uint8Array;
    bytes.set(source.subarray(start, end), at);
    chunkStart[chunk - from] = at;
    chunkEnd[chunk - from] = at + end - start;
    rawStart[chunk - from] = at + (batch.rawStart[chunk] as number) - start;
    rawEnd[chunk - from] = at + (batch.rawEnd[chunk] as number) - start;
    at += end - start;
  }
  return {
    count: 1,
    buffers: [bytes],
    labelBuffer: Uint16Array.of(0),
    labelStart: Uint32Array.of(0),
    labelEnd: Uint32Array.of(labelEnd - labelStart),
    chunkFrom: Uint32Array.of(0, to - from),
    chunkBuffer: new Uint16Array(to - from),
    chunkMinMs: batch.chunkMinMs.slice(from, to),
    chunkMaxMs: batch.chunkMaxMs.slice(from, to),
    chunkStart,
    chunkEnd,
    rawEncoding: batch.rawEncoding.slice(from, to),
    rawStart,
    rawEnd,
    warnings: [],
  };
}
