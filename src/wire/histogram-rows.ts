import { bucketCount, customSchema, type HistogramLayout, resetHints } from "../model/histogram/histogram.ts";
import type { HistogramColumn } from "../model/histogram/histogram-column.ts";
import { layoutOf, readHistogramLayout } from "./histogram-layout.ts";
import type { SampleBuffer } from "./sample-buffer.ts";
import type { VarbitReader } from "./varbit-reader.ts";

/**
 * Whole numbers are read up to here, as what is written are changes of changes of differences of them: those are
 * exact doubles then, and a sum of them that is in range is the right one.
 */
export const highestWhole = 2 ** 51;

/** Highest schema that is reckoned with; finer ones are made this coarse when they are read. */
const highestSchema = 8;

/** What stands in front of the first histogram of a chunk. */
export interface HistogramHeader {
  count: number;
  isGauge: boolean;
  /** Start times as XOR2 has them; both 0 in chunks without. */
  firstStartKnown: boolean;
  startsFrom: number;
}

/**
 * Header bytes of a chunk:
 *
 *   without start times   count u16 | reset header in bits 7–6 of a byte
 *   with start times      reset header in bits 7–6, count in 14 bits | first start known, index of first change in 7 bits
 */
export function readHistogramHeader(
  reader: VarbitReader,
  withStarts: boolean,
  into: HistogramHeader,
): HistogramHeader {
  const first = reader.bits(16);
  const second = reader.bits(8);
  into.count = withStarts ? first & 0x3fff : first;
  into.isGauge = (withStarts ? first >> 14 : second >> 6) === gaugeHeader;
  into.firstStartKnown = withStarts && second >= 0x80;
  into.startsFrom = withStarts ? second & 0x7f : 0;
  return into;
}

/** Reset headers as they stand in two bits. */
export const gaugeHeader = 0b11;

/** Steps over what follows sample `index` about its start time; nothing here uses it. */
export function skipStart(reader: VarbitReader, header: HistogramHeader, index: number): void {
  if (index === 0) {
    if (header.firstStartKnown) reader.skipVarint();
  } else if (header.startsFrom > 0 && index >= header.startsFrom) reader.varbitInt();
}

/**
 * Where the histograms of one chunk are written. Counts go to `counts` from `at` on, positives then negatives in the
 * order of the chunk's layout, between `place` and `finish`; histograms of a reserved schema are made coarser then.
 */
export class HistogramRows {
  /** Where bucket counts of the histogram that was placed last go. */
  counts: Float64Array = new Float64Array(0);
  at = 0;
  /** Buckets of a histogram in the chunk. */
  width = 0;
  positives = 0;
  /** Time of the next histogram; a field, as a number that is passed on is made an object. */
  timeMs = 0;
  readonly numbers = { count: 0, sum: 0, zeroCount: 0, resetHint: resetHints.unknown as 0 | 1 | 2 | 3 };
  #layout: HistogramLayout | undefined;
  #row = 0;
  #start = 0;
  /** Counts that are still to be made coarser. */
  #fine = new Float64Array(256);
  /** Where bucket i of the chunk goes in the layout, where that is another one. */
  #targets: Int32Array | undefined;

  /** Reads the layout of a chunk. */
  begin(reader: VarbitReader): void {
    this.use(readHistogramLayout(reader));
  }

  /** The layout of what is written next; its schema may be one of the reserved ones. */
  use(inChunk: HistogramLayout): void {
    this.width = bucketCount(inChunk);
    this.positives = inChunk.positive.length;
    this.#layout = inChunk;
    this.#targets = undefined;
    if (inChunk.schema > highestSchema && inChunk.schema !== customSchema) this.#reduce(inChunk);
  }

  /** Appends a histogram of `timeMs`, of which counts and `numbers` are to be written. */
  place(out: SampleBuffer, column: HistogramColumn): void {
    out.ensure(1);
    const row = out.length++;
    out.times[row] = this.timeMs;
    out.values[row] = 0;
    this.#row = row;
    this.#start = column.place(this.#row, this.#layout as HistogramLayout);
    this.counts = this.#targets === undefined ? column.buckets : this.#fine;
    this.at = this.#targets === undefined ? this.#start : 0;
  }

  /** Ends what `place` began. */
  finish(column: HistogramColumn): void {
    const targets = this.#targets;
    if (targets !== undefined) this.#merge(targets, column.buckets);
    column.setNumbers(this.#row, this.numbers);
  }

  #merge(targets: Int32Array, buckets: Float64Array): void {
    const start = this.#start;
    buckets.fill(0, start, start + bucketCount(this.#layout as HistogramLayout));
    for (let i = 0; i < this.width; i++) {
      const at = start + (targets[i] as number);
      buckets[at] = (buckets[at] as number) + (this.#fine[i] as number);
    }
  }

  #reduce(inChunk: HistogramLayout): void {
    if (this.#fine.length < this.width) this.#fine = new Float64Array(2 * this.width);
    const targets = new Int32Array(this.width);
    const shift = inChunk.schema - highestSchema;
    const positive = coarser(inChunk.positive, shift, targets, 0);
    const negative = coarser(inChunk.negative, shift, targets, this.positives);
    for (let i = this.positives; i < this.width; i++) targets[i] = (targets[i] as number) + positive.length;
    this.#targets = targets;
    this.#layout = layoutOf({ ...inChunk, schema: highestSchema, positive, negative });
  }
}

/** Indexes at a resolution 2^`shift` times coarser; writes where each old one went to `targets` from `at` on. */
function coarser(indexes: Int32Array, shift: number, targets: Int32Array, at: number): Int32Array {
  const result: number[] = [];
  for (let i = 0; i < indexes.length; i++) {
    const index = Math.floor(((indexes[i] as number) - 1) / 2 ** shift) + 1;
    if (result.at(-1) !== index) result.push(index);
    targets[at + i] = result.length - 1;
  }
  return Int32Array.from(result);
}
