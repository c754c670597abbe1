import { BitReader } from "./bit-reader.ts";
import { decodeError } from "./decode-error.ts";
import type { SampleBuffer } from "./sample-buffer.ts";

/*
 * Prometheus's XOR2 chunk (tsdb/chunkenc/xor2.go), which StoreAPI cannot carry:
 *
 *   count u16 | st header u8 | t0 varint, v0 64 bits | Δt uvarint, value A | joint …      each followed by start-time data
 *   joint    0 same distance and value | 10 same distance, value B | 110 + 13 bits, A | 1110 + 20, A | 11110 + 64, A
 *            11111 same distance, stale
 *   value A  0 same | 10 bits in the last window | 110 + window + bits | 111 stale
 *   value B  0 bits in the last window | 1 + window + bits
 *   window   5 bits leading zeros, 6 bits used (0 is 64)
 *
 * A value is xored with the last one that was not stale. Start times are read over: nothing here uses them.
 */

const what = "XOR2 chunk";
const staleHigh = 0x7ff00000;
const staleLow = 2;

/** State of the value column. */
interface ValueState {
  /** The last value that was not stale. */
  low: number;
  high: number;
  leading: number;
  used: number;
  /** Whether the value just read is stale. */
  stale: boolean;
}

/**
 * Appends the samples of the XOR2 chunk in [start, end) of `bytes` to `out` and returns how many.
 * Throws GatewayError `internal` on a broken chunk; `out` is then as before.
 */
export function decodeXor2(bytes: Uint8Array, start: number, end: number, out: SampleBuffer): number {
  const { length, hasStale } = out;
  try {
    return appendXor2(new BitReader(what, bytes, start, end), out);
  } catch (error) {
    out.length = length;
    out.hasStale = hasStale;
    throw error;
  }
}

function appendXor2(reader: BitReader, out: SampleBuffer): number {
  const count = reader.bits(16);
  if (count === 0) return 0;
  const firstStartKnown = reader.bits(1) === 1;
  const startsFrom = reader.bits(7);
  const value: ValueState = { low: 0, high: 0, leading: 0, used: 64, stale: false };
  let time = reader.varint();
  reader.bits64(64);
  value.stale = reader.low === staleLow && reader.high === staleHigh;
  if (!value.stale) {
    value.low = reader.low;
    value.high = reader.high;
  }
  if (firstStartKnown) reader.varint();
  push(out, time, value);
  let delta = 0;
  for (let index = 1; index < count; index++) {
    if (index === 1) {
      reader.uvarint();
      delta = reader.high * 4_294_967_296 + (reader.low >>> 0);
      readValueA(reader, value);
    } else delta += readJoint(reader, value);
    time += delta;
    if (startsFrom > 0 && index >= startsFrom) reader.skipVarbit();
    push(out, time, value);
  }
  return count;
}

function push(out: SampleBuffer, time: number, value: ValueState): void {
  if (!Number.isSafeInteger(time)) throw decodeError(what, `a time of ${time}`, 0);
  if (value.stale) out.push(time, staleLow, staleHigh);
  else out.push(time, value.low, value.high);
}

/** Reads the change of distance and the value; returns the change. */
function readJoint(reader: BitReader, value: ValueState): number {
  const kind = reader.ones(5);
  value.stale = kind === 5;
  if (kind === 0 || kind === 5) return 0;
  if (kind === 1) {
    if (reader.bits(1) === 1) readWindow(reader, value);
    readXor(reader, value);
    return 0;
  }
  const change = reader.signed([13, 20, 64][kind - 2] as number);
  readValueA(reader, value);
  return change;
}

function readValueA(reader: BitReader, value: ValueState): void {
  const kind = reader.ones(3);
  value.stale = kind === 3;
  if (kind === 2) readWindow(reader, value);
  if (kind === 1 || kind === 2) readXor(reader, value);
}

function readWindow(reader: BitReader, value: ValueState): void {
  value.leading = reader.bits(5);
  value.used = reader.bits(6) || 64;
  if (value.leading + value.used > 64)
    reader.fail(`a value of ${value.leading} leading zeros and ${value.used} bits`);
}

function readXor(reader: BitReader, value: ValueState): void {
  const trailing = 64 - value.leading - value.used;
  reader.bits64(value.used);
  if (trailing >= 32) value.high ^= reader.low << (trailing - 32);
  else if (trailing === 0) {
    value.high ^= reader.high;
    value.low ^= reader.low;
  } else {
    value.high ^= (reader.high << trailing) | (reader.low >>> (32 - trailing));
    value.low ^= reader.low << trailing;
  }
}
