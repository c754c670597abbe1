import { type ByteRange, compareRanges, equalRanges } from "../lib/byte-ranges.ts";
import { AggrChunkReader } from "../wire/aggr-chunk.ts";
import type { BatchBuilder } from "../wire/batch-builder.ts";
import { noChunk, type SeriesBatch } from "../wire/series-batch.ts";

/**
 * Puts the chunks of rows with equal labels into one row: copies of a chunk are dropped, the others are ordered by
 * Thanos's rule (responseDeduplicator): first time, last time, then encoding, then the larger data first.
 *
 *   rows of one group   [0–9][10–19]   [0–9][12–21]        chunks of two sources
 *   one row             [0–9][10–19][12–21]
 *
 * Copies are told by their data, never by their times. Where chunks carry aggregates, a copy is one whose first
 * aggregate that is not known yet does not exist: with n aggregates up to n copies stay, as upstream keeps them.
 */
export class ChunkMerge {
  /** The first `#count` entries count, and of `#order` the first `#kept`: what is reused is not made anew for each row. */
  readonly #batches: (SeriesBatch | undefined)[] = [];
  #chunks = new Int32Array(64);
  #order = new Int32Array(64);
  #count = 0;
  #kept = 0;
  /** Whether the chunks so far are in ascending order of their first times, so that nothing is to be sorted or dropped. */
  #ascending = true;
  #lastMinMs = Number.NEGATIVE_INFINITY;
  #hasAggregates = false;

  clear(): void {
    for (let i = 0; i < this.#count; i++) this.#batches[i] = undefined;
    this.#count = 0;
    this.#kept = 0;
    this.#ascending = true;
    this.#lastMinMs = Number.NEGATIVE_INFINITY;
    this.#hasAggregates = false;
  }

  /** Adds the chunks of a row; its batch must stay valid until `writeTo`. */
  addRow(batch: SeriesBatch, row: number): void {
    const to = batch.chunkFrom[row + 1] as number;
    for (let chunk = batch.chunkFrom[row] as number; chunk < to; chunk++) {
      const minMs = batch.chunkMinMs[chunk] as number;
      if (minMs <= this.#lastMinMs) this.#ascending = false;
      this.#lastMinMs = minMs;
      if (batch.rawEncoding[chunk] === noChunk) this.#hasAggregates = true;
      if (this.#count === this.#chunks.length) this.#grow();
      this.#batches[this.#count] = batch;
      this.#chunks[this.#count] = chunk;
      this.#order[this.#kept++] = this.#count++;
    }
  }

  /** Appends the merged chunks to the row that was opened last. */
  writeTo(builder: BatchBuilder): void {
    if (!this.#ascending) this.#sortAndDrop();
    for (let i = 0; i < this.#kept; i++) {
      const at = this.#order[i] as number;
      builder.appendChunkOf(this.#batches[at] as SeriesBatch, this.#chunks[at] as number);
    }
  }

  #grow(): void {
    const chunks = new Int32Array(this.#chunks.length * 2);
    const order = new Int32Array(this.#chunks.length * 2);
    chunks.set(this.#chunks);
    order.set(this.#order);
    this.#chunks = chunks;
    this.#order = order;
  }

  #sortAndDrop(): void {
    if (this.#hasAggregates) {
      this.#dropKnownAggregates();
      sortOrder(this.#order, this.#kept, this.#compareAggregates);
      return;
    }
    const order = this.#order;
    sortOrder(order, this.#kept, this.#compareRaw);
    let kept = 0;
    for (let i = 0; i < this.#kept; i++) {
      const at = order[i] as number;
      if (kept === 0 || this.#compareRaw(order[kept - 1] as number, at) !== 0) order[kept++] = at;
    }
    this.#kept = kept;
  }

  /** Leaves out chunks all of whose aggregates were met before. */
  #dropKnownAggregates(): void {
    const known = new Map<number, ByteRange[]>();
    let kept = 0;
    for (let i = 0; i < this.#kept; i++) {
      const at = this.#order[i] as number;
      const bytes = readAggregates(leftReader, this.#batches[at] as SeriesBatch, this.#chunks[at] as number);
      const isNew = identityOrder.some(
        (kind) => leftReader.encoding[kind] !== noChunk && addNew(known, rangeOf(leftReader, bytes, kind)),
      );
      if (isNew) this.#order[kept++] = at;
    }
    this.#kept = kept;
  }

  #compareTimes(a: number, b: number): number {
    const x = this.#batches[a] as SeriesBatch;
    const y = this.#batches[b] as SeriesBatch;
    const i = this.#chunks[a] as number;
    const j = this.#chunks[b] as number;
    const byMin = (x.chunkMinMs[i] as number) - (y.chunkMinMs[j] as number);
    return byMin !== 0 ? byMin : (x.chunkMaxMs[i] as number) - (y.chunkMaxMs[j] as number);
  }

  readonly #compareRaw = (a: number, b: number): number => {
    const byTime = this.#compareTimes(a, b);
    if (byTime !== 0) return byTime;
    const x = this.#batches[a] as SeriesBatch;
    const y = this.#batches[b] as SeriesBatch;
    const i = this.#chunks[a] as number;
    const j = this.#chunks[b] as number;
    const byEncoding = (x.rawEncoding[i] as number) - (y.rawEncoding[j] as number);
    if (byEncoding !== 0) return byEncoding;
    return compareRanges(
      { bytes: chunkBytes(y, j), start: y.rawStart[j] as number, end: y.rawEnd[j] as number },
      { bytes: chunkBytes(x, i), start: x.rawStart[i] as number, end: x.rawEnd[i] as number },
    );
  };

  readonly #compareAggregates = (a: number, b: number): number => {
    const byTime = this.#compareTimes(a, b);
    if (byTime !== 0) return byTime;
    const left = readAggregates(leftReader, this.#batches[a] as SeriesBatch, this.#chunks[a] as number);
    const right = readAggregates(rightReader, this.#batches[b] as SeriesBatch, this.#chunks[b] as number);
    for (let kind = 0; kind < kindCount; kind++) {
      const x = leftReader.encoding[kind] as number;
      const y = rightReader.encoding[kind] as number;
      if (x !== y) return x === noChunk ? 1 : y === noChunk ? -1 : x - y;
      if (x === noChunk) continue;
      const byData = compareRanges(rangeOf(rightReader, right, kind), rangeOf(leftReader, left, kind));
      if (byData !== 0) return byData;
    }
    return 0;
  };
}

const kindCount = 6;
/** Raw, count, max, min, sum, counter: the order in which upstream looks at them, as indexes of `chunkKinds`. */
const identityOrder = [0, 1, 4, 3, 2, 5];
const leftReader = new AggrChunkReader();
const rightReader = new AggrChunkReader();

function chunkBytes(batch: SeriesBatch, chunk: number): Uint8Array {
  return batch.buffers[batch.chunkBuffer[chunk] as number] as Uint8Array;
}

function readAggregates(reader: AggrChunkReader, batch: SeriesBatch, chunk: number): Uint8Array {
  const bytes = chunkBytes(batch, chunk);
  reader.read(bytes, batch.chunkStart[chunk] as number, batch.chunkEnd[chunk] as number);
  return bytes;
}

function rangeOf(reader: AggrChunkReader, bytes: Uint8Array, kind: number): ByteRange {
  return { bytes, start: reader.start[kind] as number, end: reader.end[kind] as number };
}

/** Notes a range; false where one with the same bytes is known. */
function addNew(known: Map<number, ByteRange[]>, range: ByteRange): boolean {
  const size = range.end - range.start;
  const sameSize = known.get(size);
  if (sameSize === undefined) known.set(size, [range]);
  else if (sameSize.some((other) => equalRanges(other, range))) return false;
  else sameSize.push(range);
  return true;
}

/** Sorts the first `count`, stable; insertion for the few chunks that rows have, which come in sorted pieces. */
function sortOrder(order: Int32Array, count: number, compare: (a: number, b: number) => number): void {
  if (count > 64) {
    order.subarray(0, count).sort(compare);
    return;
  }
  for (let i = 1; i < count; i++) {
    const moved = order[i] as number;
    let j = i - 1;
    while (j >= 0 && compare(order[j] as number, moved) > 0) {
      order[j + 1] = order[j] as number;
      j--;
    }
    order[j + 1] = moved;
  }
}
