import { assert } from "../lib/assert.ts";
import type { ClusterOutcome } from "../model/completeness.ts";
import { noChunk, type SeriesBatch } from "./series-batch.ts";

/** Buffers that one batch can name. */
export const maxBuffers = 0xffff;

const fewBuffers = 8;

/** A SeriesBatch that grows: the columns of rows and chunks, filled by a builder. */
export class BatchColumns implements SeriesBatch {
  count = 0;
  chunkCount = 0;
  buffers: Uint8Array[] = [];
  warnings: string[] = [];
  clusters: readonly ClusterOutcome[] | undefined;
  labelBuffer: Uint16Array;
  labelStart: Uint32Array;
  labelEnd: Uint32Array;
  chunkFrom: Uint32Array;
  chunkBuffer: Uint16Array;
  chunkMinMs: Float64Array;
  chunkMaxMs: Float64Array;
  chunkStart: Uint32Array;
  chunkEnd: Uint32Array;
  rawEncoding: Uint8Array;
  rawStart: Uint32Array;
  rawEnd: Uint32Array;
  /** `undefined` while there are few. */
  #indexes: Map<Uint8Array, number> | undefined;
  #lastBuffer: Uint8Array | undefined;
  #lastIndex = 0;

  constructor(rows: number, chunks: number) {
    // One piece of memory for all columns: most batches of small queries never grow, and twelve pieces cost twelve times.
    const memory = new ArrayBuffer(14 * rows + 35 * chunks + 100);
    let at = 0;
    const take = (sizeBytes: number) => {
      const start = at;
      at += (sizeBytes + 7) & ~7;
      return start;
    };
    this.chunkMinMs = new Float64Array(memory, take(8 * chunks), chunks);
    this.chunkMaxMs = new Float64Array(memory, take(8 * chunks), chunks);
    this.labelStart = new Uint32Array(memory, take(4 * rows), rows);
    this.labelEnd = new Uint32Array(memory, take(4 * rows), rows);
    this.chunkFrom = new Uint32Array(memory, take(4 * (rows + 1)), rows + 1);
    this.chunkStart = new Uint32Array(memory, take(4 * chunks), chunks);
    this.chunkEnd = new Uint32Array(memory, take(4 * chunks), chunks);
    this.rawStart = new Uint32Array(memory, take(4 * chunks), chunks);
    this.rawEnd = new Uint32Array(memory, take(4 * chunks), chunks);
    this.labelBuffer = new Uint16Array(memory, take(2 * rows), rows);
    this.chunkBuffer = new Uint16Array(memory, take(2 * chunks), chunks);
    this.rawEncoding = new Uint8Array(memory, take(chunks), chunks);
  }

  /** Number of a buffer in this batch, added where it is new. */
  indexOf(buffer: Uint8Array): number {
    if (buffer === this.#lastBuffer) return this.#lastIndex;
    let index = this.#known(buffer);
    if (index === undefined) {
      index = this.buffers.length;
      assert(index < maxBuffers, `a batch names at most ${maxBuffers} buffers`);
      this.buffers.push(buffer);
      if (index >= fewBuffers) this.#note(buffer, index);
    }
    this.#lastBuffer = buffer;
    this.#lastIndex = index;
    return index;
  }

  /** A few buffers are looked through; the first ones are noted once there are more. */
  #known(buffer: Uint8Array): number | undefined {
    if (this.buffers.length > fewBuffers) return this.#indexes?.get(buffer);
    const index = this.buffers.indexOf(buffer);
    return index < 0 ? undefined : index;
  }

  #note(buffer: Uint8Array, index: number): void {
    if (index === fewBuffers) this.#indexes = new Map(this.buffers.map((known, at) => [known, at]));
    else this.#indexes?.set(buffer, index);
  }

  /** Opens a row; chunks added from here on are its chunks until the next row. */
  addRow(buffer: Uint8Array, start: number, end: number): void {
    const row = this.count;
    if (row === this.labelStart.length) this.#growRows();
    this.labelBuffer[row] = this.indexOf(buffer);
    this.labelStart[row] = start;
    this.labelEnd[row] = end;
    this.count = row + 1;
    this.chunkFrom[row + 1] = this.chunkCount;
  }

  /** Adds a chunk without times and data, to the row that was opened last or will be opened next; returns its number. */
  addChunk(buffer: Uint8Array, start: number, end: number): number {
    const chunk = this.chunkCount;
    if (chunk === this.chunkStart.length) this.#growChunks();
    this.chunkBuffer[chunk] = this.indexOf(buffer);
    this.chunkStart[chunk] = start;
    this.chunkEnd[chunk] = end;
    this.chunkMinMs[chunk] = 0;
    this.chunkMaxMs[chunk] = 0;
    this.rawEncoding[chunk] = noChunk;
    this.rawStart[chunk] = 0;
    this.rawEnd[chunk] = 0;
    this.chunkCount = chunk + 1;
    return chunk;
  }

  /** Adds chunk `from` of another batch to the last row; its bytes are shared. */
  addChunkOf(batch: SeriesBatch, from: number): void {
    const buffer = batch.buffers[batch.chunkBuffer[from] as number] as Uint8Array;
    const chunk = this.addChunk(buffer, batch.chunkStart[from] as number, batch.chunkEnd[from] as number);
    this.chunkMinMs[chunk] = batch.chunkMinMs[from] as number;
    this.chunkMaxMs[chunk] = batch.chunkMaxMs[from] as number;
    this.rawEncoding[chunk] = batch.rawEncoding[from] as number;
    this.rawStart[chunk] = batch.rawStart[from] as number;
    this.rawEnd[chunk] = batch.rawEnd[from] as number;
    this.chunkFrom[this.count] = this.chunkCount;
  }

  /** Adds row `row` of another batch with all its chunks, bytes shared; returns the bytes of labels and chunks. */
  addRowOf(batch: SeriesBatch, row: number): number {
    const labelStart = batch.labelStart[row] as number;
    const labelEnd = batch.labelEnd[row] as number;
    this.addRow(batch.buffers[batch.labelBuffer[row] as number] as Uint8Array, labelStart, labelEnd);
    const from = batch.chunkFrom[row] as number;
    const to = batch.chunkFrom[row + 1] as number;
    let chunk = this.chunkCount;
    while (chunk + to - from > this.chunkStart.length) this.#growChunks();
    // Hoisted: this loop runs for every chunk that is passed on.
    const { chunkBuffer, chunkMinMs, chunkMaxMs, chunkStart, chunkEnd, rawEncoding, rawStart, rawEnd } = this;
    const { chunkBuffer: theirBuffer, chunkMinMs: theirMinMs, chunkMaxMs: theirMaxMs } = batch;
    const { chunkStart: theirStart, chunkEnd: theirEnd } = batch;
    const { rawEncoding: theirEncoding, rawStart: theirRawStart, rawEnd: theirRawEnd } = batch;
    let sizeBytes = labelEnd - labelStart;
    let known = -1;
    let index = 0;
    for (let i = from; i < to; i++, chunk++) {
      const buffer = theirBuffer[i] as number;
      if (buffer !== known) {
        index = this.indexOf(batch.buffers[buffer] as Uint8Array);
        known = buffer;
      }
      const start = theirStart[i] as number;
      const end = theirEnd[i] as number;
      sizeBytes += end - start;
      chunkBuffer[chunk] = index;
      chunkMinMs[chunk] = theirMinMs[i] as number;
      chunkMaxMs[chunk] = theirMaxMs[i] as number;
      chunkStart[chunk] = start;
      chunkEnd[chunk] = end;
      rawEncoding[chunk] = theirEncoding[i] as number;
      rawStart[chunk] = theirRawStart[i] as number;
      rawEnd[chunk] = theirRawEnd[i] as number;
    }
    this.chunkCount = chunk;
    this.chunkFrom[this.count] = chunk;
    return sizeBytes;
  }

  /** Forgets all rows, chunks, warnings and buffers; keeps the arrays. */
  clear(): void {
    this.count = 0;
    this.chunkCount = 0;
    this.buffers = [];
    this.warnings = [];
    this.clusters = undefined;
    this.#indexes = undefined;
    this.#lastBuffer = undefined;
  }

  #growRows(): void {
    const rows = Math.max(16, this.labelStart.length * 2);
    this.labelBuffer = grown(this.labelBuffer, new Uint16Array(rows));
    this.labelStart = grown(this.labelStart, new Uint32Array(rows));
    this.labelEnd = grown(this.labelEnd, new Uint32Array(rows));
    this.chunkFrom = grown(this.chunkFrom, new Uint32Array(rows + 1));
  }

  #growChunks(): void {
    const chunks = Math.max(16, this.chunkStart.length * 2);
    this.chunkBuffer = grown(this.chunkBuffer, new Uint16Array(chunks));
    this.chunkMinMs = grown(this.chunkMinMs, new Float64Array(chunks));
    this.chunkMaxMs = grown(this.chunkMaxMs, new Float64Array(chunks));
    this.chunkStart = grown(this.chunkStart, new Uint32Array(chunks));
    this.chunkEnd = grown(this.chunkEnd, new Uint32Array(chunks));
    this.rawEncoding = grown(this.rawEncoding, new Uint8Array(chunks));
    this.rawStart = grown(this.rawStart, new Uint32Array(chunks));
    this.rawEnd = grown(this.rawEnd, new Uint32Array(chunks));
  }
}

function grown<T extends { set(from: T): void }>(old: T, larger: T): T {
  larger.set(old);
  return larger;
}
