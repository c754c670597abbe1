import { resetHints } from "../model/histogram/histogram.ts";
import { type HistogramHeader, HistogramRows, readHistogramHeader, skipStart } from "./histogram-rows.ts";
import { isStale, type SampleBuffer } from "./sample-buffer.ts";
import { VarbitReader, XorColumn } from "./varbit-reader.ts";

/*
 * Prometheus's histogram chunk of floats (tsdb/chunkenc/float_histogram.go, float_histogram_st.go):
 *
 *   header | layout | t0, count, zero count, sum, bucket … of 64 bits | Δ² of time, then count, zero count, sum, bucket … xor
 *
 * Every number has a window of its own. A stale histogram ends with its sum.
 */

const reader = new VarbitReader("float histogram chunk");
const header: HistogramHeader = { count: 0, isGauge: false, firstStartKnown: false, startsFrom: 0 };
const rows = new HistogramRows();
const numbersRead = new XorColumn();

/** Places in `numbersRead`. */
const count = 0;
const zeroCount = 1;
const sum = 2;
const firstBucket = 3;

/**
 * Appends the histograms of the FLOAT_HISTOGRAM chunk in [start, end) of `bytes` to `out` and returns how many; reset
 * hints as `decodeHistogram` gives them. Throws GatewayError `internal` on a broken chunk; `out` is then as before.
 */
export function decodeFloatHistogram(
  bytes: Uint8Array,
  start: number,
  end: number,
  out: SampleBuffer,
): number {
  return decode(bytes, start, end, { out, withStarts: false });
}

/** The same for FLOAT_HISTOGRAM_ST, whose start times are read over. */
export function decodeFloatHistogramSt(
  bytes: Uint8Array,
  start: number,
  end: number,
  out: SampleBuffer,
): number {
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
  const wanted = firstBucket + rows.width;
  numbersRead.reset(wanted);
  let time = reader.varbitInt();
  for (let i = 0; i < wanted; i++) reader.first(numbersRead, i);
  let timeStep = 0;
  rows.numbers.resetHint = header.isGauge ? resetHints.gauge : resetHints.unknown;
  for (let index = 0; ; ) {
    if (!Number.isSafeInteger(time)) reader.fail(`a time of ${time}`);
    if (sumIsStale()) out.pushStale(time);
    else write(out, time);
    skipStart(reader, header, index);
    reader.finish();
    if (++index === header.count) return;
    if (!header.isGauge) rows.numbers.resetHint = resetHints.notReset;
    timeStep += reader.varbitInt();
    time += timeStep;
    for (let i = 0; i < firstBucket; i++) reader.xor(numbersRead, i);
    if (sumIsStale()) continue;
    for (let i = firstBucket; i < wanted; i++) reader.xor(numbersRead, i);
  }
}

function sumIsStale(): boolean {
  return isStale(numbersRead.words[2 * sum] as number, numbersRead.words[2 * sum + 1] as number);
}

function write(out: SampleBuffer, time: number): void {
  const { numbers, width } = rows;
  const { values } = numbersRead;
  numbers.count = values[count] as number;
  numbers.zeroCount = values[zeroCount] as number;
  numbers.sum = values[sum] as number;
  const column = out.withHistograms();
  rows.timeMs = time;
  rows.place(out, column);
  const { counts, at } = rows;
  for (let i = 0; i < width; i++) counts[at + i] = values[firstBucket + i] as number;
  rows.finish(column);
}
