import type { BatchBuilder } from "../wire/batch-builder.ts";
import type { BatchColumns } from "../wire/batch-columns.ts";
import { giveColumns, takeColumns } from "../wire/columns-pool.ts";
import { equalWireLabels } from "../wire/compare-wire-labels.ts";
import { copyRow } from "../wire/copy-row.ts";
import type { SeriesBatch } from "../wire/series-batch.ts";
import { ChunkMerge } from "./chunk-merge.ts";

/** Rows of equal labels, in the order in which a merge met them, on their way to be one row. */
export class SeriesGroup {
  /** The first `#count` entries count: arrays that are emptied and filled again would be made anew each time. */
  readonly #batches: (SeriesBatch | undefined)[] = [];
  readonly #rows: number[] = [];
  #count = 0;
  /** Those of the batches that are this group's own. */
  readonly #copies: BatchColumns[] = [];
  readonly #chunks = new ChunkMerge();

  get empty(): boolean {
    return this.#count === 0;
  }

  /** Whether the group is empty or its labels are these. */
  accepts(bytes: Uint8Array, start: number, end: number): boolean {
    const batch = this.#batches[0];
    if (batch === undefined) return true;
    const row = this.#rows[0] as number;
    return equalWireLabels(
      batch.buffers[batch.labelBuffer[row] as number] as Uint8Array,
      batch.labelStart[row] as number,
      batch.labelEnd[row] as number,
      bytes,
      start,
      end,
    );
  }

  add(batch: SeriesBatch, row: number): void {
    this.#batches[this.#count] = batch;
    this.#rows[this.#count] = row;
    this.#count++;
  }

  /** Copies what lies in a batch that is about to go. */
  keep(batch: SeriesBatch): void {
    for (let i = 0; i < this.#count; i++) {
      if (this.#batches[i] !== batch) continue;
      const copy = copyRow(batch, this.#rows[i] as number, takeColumns());
      this.#copies.push(copy);
      this.#batches[i] = copy;
      this.#rows[i] = 0;
    }
  }

  /** Writes the group as one row and empties it; a single row whose chunks are in order goes by reference. */
  writeTo(builder: BatchBuilder): void {
    const batch = this.#batches[0];
    if (batch === undefined) return;
    const row = this.#rows[0] as number;
    if (this.#count === 1 && hasAscendingChunks(batch, row)) builder.addRowOf(batch, row);
    else {
      const bytes = batch.buffers[batch.labelBuffer[row] as number] as Uint8Array;
      builder.appendRow(bytes, batch.labelStart[row] as number, batch.labelEnd[row] as number);
      const chunks = this.#chunks;
      for (let i = 0; i < this.#count; i++) {
        chunks.addRow(this.#batches[i] as SeriesBatch, this.#rows[i] as number);
      }
      chunks.writeTo(builder);
      chunks.clear();
    }
    for (let i = 0; i < this.#count; i++) this.#batches[i] = undefined;
    this.#count = 0;
    for (let copy = this.#copies.pop(); copy !== undefined; copy = this.#copies.pop()) giveColumns(copy);
  }
}

function hasAscendingChunks(batch: SeriesBatch, row: number): boolean {
  const { chunkMinMs } = batch;
  const to = batch.chunkFrom[row + 1] as number;
  for (let chunk = (batch.chunkFrom[row] as number) + 1; chunk < to; chunk++) {
    if ((chunkMinMs[chunk] as number) <= (chunkMinMs[chunk - 1] as number)) return false;
  }
  return true;
}
