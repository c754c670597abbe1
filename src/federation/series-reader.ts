import type { TimeRange } from "../model/time-range.ts";
import type { SampleColumn } from "../store/samples.ts";
import { isStale, type SampleBuffer } from "../wire/sample-buffer.ts";
import { giveSamples, takeSamples } from "../wire/samples-pool.ts";
import type { SeriesBatch } from "../wire/series-batch.ts";
import { createSeriesLabels, type WireSeriesLabels } from "../wire/wire-labels.ts";
import type { ChunkReading } from "./aggregates.ts";
import { ChunkedReplica } from "./chunked-replica.ts";
import { chainReplicas } from "./dedup/chain.ts";
import { foldCounters } from "./dedup/counter-fold.ts";
import { splitOverlaps } from "./dedup/overlap-split.ts";
import { mergeCounterPenalty, mergePenalty } from "./dedup/penalty.ts";
import { type Replica, replicaOf } from "./dedup/replica.ts";

/** `none` reads all chunks of a series one after the other. */
export type DedupAlgorithm = "none" | "penalty" | "chain";

export interface SeriesReaderOptions {
  readonly range: TimeRange;
  readonly reading: ChunkReading;
  readonly algorithm: DedupAlgorithm;
  /** Whether replicas of a counter are lifted where dedup switches. */
  readonly adjustsCounters: boolean;
}

/**
 * Rows of batches as columns of samples: chunks → replicas without overlaps → decoded → one of them kept at a time →
 * cut to the range. Works in buffers that are reused; a column is valid until the next row is read.
 */
export class SeriesReader {
  readonly #options: SeriesReaderOptions;
  readonly #replicas: ChunkedReplica[] = [];
  readonly #labels: WireSeriesLabels = createSeriesLabels();
  #replicaOf = new Int32Array(16);
  #merged = takeSamples();
  #scratch = takeSamples();

  constructor(options: SeriesReaderOptions) {
    this.#options = options;
  }

  /** The samples of a row; `undefined` where it has none in the range. */
  read(batch: SeriesBatch, row: number): SampleColumn | undefined {
    const samples = this.#samplesOf(batch, row);
    if (samples.length === 0) return undefined;
    const bytes = batch.buffers[batch.labelBuffer[row] as number] as Uint8Array;
    this.#labels.reset(bytes, batch.labelStart[row] as number, batch.labelEnd[row] as number);
    return {
      labels: this.#labels,
      length: samples.length,
      timesMs: samples.times,
      values: samples.values,
      words: samples.words,
      histograms: samples.histograms,
      startTimesMs: undefined,
      // Counters lose their markers when they are made totals.
      hasStale: samples.hasStale && this.#options.reading !== "counter",
    };
  }

  /** Gives the buffers back. Neither this reader nor its last column may be used after that. */
  release(): void {
    giveSamples(this.#merged);
    giveSamples(this.#scratch);
    for (const replica of this.#replicas) giveSamples(replica.samples);
    this.#replicas.length = 0;
  }

  /** Bytes of the buffers. */
  get sizeBytes(): number {
    let sizeBytes = this.#merged.sizeBytes + this.#scratch.sizeBytes;
    for (const replica of this.#replicas) sizeBytes += replica.samples.sizeBytes;
    return sizeBytes;
  }

  #samplesOf(batch: SeriesBatch, row: number): SampleBuffer {
    const count = this.#deal(batch, row);
    const first = this.#replicas[0];
    if (count === 0 || first === undefined) {
      this.#merged.clear();
      return this.#merged;
    }
    if (count === 1) {
      first.fillAll();
      return first.samples;
    }
    const replicas = this.#replicas.slice(0, count);
    const { algorithm, adjustsCounters } = this.#options;
    this.#merged.clear();
    if (algorithm === "chain") chainReplicas(replicas, this.#merged);
    else if (adjustsCounters) this.#mergeCounters(replicas);
    else this.#fold(replicas);
    this.#markStale(replicas);
    return this.#merged;
  }

  /** Gives the row's chunks to replicas; returns how many of these there are. */
  #deal(batch: SeriesBatch, row: number): number {
    const from = batch.chunkFrom[row] as number;
    const to = batch.chunkFrom[row + 1] as number;
    if (from === to) return 0;
    if (this.#options.algorithm === "none") {
      const replica = this.#replicaAt(0, batch);
      for (let chunk = from; chunk < to; chunk++) replica.addChunk(chunk);
      return 1;
    }
    if (to - from > this.#replicaOf.length) this.#replicaOf = new Int32Array(2 * (to - from));
    const count = splitOverlaps(batch.chunkMinMs, batch.chunkMaxMs, { from, to }, this.#replicaOf);
    for (let i = 0; i < count; i++) this.#replicaAt(i, batch);
    for (let chunk = from; chunk < to; chunk++) {
      const replica = this.#replicas[this.#replicaOf[chunk - from] as number] as ChunkedReplica;
      replica.addChunk(chunk);
    }
    return count;
  }

  #replicaAt(index: number, batch: SeriesBatch): ChunkedReplica {
    let replica = this.#replicas[index];
    if (replica === undefined) {
      replica = new ChunkedReplica(this.#options.range, this.#options.reading);
      this.#replicas.push(replica);
    }
    replica.reset(batch);
    return replica;
  }

  #mergeCounters(replicas: readonly ChunkedReplica[]): void {
    if (replicas.length > 2) foldCounters(replicas, this.#merged);
    else mergeCounterPenalty(replicas[0] as Replica, replicas[1] as Replica, this.#merged);
  }

  #fold(replicas: readonly ChunkedReplica[]): void {
    let folded: Replica = replicas[0] as Replica;
    for (const [i, replica] of replicas.slice(1).entries()) {
      if (i > 0) {
        const before = this.#merged;
        this.#merged = this.#scratch;
        this.#scratch = before;
        this.#merged.clear();
        folded = replicaOf(before);
      }
      mergePenalty(folded, replica, this.#merged);
    }
  }

  #markStale(replicas: readonly ChunkedReplica[]): void {
    this.#merged.hasStale = false;
    if (this.#options.reading === "counter" || !replicas.some(({ samples }) => samples.hasStale)) return;
    const { words, length } = this.#merged;
    for (let i = 0; i < length; i++) {
      if (!isStale(words[2 * i] as number, words[2 * i + 1] as number)) continue;
      this.#merged.hasStale = true;
      return;
    }
  }
}
