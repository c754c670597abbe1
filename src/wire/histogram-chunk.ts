import { resetHints } from "../model/histogram/histogram.ts";
import {
  type HistogramHeader,
  HistogramRows,
  highestWhole,
  readHistogramHeader,
  skipStart,
} from "./histogram-rows.ts";
import { isStale, type SampleBuffer } from "./sample-buffer.ts";
import { type RunningSums, VarbitReader, XorColumn } from "./varbit-reader.ts";

/*
 * Prometheus's histogram chunk of whole numbers (tsdb/chunkenc/histogram.go, histogram_st.go):
 *
 *   header | layout | t0, count, zero count, sum 64 bits, bucket … | Δ² of time, count, zero count, sum xor, Δ² of bucket …
 *
 * A bucket is written as its difference from the bucket before it, of which then the changes of changes follow. A stale
 * histogram ends with its sum.
 */

const reader = new VarbitReader("histogram chunk");
const header: HistogramHeader = { count: 0, isGauge: false, firstStartKnown: false, startsFrom: 0 };
const rows = new HistogramRows();
const sum = new XorColumn();
/** Differences between buckets, and how they changed last. */
let values = new Float64Array(256);
let changes = new Float64Array(256);
/** Time of the histogram that is read: in a variable it would be made an object each time. */
const clock = new Float64Array(1);

/**
 * Appends the histograms of the HISTOGRAM chunk in [start, end) of `bytes` to `out` and returns how many: the first is
 * of unknown reset, the later ones are no resets, those of a gauge chunk gauges. Bytes past the last one are ignored.
 * Throws GatewayError `internal` on a broken chunk and on counts above 2^51; `out` is then as before.
 */
export function decodeHistogram(bytes: Uint8Array, start: number, end: number, out: SampleBuffer): number {
  return decode(bytes, start, end, { out, withStarts: false });
}

/** The same for HISTOGRAM_ST, whose start times are read over. */
export function decodeHistogramSt(bytes: Uint8Array, start: number, end: number, out: SampleBuffer): number {
  return decode(bytes, start, end, { out, withStarts: true });
}

interface Target {
  readonly out: SampleBuffer;
  readonly withStarts: boolean;
}

function decode(bytes: Uint8Array, start: number, end: number, { out, withStarts }: Target): number {
  const { length, hasStale } = out;
  try {
    reader.reset(bytes, start, end);
    readHistogramHeader(reader, withStarts, header);
    if (header.count > 0) append(out);
    return header.count;
  } catch (error) {
    out.remove(length, out.length);
    out.hasStale = hasStale;
    throw error;
  }
}

function append(out: SampleBuffer): void {
  rows.begin(reader);
  const { numbers, width } = rows;
  sum.reset(1);
  if (values.length < width) {
    values = new Float64Array(2 * width);
    changes = new Float64Array(2 * width);
  }
  changes.fill(0, 0, width);
  clock[0] = reader.varbitInt();
  let count = reader.varbitUint();
  let zeroCount = reader.varbitUint();
  reader.first(sum, 0);
  for (let i = 0; i < width; i++) values[i] = reader.varbitInt();
  let timeStep = 0;
  let countStep = 0;
  let zeroStep = 0;
  numbers.resetHint = header.isGauge ? resetHints.gauge : resetHints.unknown;
  for (let index = 0; ; ) {
    if (!Number.isSafeInteger(clock[0])) reader.fail(`a time of ${clock[0]}`);
    if (isStale(sum.words[0] as number, sum.words[1] as number)) out.pushStale(clock[0] as number);
    else {
      numbers.count = count;
      numbers.zeroCount = zeroCount;
      numbers.sum = sum.values[0] as number;
      const column = out.withHistograms();
      rows.timeMs = clock[0] as number;
      rows.place(out, column);
      if (index === 0) addUp();
      else readCounts();
      rows.finish(column);
    }
    skipStart(reader, header, index);
    reader.finish();
    if (++index === header.count) return;
    if (!header.isGauge) numbers.resetHint = resetHints.notReset;
    timeStep += reader.varbitInt();
    clock[0] = (clock[0] as number) + timeStep;
    countStep += reader.varbitInt();
    count += countStep;
    zeroStep += reader.varbitInt();
    zeroCount += zeroStep;
    reader.xor(sum, 0);
  }
}

/** Reads how the differences changed, and makes counts of them. */
function readCounts(): void {
  const { width, positives, numbers } = rows;
  buckets.values = values;
  buckets.changes = changes;
  buckets.sums = rows.counts;
  buckets.at = rows.at;
  const isLow =
    reader.runningSums(buckets, 0, positives) &&
    (positives === width || reader.runningSums(buckets, positives, width));
  if (!isLow || Math.max(numbers.count, numbers.zeroCount) > highestWhole) failTooHigh();
}

const buckets: { -readonly [K in keyof RunningSums]: RunningSums[K] } = {
  values,
  changes,
  sums: values,
  at: 0,
  limit: highestWhole,
};

/** Makes counts of the differences. */
function addUp(): void {
  const { counts, at, width, positives, numbers } = rows;
  let highest = Math.max(numbers.count, numbers.zeroCount);
  let count = 0;
  for (let i = 0; i < width; i++) {
    if (i === positives) count = 0;
    count += values[i] as number;
    counts[at + i] = count;
    const size = Math.abs(count);
    if (size > highest) highest = size;
  }
  if (highest > highestWhole) failTooHigh();
}

function failTooHigh(): never {
  return reader.fail("a count is above 2^51");
}
