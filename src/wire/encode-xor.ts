import { assert } from "../lib/assert.ts";
import { BitWriter } from "./bit-writer.ts";

/** Samples that Prometheus puts into one chunk at most. */
export const samplesPerChunk = 120;

const two32 = 4_294_967_296;

/**
 * Encodes samples [from, to) as one XOR chunk, byte for byte as Prometheus's appender does. At most 65,535 samples;
 * times in ascending order. `words` holds two words a value, low first.
 */
export function encodeXor(times: Float64Array, words: Uint32Array, from: number, to: number): Uint8Array {
  const count = to - from;
  assert(count <= 0xffff, "an XOR chunk counts its samples in 16 bits");
  const out = new BitWriter();
  out.bits(count, 16);
  if (count === 0) return out.finish().subarray(0, 2);
  const window = createXorWindow();
  let delta = 0;
  for (let at = from; at < to; at++) {
    const time = times[at] as number;
    const low = words[2 * at] as number;
    const high = words[2 * at + 1] as number;
    if (at === from) {
      out.varint(time);
      out.bits64(high, low, 64);
      continue;
    }
    const next = time - (times[at - 1] as number);
    if (at === from + 1) out.uvarint(next);
    else writeChange(out, next - delta);
    delta = next;
    writeXor(out, low ^ (words[2 * at - 2] as number), high ^ (words[2 * at - 1] as number), window);
  }
  return out.finish();
}

function writeChange(out: BitWriter, change: number): void {
  if (change === 0) out.bits(0, 1);
  else if (fits(change, 14)) {
    out.bits(0b10, 2);
    out.bits(change, 14);
  } else if (fits(change, 17)) {
    out.bits(0b110, 3);
    out.bits(change, 17);
  } else if (fits(change, 20)) {
    out.bits(0b1110, 4);
    out.bits(change, 20);
  } else {
    out.bits(0b1111, 4);
    const high = Math.floor(change / two32);
    out.bits64(high, change - high * two32, 64);
  }
}

/** Go's bitRange: −(2^(n−1) − 1) … 2^(n−1). */
function fits(value: number, bits: number): boolean {
  const half = 2 ** (bits - 1);
  return value > -half && value <= half;
}

/** Window of the last value that opened one; `leading` is −1 before the first. */
export interface XorWindow {
  leading: number;
  trailing: number;
}

export function createXorWindow(): XorWindow {
  return { leading: -1, trailing: 0 };
}

/** Writes a value that is xored with the one before it. */
export function writeXor(out: BitWriter, low: number, high: number, window: XorWindow): void {
  if (low === 0 && high === 0) {
    out.bits(0, 1);
    return;
  }
  out.bits(1, 1);
  const leading = Math.min(31, high === 0 ? 32 + Math.clz32(low) : Math.clz32(high));
  const trailing = low === 0 ? 32 + trailingZeros(high) : trailingZeros(low);
  if (window.leading >= 0 && leading >= window.leading && trailing >= window.trailing) out.bits(0, 1);
  else {
    window.leading = leading;
    window.trailing = trailing;
    out.bits(1, 1);
    out.bits(leading, 5);
    // 64 does not fit six bits and becomes 0.
    out.bits(64 - leading - trailing, 6);
  }
  writeWindow(out, low, high, window);
}

/** The bits of the window, moved to the low end. */
function writeWindow(out: BitWriter, low: number, high: number, window: XorWindow): void {
  const { leading, trailing } = window;
  const used = 64 - leading - trailing;
  if (trailing >= 32) out.bits(high >>> (trailing - 32), used);
  else if (trailing === 0) out.bits64(high, low, used);
  else out.bits64(high >>> trailing, (low >>> trailing) | (high << (32 - trailing)), used);
}

function trailingZeros(word: number): number {
  return 31 - Math.clz32(word & -word);
}
