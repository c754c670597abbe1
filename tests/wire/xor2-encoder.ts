import { BitWriter } from "../../src/wire/bit-writer.ts";

/** A sample for the encoder: words of its value, and the start time it claims. */
export interface Xor2Sample {
  readonly timeMs: number;
  readonly high: number;
  readonly low: number;
  readonly startMs?: number;
}

/** Start times: whether the first is there, and the sample from which on changes are written (0 for never). */
export interface StartTimes {
  readonly first: boolean;
  readonly changeFrom: number;
}

interface Window {
  leading: number;
  trailing: number;
}

/** An XOR2 chunk, written from the format's description. */
export function encodeXor2(samples: readonly Xor2Sample[], starts: StartTimes): Uint8Array {
  const out = new BitWriter();
  out.bits(samples.length, 16);
  out.bits(starts.first ? 1 : 0, 1);
  out.bits(starts.changeFrom, 7);
  let base = { high: 0, low: 0 };
  const window: Window = { leading: -1, trailing: 0 };
  let delta = 0;
  samples.forEach((sample, index) => {
    const stale = sample.high === 0x7ff00000 && sample.low === 2;
    const before = samples[index - 1]?.timeMs ?? 0;
    if (index === 0) {
      out.varint(sample.timeMs);
      out.bits64(sample.high, sample.low, 64);
      if (starts.first) out.varint(sample.timeMs - (sample.startMs ?? 0));
    } else {
      const high = sample.high ^ base.high;
      const low = sample.low ^ base.low;
      const next = sample.timeMs - before;
      const change = next - delta;
      if (index === 1) {
        out.uvarint(next);
        writeA(out, stale, high, low, window);
      } else if (change === 0 && stale) out.bits(0b11111, 5);
      else if (change === 0 && high === 0 && low === 0) out.bits(0, 1);
      else if (change === 0) {
        out.bits(0b10, 2);
        const reuse = fits(high, low, window);
        out.bits(reuse ? 0 : 1, 1);
        writeBits(out, high, low, window, reuse);
      } else {
        writeChange(out, change);
        writeA(out, stale, high, low, window);
      }
      delta = next;
    }
    if (!stale) base = { high: sample.high, low: sample.low };
    if (starts.changeFrom > 0 && index >= starts.changeFrom) writeVarbit(out, index % 4000);
  });
  return out.finish();
}

function writeChange(out: BitWriter, change: number): void {
  if (change >= -4096 && change < 4096) {
    out.bits(0b110, 3);
    out.bits(change, 13);
  } else if (change >= -524_288 && change < 524_288) {
    out.bits(0b1110, 4);
    out.bits(change, 20);
  } else {
    out.bits(0b11110, 5);
    const high = Math.floor(change / 2 ** 32);
    out.bits64(high, change - high * 2 ** 32, 64);
  }
}

function writeA(out: BitWriter, stale: boolean, high: number, low: number, window: Window): void {
  if (stale) out.bits(0b111, 3);
  else if (high === 0 && low === 0) out.bits(0, 1);
  else {
    const reuse = fits(high, low, window);
    out.bits(reuse ? 0b10 : 0b110, reuse ? 2 : 3);
    writeBits(out, high, low, window, reuse);
  }
}

function fits(high: number, low: number, window: Window): boolean {
  const { leading, trailing } = zeros(high, low);
  return window.leading >= 0 && leading >= window.leading && trailing >= window.trailing;
}

function zeros(high: number, low: number): Window {
  const bits = ((BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)).toString(2).padStart(64, "0");
  return { leading: Math.min(31, bits.indexOf("1")), trailing: 63 - bits.lastIndexOf("1") };
}

function writeBits(out: BitWriter, high: number, low: number, window: Window, reuse: boolean): void {
  if (!reuse) {
    Object.assign(window, zeros(high, low));
    out.bits(window.leading, 5);
    out.bits(64 - window.leading - window.trailing, 6);
  }
  const value = ((BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)) >> BigInt(window.trailing);
  out.bits64(Number(value >> 32n), Number(value & 0xffffffffn), 64 - window.leading - window.trailing);
}

/** Prometheus's varbit number of a small value: sizes 3 to 12 and 64 are enough to be stepped over. */
function writeVarbit(out: BitWriter, value: number): void {
  if (value === 0) out.bits(0, 1);
  else if (value < 4) out.bits((0b10 << 3) | value, 5);
  else if (value < 30) out.bits((0b110 << 6) | value, 9);
  else if (value < 100) {
    out.bits(0b11111111, 8);
    out.bits64(0, value, 64);
  } else out.bits((0b11110 << 12) | value, 17);
}
