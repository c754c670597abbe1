import { decodeError } from "./decode-error.ts";
import { isStale, type SampleBuffer } from "./sample-buffer.ts";
import { viewOf } from "./view-of.ts";
import { WireReader } from "./wire-reader.ts";

/*
 * Prometheus's XOR chunk (tsdb/chunkenc/xor.go), bits from the highest:
 *
 *   count u16 | t0 varint | v0 64 bits | Δt uvarint | value | (time | value) …
 *   time   0 | 10 + 14 bits | 110 + 17 | 1110 + 20 | 1111 + 64   change of Δt, signed
 *   value  0 same | 10 bits in the last window | 11 + 5 leading zeros + 6 bits used + those bits   xor with the last value
 *
 * The 64 bits that start `leading` bits before the significant ones hold these already in place: masked, they are the
 * xor, without a shift by the trailing zeros.
 */

/** Bytes past the end of a chunk that a step may look at before the end is checked. */
const slack = 32;
const two32 = 4_294_967_296;

const header = new WireReader("XOR chunk");
let padded = new Uint8Array(4096);
let paddedView = new DataView(padded.buffer);

/** Samples that the chunk in [start, end) of `bytes` says it has. */
export function xorSampleCount(bytes: Uint8Array, start: number, end: number): number {
  if (end - start < 2) throw decodeError("XOR chunk", "its sample count is cut off", start);
  return ((bytes[start] as number) << 8) | (bytes[start + 1] as number);
}

/**
 * Appends the samples of the XOR chunk in [start, end) of `bytes` to `out` and returns how many; sets `out.hasStale`
 * where a staleness marker is among them. Bytes past the last sample are ignored.
 * Throws GatewayError `internal` on a chunk that ends too early, that no encoder writes, or whose times are no whole
 * numbers within ±2^53; `out` is then as before.
 */
export function decodeXor(bytes: Uint8Array, start: number, end: number, out: SampleBuffer): number {
  const count = xorSampleCount(bytes, start, end);
  if (count === 0) return 0;
  // Every sample past the second takes two bits at least.
  if ((end - start) * 4 < count) fail(`${count} samples do not fit its ${end - start} bytes`, start);
  out.ensure(count);
  const { times, words, length } = out;
  header.reset(bytes, start + 2, end);
  times[length] = header.sint64();
  if (header.pos + 8 > end) fail("its first value is cut off", header.pos);
  const data = viewOf(bytes);
  words[2 * length + 1] = data.getInt32(bytes.byteOffset + header.pos);
  words[2 * length] = data.getInt32(bytes.byteOffset + header.pos + 4);
  header.pos += 8;
  let stale = isStale(words[2 * length] as number, words[2 * length + 1] as number);
  if (count === 1) checkTime(times[length] as number, start);
  else if (decodeRest(bytes, start, end, { times, words, length, count, delta: header.int64() }))
    stale = true;
  out.length = length + count;
  if (stale) out.hasStale = true;
  return count;
}

interface Rest {
  readonly times: Float64Array;
  readonly words: Uint32Array;
  /** Where the first sample, which is decoded, lies in the columns. */
  readonly length: number;
  readonly count: number;
  /** Time from the first to the second sample. */
  readonly delta: number;
}

/** Decodes the second sample and those after it from `header.pos`; returns whether one is stale. */
function decodeRest(bytes: Uint8Array, start: number, end: number, rest: Rest): boolean {
  const { times, words } = rest;
  let data = viewOf(bytes);
  let from = bytes.byteOffset + header.pos;
  if (bytes.byteOffset + end + slack > data.byteLength) {
    // Windows of values reach up to 31 bits back.
    data = padTail(bytes, header.pos - 4, end);
    from = 4;
  }
  const endBit = (end - header.pos) * 8;
  let at = rest.length;
  const stop = at + rest.count;
  let time = times[at] as number;
  let delta = rest.delta;
  let low = (words[2 * at] as number) | 0;
  let high = (words[2 * at + 1] as number) | 0;
  at++;
  let stale = false;
  let bit = 0;
  let leading = 0;
  let used = 64;
  let maskLow = -1;
  let maskHigh = -1;
  let window = data.getInt32(from);
  samples: for (;;) {
    time += delta;
    if (window >= 0) bit++;
    else {
      if ((window & 0x40000000) !== 0) {
        leading = (window >>> 25) & 31;
        used = (window >>> 19) & 63 || 64;
        const trailing = 64 - leading - used;
        if (trailing < 0) fail(`a value of ${leading} leading zeros and ${used} bits`, start);
        maskHigh = -1 >>> leading;
        if (trailing < 32) maskLow = -1 << trailing;
        else {
          maskLow = 0;
          maskHigh &= -1 << (trailing - 32);
        }
        bit += 13;
      } else bit += 2;
      const aligned = bit - leading;
      const byte = from + (aligned >> 3);
      const shift = aligned & 7;
      const next = data.getInt32(byte + 4);
      // Two shifts, as one by 32 would be one by 0.
      high ^= ((data.getInt32(byte) << shift) | ((next >>> 1) >>> (31 - shift))) & maskHigh;
      if (maskLow !== 0) low ^= ((next << shift) | (data.getUint8(byte + 8) >>> (8 - shift))) & maskLow;
      bit += used;
      if (low === 2 && high === 0x7ff00000) stale = true;
    }
    times[at] = time;
    words[2 * at] = low;
    words[2 * at + 1] = high;
    if (++at === stop) break;
    window = data.getInt32(from + (bit >>> 3)) << (bit & 7);
    while (window >>> 30 === 0) {
      // "00": same distance, same value. A window has 25 bits at least, so up to 12 such pairs are certain.
      if (bit > endBit) break samples;
      let run = Math.min(Math.clz32(window | 0x80) >>> 1, stop - at);
      bit += 2 * run;
      do {
        time += delta;
        times[at] = time;
        words[2 * at] = low;
        words[2 * at + 1] = high;
        at++;
      } while (--run > 0);
      if (at === stop) break samples;
      window = data.getInt32(from + (bit >>> 3)) << (bit & 7);
    }
    if (bit > endBit) break;
    if (window >= 0) {
      bit++;
      window <<= 1;
      continue;
    }
    if ((window & 0x40000000) === 0) {
      const change = (window >>> 16) & 0x3fff;
      delta += change > 0x2000 ? change - 0x4000 : change;
      bit += 16;
    } else if ((window & 0x20000000) === 0) {
      const change = (window >>> 12) & 0x1ffff;
      delta += change > 0x10000 ? change - 0x20000 : change;
      bit += 20;
    } else if ((window & 0x10000000) === 0) {
      const change = (window >>> 8) & 0xfffff;
      delta += change > 0x80000 ? change - 0x100000 : change;
      bit += 24;
    } else {
      delta += longChange(data, from + ((bit + 4) >>> 3), (bit + 4) & 7);
      checkTime(delta, start);
      checkTime(time + delta, start);
      bit += 68;
    }
    window = data.getInt32(from + (bit >>> 3)) << (bit & 7);
  }
  if (bit > endBit) fail(`${rest.count} samples run past its ${end - start} bytes`, start);
  checkTime(time, start);
  return stale;
}

/** A signed number of 64 bits that starts `shift` bits into byte `at`, as the nearest double. */
function longChange(data: DataView, at: number, shift: number): number {
  const middle = data.getInt32(at + 4);
  const high = (data.getInt32(at) << shift) | ((middle >>> 1) >>> (31 - shift));
  const low = (middle << shift) | (data.getUint8(at + 8) >>> (8 - shift));
  return high * two32 + (low >>> 0);
}

function checkTime(time: number, start: number): void {
  if (!Number.isSafeInteger(time)) fail("a time is not within ±2^53", start);
}

/** A view over a copy of [start, end) with room to read past it. */
function padTail(bytes: Uint8Array, start: number, end: number): DataView {
  const size = end - start;
  if (size + slack > padded.length) {
    padded = new Uint8Array(2 * (size + slack));
    paddedView = new DataView(padded.buffer);
  }
  for (let i = 0; i < size; i++) padded[i] = bytes[start + i] as number;
  padded.fill(0, size, size + slack);
  return paddedView;
}

function fail(problem: string, at: number): never {
  throw decodeError("XOR chunk", problem, at);
}
