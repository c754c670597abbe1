import type { SeriesBatch } from "../wire/series-batch.ts";

const noBytes = new Uint8Array(0);

/**
 * Walks the rows of one stream of batches. The label region of the current row stands in fields, as comparing is the
 * hot part.
 *
 *   refill ─► row … row ─► used up ─► refill ─► … ─► ended
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

  constructor(batches: AsyncIterable<SeriesBatch>) {
    this.#batches = batches[Symbol.asyncIterator]();
  }

  /** Asks for the next batch that has rows; the one in hand is gone then. Throws what the stream throws. */
  async refill(onBatch: (batch: SeriesBatch) => void): Promise<void> {
    this.#letGo();
    for (;;) {
      const next = await this.#batches.next();
      if (next.done === true) {
        this.ended = true;
        return;
      }
      const batch = next.value;
      onBatch(batch);
      if (batch.count === 0) continue;
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
    this.batch = undefined;
    this.bytes = noBytes;
    this.start = 0;
    this.end = 0;
  }
}
