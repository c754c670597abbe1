import { HistogramColumn } from "../model/histogram/histogram-column.ts";

/** Room for the first samples of a buffer. */
const firstCapacity = 256;

/**
 * Samples in columns that grow. Entries at `length` and past it are junk.
 * `words` is the memory of `values`, low word first: sample i is stale where words[2i] is 2 and words[2i + 1] is
 * 0x7ff00000. Values are written through `words`, as staleness markers do not survive as numbers.
 *
 * Where `histograms` has a row, the sample is a native histogram and its value 0. Stale histograms are stale floats.
 */
export class SampleBuffer {
  length = 0;
  /** Unix milliseconds. */
  times: Float64Array;
  values: Float64Array;
  words: Uint32Array;
  /** Whether a staleness marker was written since the last `clear`. */
  hasStale = false;
  /** Row i for sample i; `undefined` as long as all are floats. */
  histograms: HistogramColumn | undefined;
  /** The column of earlier samples, to be used again. */
  #spare: HistogramColumn | undefined;

  constructor(capacity = firstCapacity) {
    this.times = new Float64Array(capacity);
    this.values = new Float64Array(capacity);
    this.words = new Uint32Array(this.values.buffer);
  }

  /** Makes room for `count` samples past `length`. Arrays read before may be replaced. */
  ensure(count: number): void {
    const wanted = this.length + count;
    if (wanted > this.times.length) this.#grow(Math.max(wanted, this.times.length * 2));
  }

  /** Appends one sample by the words of its value. */
  push(timeMs: number, low: number, high: number): void {
    this.ensure(1);
    const at = this.length++;
    this.times[at] = timeMs;
    this.words[2 * at] = low;
    this.words[2 * at + 1] = high;
    if (isStale(low, high)) this.hasStale = true;
  }

  /** Appends sample `i` of another buffer. */
  pushOf(source: SampleBuffer, i: number): void {
    const row = this.length;
    this.push(source.times[i] as number, source.words[2 * i] as number, source.words[2 * i + 1] as number);
    if (source.histograms?.has(i) === true) this.withHistograms().setFrom(row, source.histograms, i);
  }

  clear(): void {
    this.length = 0;
    this.hasStale = false;
    if (this.histograms === undefined) return;
    this.histograms.clear();
    this.histograms = undefined;
  }

  /** The column of histograms, made where there is none. */
  withHistograms(): HistogramColumn {
    if (this.histograms === undefined) {
      this.#spare ??= new HistogramColumn();
      this.histograms = this.#spare;
    }
    return this.histograms;
  }

  /** Appends a staleness marker. */
  pushStale(timeMs: number): void {
    this.push(timeMs, staleLow, staleHigh);
  }

  /** Takes out samples [from, to). */
  remove(from: number, to: number): void {
    if (to <= from) return;
    this.histograms?.removeRows(from, to);
    if (to < this.length) {
      this.times.copyWithin(from, to, this.length);
      this.words.copyWithin(2 * from, 2 * to, 2 * this.length);
    }
    this.length -= to - from;
  }

  /** Bytes of the arrays. */
  get sizeBytes(): number {
    return 16 * this.times.length + (this.#spare?.sizeBytes ?? 0);
  }

  #grow(capacity: number): void {
    const times = new Float64Array(capacity);
    times.set(this.times.subarray(0, this.length));
    const values = new Float64Array(capacity);
    const words = new Uint32Array(values.buffer);
    words.set(this.words.subarray(0, 2 * this.length));
    this.times = times;
    this.values = values;
    this.words = words;
  }
}

const staleLow = 2;
const staleHigh = 0x7ff00000;

/** Whether the words of a value are Prometheus's staleness marker, 0x7ff0000000000002. */
export function isStale(low: number, high: number): boolean {
  return low === staleLow && high === staleHigh;
}
