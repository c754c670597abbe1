import { assert } from "../lib/assert.ts";
import {
  bucketCount,
  createHistogram,
  emptyLayout,
  type Histogram,
  type HistogramLayout,
  resetHints,
} from "../model/histogram/histogram.ts";
import { BitWriter } from "./bit-writer.ts";
import { createXorWindow, writeXor, type XorWindow } from "./encode-xor.ts";
import { writeHistogramLayout } from "./histogram-layout.ts";
import { gaugeHeader } from "./histogram-rows.ts";
import { layoutOfRun } from "./histogram-runs.ts";
import type { SampleBuffer } from "./sample-buffer.ts";
import { writeVarbitInt, writeVarbitUint } from "./varbit-writer.ts";

const resetHeader = 0b10;
const unknownHeader = 0b00;

/** Counts are written as whole numbers up to here: changes of changes of them are exact then. */
export const highestInteger = 2 ** 50;

const lent = createHistogram();

/**
 * Encodes samples [from, to), a run of `nextRun`, as one HISTOGRAM chunk (`integers`: all counts whole and at most
 * 2^50) or FLOAT_HISTOGRAM chunk that has the buckets of all of them.
 */
export function encodeHistograms(
  samples: SampleBuffer,
  from: number,
  to: number,
  integers: boolean,
): Uint8Array {
  const { histograms, times } = samples;
  assert(histograms !== undefined && to - from <= 0xffff, "a histogram chunk counts its samples in 16 bits");
  const layout = layoutOfRun(histograms, from, to) ?? emptyLayout;
  const out = new BitWriter();
  out.bits(to - from, 16);
  out.bits(headerOf(histograms.has(from) ? histograms.hintAt(from) : resetHints.unknown) << 6, 8);
  writeHistogramLayout(out, layout);
  const rows = integers ? createIntegerRows(out, layout) : createFloatRows(out, layout);
  let step = 0;
  for (let row = from; row < to; row++) {
    const time = times[row] as number;
    const next = row === from ? 0 : time - (times[row - 1] as number);
    writeVarbitInt(out, row === from ? time : next - step);
    step = next;
    if (histograms.has(row)) rows.write(histograms.lend(row, lent));
    else rows.writeStale();
  }
  return out.finish();
}

function headerOf(hint: number): number {
  if (hint === resetHints.gauge) return gaugeHeader;
  return hint === resetHints.reset ? resetHeader : unknownHeader;
}

/** Writes what a histogram has besides its time. */
interface RowWriter {
  write(histogram: Histogram): void;
  writeStale(): void;
}

function createIntegerRows(out: BitWriter, layout: HistogramLayout): RowWriter {
  const spread = createSpread(layout);
  const sum = createXorWriter(out, 1);
  const differences = new Float64Array(bucketCount(layout));
  const changes = new Float64Array(bucketCount(layout));
  let first = true;
  let count = 0;
  let zeroCount = 0;
  let countStep = 0;
  let zeroStep = 0;
  return {
    write(histogram) {
      const counts = spread(histogram);
      if (first) {
        writeVarbitUint(out, histogram.count);
        writeVarbitUint(out, histogram.zeroCount);
      } else {
        writeVarbitInt(out, histogram.count - count - countStep);
        writeVarbitInt(out, histogram.zeroCount - zeroCount - zeroStep);
        countStep = histogram.count - count;
        zeroStep = histogram.zeroCount - zeroCount;
      }
      count = histogram.count;
      zeroCount = histogram.zeroCount;
      sum.write(0, histogram.sum);
      for (let i = 0; i < counts.length; i++) {
        const last = i === 0 || i === layout.positive.length ? 0 : (counts[i - 1] as number);
        const difference = (counts[i] as number) - last;
        const change = difference - (differences[i] as number);
        writeVarbitInt(out, first ? difference : change - (changes[i] as number));
        changes[i] = first ? 0 : change;
        differences[i] = difference;
      }
      first = false;
    },
    writeStale() {
      out.bits(0, 2);
      sum.writeStale(0);
      first = false;
    },
  };
}

function createFloatRows(out: BitWriter, layout: HistogramLayout): RowWriter {
  const spread = createSpread(layout);
  const numbers = createXorWriter(out, 3 + bucketCount(layout));
  return {
    write(histogram) {
      numbers.write(0, histogram.count);
      numbers.write(1, histogram.zeroCount);
      numbers.write(2, histogram.sum);
      const counts = spread(histogram);
      for (let i = 0; i < counts.length; i++) numbers.write(3 + i, counts[i] as number);
    },
    writeStale() {
      numbers.repeat(0);
      numbers.repeat(1);
      numbers.writeStale(2);
    },
  };
}

/** Brings the counts of a histogram into the places that `layout` has for them. */
function createSpread(layout: HistogramLayout): (histogram: Histogram) => Float64Array {
  const counts = new Float64Array(bucketCount(layout));
  return (histogram) => {
    const { layout: own, buckets, at } = histogram;
    if (own === layout) {
      counts.set(buckets.subarray(at, at + counts.length));
      return counts;
    }
    counts.fill(0);
    for (let i = 0, place = 0; i < own.positive.length; i++) {
      while (layout.positive[place] !== own.positive[i]) place++;
      counts[place] = buckets[at + i] as number;
    }
    for (let i = 0, place = 0; i < own.negative.length; i++) {
      while (layout.negative[place] !== own.negative[i]) place++;
      counts[layout.positive.length + place] = buckets[at + own.positive.length + i] as number;
    }
    return counts;
  };
}

interface XorWriter {
  write(column: number, value: number): void;
  writeStale(column: number): void;
  /** Writes the last value again. */
  repeat(column: number): void;
}

/** `columns` numbers, each xored with its last value; the first is written whole. */
function createXorWriter(out: BitWriter, columns: number): XorWriter {
  const values = new Float64Array(columns);
  const words = new Uint32Array(values.buffer);
  const windows: (XorWindow | undefined)[] = new Array(columns).fill(undefined);
  const value = new Float64Array(1);
  const valueWords = new Uint32Array(value.buffer);
  const put = (column: number, low: number, high: number) => {
    const window = windows[column];
    if (window === undefined) {
      windows[column] = createXorWindow();
      out.bits64(high, low, 64);
    } else
      writeXor(out, low ^ (words[2 * column] as number), high ^ (words[2 * column + 1] as number), window);
    words[2 * column] = low;
    words[2 * column + 1] = high;
  };
  return {
    write(column, written) {
      value[0] = written;
      put(column, valueWords[0] as number, valueWords[1] as number);
    },
    writeStale: (column) => put(column, 2, 0x7ff00000),
    repeat: (column) => put(column, words[2 * column] as number, words[2 * column + 1] as number),
  };
}
