import type { StepGrid } from "../../promql/engine.ts";
import { writeWhole } from "./float-text.ts";

/** Most bytes of `[timestamp,"`. */
const prefixBytes = 32;

/** Writes Unix milliseconds as seconds: whole, or with exactly three decimals. Returns the end. */
export function writeTimestamp(bytes: Uint8Array, start: number, timeMs: number): number {
  let at = start;
  let rest = timeMs;
  if (rest < 0) {
    bytes[at++] = 45;
    rest = -rest;
  }
  const seconds = Math.floor(rest / 1000);
  const milli = rest - seconds * 1000;
  at = writeWhole(bytes, at, seconds);
  if (milli === 0) return at;
  bytes[at] = 46;
  bytes[at + 1] = 48 + ((milli / 100) | 0);
  bytes[at + 2] = 48 + (((milli / 10) | 0) % 10);
  bytes[at + 3] = 48 + (milli % 10);
  return at + 4;
}

/** `[timestamp,"` of every step of a query, made once: step i is `lengths[i]` bytes from `words[i × stride]` on, little-endian. */
export interface StepPrefixes {
  readonly words: Uint32Array;
  /** In words. */
  readonly stride: number;
  readonly lengths: Uint8Array;
}

export function renderStepPrefixes(grid: StepGrid): StepPrefixes {
  const bytes = new Uint8Array(grid.count * prefixBytes);
  const lengths = new Uint8Array(grid.count);
  for (let i = 0; i < grid.count; i++) {
    const start = i * prefixBytes;
    lengths[i] = writePointPrefix(bytes, start, grid.startMs + i * grid.stepMs) - start;
  }
  const words = new Uint32Array(grid.count * (prefixBytes / 4));
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < words.length; i++) words[i] = view.getUint32(4 * i, true);
  return { words, stride: prefixBytes / 4, lengths };
}

/** Writes `[timestamp,"`; returns the end. */
export function writePointPrefix(bytes: Uint8Array, start: number, timeMs: number): number {
  bytes[start] = 91;
  const end = writeTimestamp(bytes, start + 1, timeMs);
  bytes[end] = 44;
  bytes[end + 1] = 34;
  return end + 2;
}
