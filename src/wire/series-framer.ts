import type { SeriesBatch } from "./series-batch.ts";
import {
  encodeRecordsFrame,
  encodeSeriesFrames,
  sizeOfSeriesRecords,
  writeSeriesRecords,
} from "./series-response.ts";

/**
 * Frames of as many series as the client asked for, also where they come in batches of another size:
 *
 *   batches in   aaaaa bbb ccccc       batchSize 4
 *   frames out   aaaa  abbb cccc  c    the last one when `flush` is called
 *
 * Rows that do not fill a frame are copied and held until others do. With a batch size of 0 or 1 nothing is ever held.
 */
export class SeriesFramer {
  readonly #batchSize: number;
  readonly #allocate: ((sizeBytes: number) => Uint8Array) | undefined;
  /** Records of rows for the frame that is not full yet, in the first `heldBytes`. */
  #held = new Uint8Array(0);
  #heldRows = 0;
  /** Bytes of rows that are held. */
  heldBytes = 0;
  /** Frames made so far. */
  frameCount = 0;

  /** `allocate` as in `encodeSeriesFrames`. */
  constructor(batchSize: number, allocate?: (sizeBytes: number) => Uint8Array) {
    this.#batchSize = Math.max(1, batchSize);
    this.#allocate = allocate;
  }

  /** The frames that leave with the rows of `batch`, in one piece, if any do; the batch is not needed afterwards. */
  push(batch: SeriesBatch): Uint8Array | undefined {
    const { count } = batch;
    const rows = this.#heldRows + count;
    const rest = rows % this.#batchSize;
    const leaving = rows === rest ? 0 : count - rest;
    const frames = leaving === 0 ? undefined : this.#encode(batch, leaving);
    if (leaving < count) this.#hold(batch, leaving);
    return frames;
  }

  /** The frame of what is held, if anything is: before a frame of another kind, and at the end. */
  flush(): Uint8Array | undefined {
    if (this.#heldRows === 0) return undefined;
    const frame = encodeRecordsFrame(this.#held.subarray(0, this.heldBytes), this.#allocate);
    this.frameCount++;
    this.#letGo();
    return frame;
  }

  #encode(batch: SeriesBatch, to: number): Uint8Array {
    const batchSize = this.#batchSize;
    const before = { records: this.#held.subarray(0, this.heldBytes), rows: this.#heldRows };
    this.frameCount += Math.ceil((before.rows + to) / batchSize);
    const frames = encodeSeriesFrames(batch, { from: 0, to, batchSize, before }, this.#allocate);
    this.#letGo();
    return frames;
  }

  #hold(batch: SeriesBatch, from: number): void {
    const size = this.heldBytes + sizeOfSeriesRecords(batch, from, batch.count);
    if (size > this.#held.length) {
      const larger = new Uint8Array(Math.max(1024, 2 * size));
      larger.set(this.#held.subarray(0, this.heldBytes));
      this.#held = larger;
    }
    this.heldBytes = writeSeriesRecords(this.#held, this.heldBytes, batch, from);
    this.#heldRows += batch.count - from;
  }

  #letGo(): void {
    this.#heldRows = 0;
    this.heldBytes = 0;
  }
}
