import { BatchBuilder } from "../wire/batch-builder.ts";
import { compareWireLabels } from "../wire/compare-wire-labels.ts";
import { copyRow } from "../wire/copy-row.ts";
import type { SeriesBatch } from "../wire/series-batch.ts";
import { warningBatch } from "../wire/warning-batch.ts";
import type { MemoryAccount } from "./store.ts";

export interface SortedRowsOptions {
  readonly memory: MemoryAccount;
  /** New label region of a row; a part of `bytes` or bytes of its own. */
  relabel(bytes: Uint8Array, end: number): Uint8Array;
}

/** A row on its own, and its new labels. */
interface HeldRow {
  readonly row: SeriesBatch;
  readonly labels: Uint8Array;
}

const rowOverheadBytes = 512;
const rowsPerBatch = 128;

/**
 * Changes the labels of all rows and sorts them anew. The whole answer is held for that, counted, before its first row
 * goes out; warnings go out at once.
 */
export async function* sortedRows(
  batches: AsyncIterable<SeriesBatch>,
  { memory, relabel }: SortedRowsOptions,
): AsyncGenerator<SeriesBatch, void, undefined> {
  const held: HeldRow[] = [];
  let heldBytes = 0;
  try {
    for await (const batch of batches) {
      if (batch.warnings.length > 0) yield warningBatch(...batch.warnings);
      for (let row = 0; row < batch.count; row++) {
        const copy = copyRow(batch, row);
        const bytes = copy.buffers[0] ?? new Uint8Array(0);
        const sizeBytes = bytes.byteLength + rowOverheadBytes;
        memory.take(sizeBytes);
        heldBytes += sizeBytes;
        held.push({ row: copy, labels: relabel(bytes, copy.labelEnd[0] ?? 0) });
      }
    }
    held.sort((a, b) => compareWireLabels(a.labels, 0, a.labels.length, b.labels, 0, b.labels.length));
    const builder = new BatchBuilder();
    for (const { row, labels } of held) {
      builder.appendRow(labels, 0, labels.length);
      const chunks = row.chunkFrom[1] ?? 0;
      for (let chunk = 0; chunk < chunks; chunk++) builder.appendChunkOf(row, chunk);
      if (builder.count >= rowsPerBatch) yield builder.take();
    }
    if (!builder.empty) yield builder.take();
  } finally {
    memory.give(heldBytes);
  }
}
