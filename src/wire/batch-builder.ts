import { assert } from "../lib/assert.ts";
import type { Labels } from "../model/labels.ts";
import { aggrChunkSize, writeAggrChunk } from "./aggr-chunk.ts";
import { Arena } from "./arena.ts";
import { BatchColumns, maxBuffers } from "./batch-columns.ts";
import { giveColumns, takeColumns } from "./columns-pool.ts";
import { writeWithLabels, writeWithoutLabels } from "./edit-wire-labels.ts";
import type { SeriesBatch } from "./series-batch.ts";
import { readAggrChunk, readSeries, readSeriesResponse } from "./series-cursor.ts";
import { labelsSize, writeLabels } from "./wire-labels.ts";

/** Stands where a builder's own columns were. */
const released = new BatchColumns(0, 0);

/** A chunk as a codec made it; `encoding` is StoreAPI's (XOR 0). The bytes are copied. */
export interface EncodedChunk {
  readonly minMs: number;
  readonly maxMs: number;
  readonly encoding: number;
  readonly data: Uint8Array;
}

/** Arrays of so many batches wait to be used again: as many as a stream has under way. */
const maxSpare = 8;

/**
 * Collects rows into batches: from StoreAPI messages, from rows of other batches, or from plain labels and chunks.
 * What it is given by reference (messages, buffers, batches' bytes) must stay as it is for as long as the batch is used.
 *
 *   add* append whole rows · append* open a row and add to the row opened last · take hands over
 */
export class BatchBuilder {
  #columns: BatchColumns;
  #spare: BatchColumns[] = [];
  #rows: number;
  readonly #target: { columns: BatchColumns; readonly arena: Arena };
  /** Bytes of messages and regions added since the last `take`. */
  sizeBytes = 0;

  constructor() {
    this.#rows = 64;
    this.#columns = takeColumns();
    this.#target = { columns: this.#columns, arena: new Arena() };
  }

  /** Rows so far. */
  get count(): number {
    return this.#columns.count;
  }

  get chunkCount(): number {
    return this.#columns.chunkCount;
  }

  /** Whether there is nothing to take: no row, no warning, no word on clusters. */
  get empty(): boolean {
    const { count, warnings, clusters } = this.#columns;
    return count === 0 && warnings.length === 0 && clusters === undefined;
  }

  /** Whether the batch must be taken before more is added: it names nearly as many buffers as it can. */
  get full(): boolean {
    return this.#columns.buffers.length >= maxBuffers - 512;
  }

  /**
   * Adds what one SeriesResponse message holds; hints of others are left out.
   * Throws GatewayError `internal` on broken bytes and adds nothing then.
   */
  add(message: Uint8Array): void {
    const columns = this.#columns;
    const { count, chunkCount } = columns;
    const warnings = columns.warnings.length;
    try {
      readSeriesResponse(this.#target, message);
    } catch (error) {
      this.#rollBack(count, chunkCount, warnings);
      throw error;
    }
    this.sizeBytes += message.length;
  }

  /** Adds the bare Series message in [start, end) of `bytes` as a row; fails as `add`. */
  addSeries(bytes: Uint8Array, start: number, end: number): void {
    const { count, chunkCount } = this.#columns;
    try {
      readSeries(this.#target, bytes, start, end);
    } catch (error) {
      this.#rollBack(count, chunkCount, this.#columns.warnings.length);
      throw error;
    }
    this.sizeBytes += end - start;
  }

  /** Adds row `row` of another batch with all its chunks, bytes shared. */
  addRowOf(batch: SeriesBatch, row: number): void {
    this.sizeBytes += this.#columns.addRowOf(batch, row);
  }

  addWarning(text: string): void {
    assert(this.#columns !== released, "a builder is used after its release");
    this.#columns.warnings.push(text);
  }

  /** Opens a row whose label region is [start, end) of `bytes`; shared, not copied. */
  appendRow(bytes: Uint8Array, start: number, end: number): void {
    this.#columns.addRow(bytes, start, end);
    this.sizeBytes += end - start;
  }

  /** Opens a row for a region without the labels of these names (UTF-8); copied. */
  appendRowWithout(bytes: Uint8Array, start: number, end: number, names: readonly Uint8Array[]): void {
    const { arena } = this.#target;
    const from = arena.take(end - start);
    const to = writeWithoutLabels(arena.buffer, from, { bytes, start, end }, names);
    arena.giveBack(from + end - start - to);
    this.appendRow(arena.buffer, from, to);
  }

  /** Opens a row for a region with the labels of region `labels` put in, which replace those of the same name; copied. */
  appendRowWith(bytes: Uint8Array, start: number, end: number, labels: Uint8Array): void {
    const { arena } = this.#target;
    const size = end - start + labels.length;
    const from = arena.take(size);
    const to = writeWithLabels(arena.buffer, from, { bytes, start, end }, labels);
    arena.giveBack(from + size - to);
    this.appendRow(arena.buffer, from, to);
  }

  /** Opens a row for plain labels, sorted by name. */
  appendLabels(labels: Labels): void {
    const { arena } = this.#target;
    const size = labelsSize(labels);
    const start = arena.take(size);
    writeLabels(arena.buffer, start, labels);
    this.appendRow(arena.buffer, start, start + size);
  }

  /** Adds chunk `chunk` of another batch to the row opened last; bytes shared. */
  appendChunkOf(batch: SeriesBatch, chunk: number): void {
    this.#columns.addChunkOf(batch, chunk);
    this.sizeBytes += (batch.chunkEnd[chunk] as number) - (batch.chunkStart[chunk] as number);
  }

  /** Adds a raw chunk to the row opened last, as an AggrChunk of its own. */
  appendChunk(chunk: EncodedChunk): void {
    const columns = this.#columns;
    assert(columns.count > 0, "a chunk needs an open row");
    const { arena } = this.#target;
    const size = aggrChunkSize(chunk);
    const start = arena.take(size);
    writeAggrChunk(arena.buffer, start, chunk);
    readAggrChunk(columns, arena.buffer, start, start + size);
    columns.chunkFrom[columns.count] = columns.chunkCount;
    this.sizeBytes += size;
  }

  /** Hands over what was collected and starts anew. The batch is not written to again, unless it is recycled. */
  take(): SeriesBatch {
    const batch = this.#columns;
    this.#rows = Math.max(16, Math.min(batch.count, 4096));
    this.#columns = this.#spare.pop() ?? this.#freshColumns(batch.chunkCount);
    this.#target.columns = this.#columns;
    this.sizeBytes = 0;
    return batch;
  }

  /** Takes back the arrays of a batch of this builder that nobody reads any more; other batches are ignored. */
  recycle(batch: SeriesBatch): void {
    if (!(batch instanceof BatchColumns) || batch === this.#columns) return;
    if (this.#spare.length >= maxSpare || this.#spare.includes(batch)) return;
    batch.clear();
    this.#spare.push(batch);
  }

  /** Gives all arrays back for other builders. This one must not be used after that, and its batches not be read. */
  release(): void {
    for (const columns of this.#spare.splice(0)) giveColumns(columns);
    if (this.#columns !== released) giveColumns(this.#columns);
    this.#columns = released;
    this.#target.columns = released;
  }

  #freshColumns(chunks: number): BatchColumns {
    assert(this.#columns !== released, "a builder is used after its release");
    return this.#rows <= 64 && chunks <= 128
      ? takeColumns()
      : new BatchColumns(this.#rows, Math.max(chunks, this.#rows));
  }

  #rollBack(count: number, chunkCount: number, warnings: number): void {
    const columns = this.#columns;
    columns.count = count;
    columns.chunkCount = chunkCount;
    columns.warnings.length = warnings;
  }
}

/** A builder without rows. */
export function createBatchBuilder(): BatchBuilder {
  return new BatchBuilder();
}
