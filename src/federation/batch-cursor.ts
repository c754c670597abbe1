import type { MemoryAccount } from "../store/store.ts";
import type { SeriesBatch } from "../wire/series-batch.ts";

const noBytes = new Uint8Array(0);

/**
 * Walks the rows of one stream of batches. The label region of the current row stands in fields, as comparing is the
 * hot part.
 *
 *   refill ─► row … row ─► used up ─► refill ─► … ─► ended
 *
 * Bytes of the batch in hand are counted.
 */
export class BatchCursor {
  /** Batch in hand; `undefined` before the first and after the last one. */
  batch: SeriesBatch | undefined;
  row = 0;
  bytes: Uint8Array = noBytes;
  start = 0;
  end = 0;
  ended = false;
  readonly #batches: AsyncIterator<SeriesBatch, unknown>;
  readonly #memory: MemoryAccount;
  #heldBytes = 0;

  constructor(batches: AsyncIterable<SeriesBatch>, memory: MemoryAccount) {
    this.#batches = batches[Symbol.asyncIterator]();
    this.#memory = memory;
  }

  /** Asks for the next batch that has rows; the one in hand is gone then. Throws what the stream throws. */
  async refill(onWarnings: (warnings: readonly string[]) => void): Promise<void> {
    this.#letGo();
    for (;;) {
      const next = await this.#batches.next();
      if (next.done === true) {
        this.ended = true;
        return;
      }
      const batch = next.value;
      if (batch.warnings.length > 0) onWarnings(batch.warnings);
      if (batch.count === 0) continue;
      const sizeBytes = batchSizeBytes(batch);
      this.#memory.take(sizeBytes);
      this.#heldBytes = sizeBytes;
      this.batch = batch;
      this.#point(batch, 0);
      return;
    }
  }

  /** Moves to the next row; false where the batch is used up. */
  advance(): boolean {
    const { batch } = this;
    const row = this.row + 1;
    if (batch === undefined || row >= batch.count) return false;
    this.#point(batch, row);
    return true;
  }

  /** Ends the stream. One that is silent must have been aborted before. */
  async close(): Promise<void> {
    this.#letGo();
    this.ended = true;
    await this.#batches.return?.();
  }

  #point(batch: SeriesBatch, row: number): void {
    this.row = row;
    this.bytes = batch.buffers[batch.labelBuffer[row] as number] as Uint8Array;
    this.start = batch.labelStart[row] as number;
    this.end = batch.labelEnd[row] as number;
  }

  #letGo(): void {
    this.#memory.give(this.#heldBytes);
    this.#heldBytes = 0;
    this.batch = undefined;
    this.bytes = noBytes;
    this.start = 0;
    this.end = 0;
  }
}

/** Bytes that a batch keeps from being freed: its buffers and about as much as its columns take. */
function batchSizeBytes(batch: SeriesBatch): number {
  let size = batch.count * 18 + (batch.chunkFrom[batch.count] ?? 0) * 35;
  for (const buffer of batch.buffers) size += buffer.byteLength;
  return size;
}
