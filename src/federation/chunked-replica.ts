import type { TimeRange } from "../model/time-range.ts";
import { takeSamples } from "../wire/samples-pool.ts";
import type { SeriesBatch } from "../wire/series-batch.ts";
import type { ChunkReading } from "./aggregates.ts";
import { decodeChunk } from "./chunk-decoder.ts";
import { applyCounterResets, createCounterState, resetCounterState } from "./dedup/counter-resets.ts";
import { forgetNoReset, type Replica } from "./dedup/replica.ts";

/**
 * A replica over chunks of a batch, which are decoded one by one as they are needed and cut to the range that was asked
 * for. Overlaps of neighbouring chunks are left out by going on after the last time. Reused from series to series.
 *
 * Counters are read from their first chunk on, also where that begins before the range: their totals stand on it.
 */
export class ChunkedReplica implements Replica {
  readonly samples = takeSamples();
  at = 0;
  #batch: SeriesBatch | undefined;
  #chunks = new Int32Array(16);
  #count = 0;
  #next = 0;
  #lastMs = Number.NEGATIVE_INFINITY;
  readonly #range: TimeRange;
  readonly #reading: ChunkReading;
  readonly #counter = createCounterState();

  constructor(range: TimeRange, reading: ChunkReading) {
    this.#range = range;
    this.#reading = reading;
  }

  /** Begins with a series that lies in `batch`. */
  reset(batch: SeriesBatch): void {
    this.#batch = batch;
    this.#count = 0;
    this.#next = 0;
    this.#lastMs = Number.NEGATIVE_INFINITY;
    this.at = 0;
    this.samples.clear();
    if (this.#reading === "counter") resetCounterState(this.#counter);
  }

  addChunk(chunk: number): void {
    if (this.#count === this.#chunks.length) {
      const grown = new Int32Array(2 * this.#count);
      grown.set(this.#chunks);
      this.#chunks = grown;
    }
    this.#chunks[this.#count++] = chunk;
  }

  nextMinMs(): number {
    const { minMs, maxMs } = this.#range;
    if (this.#batch === undefined || this.#next >= this.#count) return Number.POSITIVE_INFINITY;
    const chunkMinMs = this.#batch.chunkMinMs[this.#chunks[this.#next] as number] as number;
    return chunkMinMs > maxMs ? Number.POSITIVE_INFINITY : Math.max(chunkMinMs, minMs);
  }

  fill(fromMs: number): boolean {
    const batch = this.#batch;
    if (batch === undefined) return false;
    const isCounter = this.#reading === "counter";
    const { minMs, maxMs } = this.#range;
    const neededMs = Math.max(fromMs, minMs);
    // Also a counter need not be read where nothing of it is wanted any more.
    if (this.#endsBefore(batch, neededMs)) this.#next = this.#count;
    while (this.#next < this.#count) {
      const chunk = this.#chunks[this.#next] as number;
      if ((batch.chunkMinMs[chunk] as number) > maxMs) break;
      this.#next++;
      if (!isCounter && (batch.chunkMaxMs[chunk] as number) < neededMs) continue;
      const from = this.samples.length;
      decodeChunk(batch, chunk, this.#reading, this.samples);
      if (isCounter) applyCounterResets(this.samples, from, this.#counter);
      else this.#dropOverlap(from);
      this.#clip(from);
      if (this.samples.length > from) return true;
    }
    this.#next = this.#count;
    return false;
  }

  /** Decodes all that is left. */
  fillAll(): void {
    while (this.fill(Number.NEGATIVE_INFINITY));
  }

  #endsBefore(batch: SeriesBatch, timeMs: number): boolean {
    if (this.#count === 0) return true;
    return (batch.chunkMaxMs[this.#chunks[this.#count - 1] as number] as number) < timeMs;
  }

  #dropOverlap(from: number): void {
    const { times, length } = this.samples;
    if (length === from) return;
    const lastMs = this.#lastMs;
    this.#lastMs = Math.max(lastMs, times[length - 1] as number);
    let first = from;
    while (first < length && (times[first] as number) <= lastMs) first++;
    if (first === from) return;
    this.samples.remove(from, first);
    // What it was compared with when the chunk was written is not what comes before it here.
    forgetNoReset(this.samples, from);
  }

  #clip(from: number): void {
    const { samples } = this;
    const { times } = samples;
    const { minMs, maxMs } = this.#range;
    let first = from;
    while (first < samples.length && (times[first] as number) < minMs) first++;
    samples.remove(from, first);
    let end = samples.length;
    while (end > from && (times[end - 1] as number) > maxMs) end--;
    samples.remove(end, samples.length);
  }
}
