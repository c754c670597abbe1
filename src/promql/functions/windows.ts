/**
 * Which samples each step of a range or instant selector sees.
 *
 *   times   10   20   30   40        end of step k = firstEndMs + k·stepMs
 *   step k       (------ end]        samples with end - rangeMs < t ≤ end
 *   lo=1, hi=3   first seen, first not seen any more
 */
export interface WindowGrid {
  readonly firstEndMs: number;
  /** 0 where `@` pins all steps to one window. */
  readonly stepMs: number;
  readonly count: number;
  readonly rangeMs: number;
}

export interface Windows {
  readonly grid: WindowGrid;
  readonly lo: Int32Array;
  readonly hi: Int32Array;
  /** Sum of all window sizes. */
  readonly total: number;
  readonly largest: number;
  /** Steps whose window has at least one sample, and two. */
  readonly withOne: number;
  readonly withTwo: number;
  /** What kernels derive from the times alone, kept with them. */
  readonly derived: Map<string, Float64Array>;
}

export interface WindowCache {
  /** Windows over the first `length` of `times`, computed once for equal times. */
  windowsOf(times: Float64Array, length: number): Windows;
}

/** Different scrape patterns remembered; targets are scraped at different offsets, and series come sorted by labels. */
const patternsKept = 64;

interface Pattern {
  readonly times: Float64Array;
  readonly windows: Windows;
}

export function createWindowCache(grid: WindowGrid): WindowCache {
  const patterns = new Map<number, Pattern>();
  let last: Pattern | undefined;
  return {
    windowsOf(times, length) {
      if (last !== undefined && sameTimes(last.times, times, length)) return last.windows;
      const key = length === 0 ? -1 : keyOf(times[0] as number, times[length - 1] as number);
      let pattern = patterns.get(key);
      if (pattern === undefined || !sameTimes(pattern.times, times, length)) {
        if (patterns.size >= patternsKept) patterns.delete(patterns.keys().next().value as number);
        pattern = { times: times.slice(0, length), windows: findWindows(grid, times, length) };
        patterns.set(key, pattern);
      }
      last = pattern;
      return pattern.windows;
    },
  };
}

/** The low 26 bits of both times, more or less: patterns that share a key only push each other out. */
function keyOf(firstMs: number, lastMs: number): number {
  return (Math.abs(firstMs) % 0x4000000) * 0x4000000 + (Math.abs(lastMs) % 0x4000000);
}

function sameTimes(kept: Float64Array, times: Float64Array, length: number): boolean {
  if (kept.length !== length) return false;
  // From the end: patterns that differ mostly do so everywhere.
  for (let i = length - 1; i >= 0; i--) if (kept[i] !== times[i]) return false;
  return true;
}

/** Window bounds by two indexes that only move forward. */
export function findWindows(grid: WindowGrid, times: Float64Array, length: number): Windows {
  const { firstEndMs, stepMs, count, rangeMs } = grid;
  const lo = new Int32Array(count);
  const hi = new Int32Array(count);
  let first = 0;
  let end = 0;
  let total = 0;
  let largest = 0;
  let withOne = 0;
  let withTwo = 0;
  for (let k = 0; k < count; k++) {
    const endMs = firstEndMs + k * stepMs;
    const startMs = endMs - rangeMs;
    while (end < length && (times[end] as number) <= endMs) end++;
    while (first < end && (times[first] as number) <= startMs) first++;
    lo[k] = first;
    hi[k] = end;
    const size = end - first;
    total += size;
    if (size > largest) largest = size;
    if (size > 0) withOne++;
    if (size > 1) withTwo++;
  }
  return { grid, lo, hi, total, largest, withOne, withTwo, derived: new Map() };
}
