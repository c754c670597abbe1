import { createHistogram, customSchema, type HistogramLayout } from "../../src/model/histogram/histogram.ts";
import type { SampleBuffer } from "../../src/wire/sample-buffer.ts";

export interface NaiveChunk {
  readonly integers: boolean;
  /** Header bits: 0 unknown, 1 not reset, 2 reset, 3 gauge. */
  readonly header: number;
  /** Start times, of which the first may be 0 for unknown; undefined for chunks without. */
  readonly starts?: readonly number[];
}

const double = new DataView(new ArrayBuffer(8));

function doubleBits(value: number): string {
  double.setFloat64(0, value);
  return fixed(double.getBigUint64(0), 64);
}

function fixed(value: bigint | number, bits: number): string {
  return BigInt.asUintN(bits, BigInt(value)).toString(2).padStart(bits, "0");
}

const sizes = [3, 6, 9, 12, 18, 25, 56] as const;

export function varbitInt(value: number | bigint): string {
  const number = BigInt(value);
  if (number === 0n) return "0";
  const place = sizes.findIndex(
    (bits) => number > -(1n << BigInt(bits - 1)) && number <= 1n << BigInt(bits - 1),
  );
  return varbit(number, place);
}

export function varbitUint(value: number | bigint): string {
  const number = BigInt(value);
  return number === 0n
    ? "0"
    : varbit(
        number,
        sizes.findIndex((bits) => number < 1n << BigInt(bits)),
      );
}

function varbit(number: bigint, place: number): string {
  return place < 0
    ? "1".repeat(8) + fixed(number, 64)
    : `${"1".repeat(place + 1)}0${fixed(number, sizes[place] as number)}`;
}

/** Go's varint, byte by byte. */
function varint(value: number): string {
  let rest = BigInt.asUintN(64, (BigInt(value) << 1n) ^ (BigInt(value) >> 63n));
  let bits = "";
  for (; rest > 127n; rest >>= 7n) bits += fixed((rest & 127n) | 128n, 8);
  return bits + fixed(rest, 8);
}

function spans(indexes: Int32Array): string {
  const list: { offset: number; length: number }[] = [];
  let next = 0;
  for (const index of indexes) {
    const last = list.at(-1);
    if (last !== undefined && index === next) last.length++;
    else list.push({ offset: index - next, length: 1 });
    next = index + 1;
  }
  return (
    varbitUint(list.length) +
    list.map(({ offset, length }) => varbitUint(length) + varbitInt(offset)).join("")
  );
}

export function layoutBits(layout: HistogramLayout): string {
  const { zeroThreshold, schema, customValues } = layout;
  const exponent = Math.log2(zeroThreshold);
  const isPower = zeroThreshold > 0 && Number.isInteger(exponent) && exponent >= -243 && exponent <= 10;
  let bits =
    zeroThreshold === 0
      ? fixed(0, 8)
      : isPower
        ? fixed(exponent + 244, 8)
        : `${fixed(255, 8)}${doubleBits(zeroThreshold)}`;
  bits += varbitInt(schema) + spans(layout.positive) + spans(layout.negative);
  if (schema !== customSchema) return bits;
  bits += varbitUint(customValues.length);
  for (const bound of customValues) {
    const thousandths = Math.round(bound * 1000);
    bits +=
      thousandths / 1000 === bound && thousandths >= 0 && thousandths <= 33_554_430
        ? varbitUint(thousandths + 1)
        : `0${doubleBits(bound)}`;
  }
  return bits;
}

/** A Gorilla value writer of one column. */
function xorColumn(): (value: bigint) => string {
  let last: bigint | undefined;
  let leading = -1;
  let trailing = 0;
  return (value) => {
    const bits = fixed(value, 64);
    if (last === undefined) {
      last = value;
      return bits;
    }
    const xor = fixed(last ^ value, 64);
    last = value;
    if (!xor.includes("1")) return "0";
    const lead = Math.min(31, xor.indexOf("1"));
    const trail = 63 - xor.lastIndexOf("1");
    if (leading >= 0 && lead >= leading && trail >= trailing) return `10${xor.slice(leading, 64 - trailing)}`;
    leading = lead;
    trailing = trail;
    return `11${fixed(lead, 5)}${fixed(64 - lead - trail, 6)}${xor.slice(lead, 64 - trail)}`;
  };
}

function wordsOf(value: number): bigint {
  double.setFloat64(0, value);
  return double.getBigUint64(0);
}

const staleWords = 0x7ff0000000000002n;

/**
 * All samples of a buffer, which have the one layout or are stale, as one chunk, written bit by bit from the format's
 * description.
 */
export function encodeNaively(samples: SampleBuffer, chunk: NaiveChunk): Uint8Array {
  const { integers, header, starts } = chunk;
  const count = samples.length;
  const changeFrom =
    starts === undefined
      ? 0
      : Math.max(
          0,
          starts.findIndex((start) => start !== starts[0]),
        );
  let bits =
    starts === undefined
      ? `${fixed(count, 16)}${fixed(header, 2)}000000`
      : `${fixed(header, 2)}${fixed(count, 14)}${starts[0] === 0 ? 0 : 1}${fixed(changeFrom, 7)}`;
  const rows = Array.from({ length: count }, (_, i) => samples.histograms?.has(i) === true);
  const first = rows.indexOf(true);
  const empty = createHistogram();
  const layout = first < 0 ? empty.layout : samples.histograms?.layoutAt(first);
  if (layout === undefined) throw new Error("no layout");
  bits += layoutBits(layout);
  const width = layout.positive.length + layout.negative.length;
  const columns = Array.from({ length: 3 + width }, xorColumn);
  const put = (column: number, value: bigint) => (columns[column] as (value: bigint) => string)(value);
  /** Last number and its last change: count, zero count, differences of buckets. */
  const states = Array.from({ length: 2 + width }, () => ({ last: 0, change: 0, seen: false }));
  const dod = (at: number, value: number, unsigned: boolean): string => {
    const state = states[at] as (typeof states)[number];
    const change = value - state.last;
    const text = state.seen
      ? varbitInt(change - state.change)
      : unsigned
        ? varbitUint(value)
        : varbitInt(value);
    state.change = state.seen ? change : 0;
    state.last = value;
    state.seen = true;
    return text;
  };
  const last = { count: 0n, zero: 0n };
  let step = 0;
  let startStep = 0;
  for (let i = 0; i < count; i++) {
    const time = samples.times[i] as number;
    const before = samples.times[i - 1] ?? 0;
    bits += varbitInt(i === 0 ? time : time - before - step);
    step = i === 0 ? 0 : time - before;
    const isStale = rows[i] === false;
    const histogram =
      isStale || samples.histograms === undefined ? empty : samples.histograms.lend(i, createHistogram());
    if (integers) {
      if (isStale) bits += `00${put(2, staleWords)}`;
      else {
        bits +=
          dod(0, histogram.count, true) + dod(1, histogram.zeroCount, true) + put(2, wordsOf(histogram.sum));
        for (let b = 0; b < width; b++) {
          const previous =
            b === 0 || b === layout.positive.length ? 0 : (histogram.buckets[histogram.at + b - 1] as number);
          bits += dod(2 + b, (histogram.buckets[histogram.at + b] as number) - previous, false);
        }
      }
    } else {
      if (!isStale) {
        last.count = wordsOf(histogram.count);
        last.zero = wordsOf(histogram.zeroCount);
      }
      bits += put(0, last.count) + put(1, last.zero) + put(2, isStale ? staleWords : wordsOf(histogram.sum));
      if (!isStale)
        for (let b = 0; b < width; b++)
          bits += put(3 + b, wordsOf(histogram.buckets[histogram.at + b] as number));
    }
    if (starts === undefined) continue;
    const start = starts[i] as number;
    if (i === 0) bits += start === 0 ? "" : varint(time - start);
    else if (changeFrom > 0 && i >= changeFrom) {
      bits += varbitInt(i === changeFrom ? before - start : before - start - startStep);
      startStep = before - start;
    }
  }
  const bytes = new Uint8Array(Math.ceil(bits.length / 8));
  for (let i = 0; i < bits.length; i++)
    if (bits[i] === "1") bytes[i >> 3] = (bytes[i >> 3] as number) | (128 >> (i & 7));
  return bytes;
}
