import { BatchColumns } from "./batch-columns.ts";
import { freshBytes } from "./byte-slab.ts";
import { copyBytes } from "./copy-bytes.ts";
import type { SeriesBatch } from "./series-batch.ts";

/** One row of a batch as a batch of its own, over bytes of its own; in `into`, which must be empty, where it is given. */
export function copyRow(batch: SeriesBatch, row: number, into?: BatchColumns): BatchColumns {
  const from = batch.chunkFrom[row] as number;
  const to = batch.chunkFrom[row + 1] as number;
  const labelStart = batch.labelStart[row] as number;
  const labelsSize = (batch.labelEnd[row] as number) - labelStart;
  let sizeBytes = labelsSize;
  for (let chunk = from; chunk < to; chunk++) {
    sizeBytes += (batch.chunkEnd[chunk] as number) - (batch.chunkStart[chunk] as number);
  }
  const bytes = into === undefined ? new Uint8Array(sizeBytes) : freshBytes(sizeBytes);
  const labels = batch.buffers[batch.labelBuffer[row] as number] as Uint8Array;
  copyBytes(bytes, 0, labels, labelStart, labelStart + labelsSize);
  const copy = into ?? new BatchColumns(1, to - from);
  copy.addRow(bytes, 0, labelsSize);
  let at = labelsSize;
  for (let chunk = from; chunk < to; chunk++) {
    const start = batch.chunkStart[chunk] as number;
    const source = batch.buffers[batch.chunkBuffer[chunk] as number] as Uint8Array;
    const end = copyBytes(bytes, at, source, start, batch.chunkEnd[chunk] as number);
    const added = copy.addChunk(bytes, at, end);
    copy.chunkMinMs[added] = batch.chunkMinMs[chunk] as number;
    copy.chunkMaxMs[added] = batch.chunkMaxMs[chunk] as number;
    copy.rawEncoding[added] = batch.rawEncoding[chunk] as number;
    copy.rawStart[added] = at + (batch.rawStart[chunk] as number) - start;
    copy.rawEnd[added] = at + (batch.rawEnd[chunk] as number) - start;
    at = end;
  }
  copy.chunkFrom[1] = copy.chunkCount;
  return copy;
}
