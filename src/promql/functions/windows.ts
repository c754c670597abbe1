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
  /** Steps whose window has at least one sample, and two; and how many these are. */
  readonly hasOne: Uint8Array;
  readonly hasTwo: Uint8Array;
  readonly withOne: number;
  readonly withTwo: number;
  /** What kernels derive from the times alone, kept with them. */
  readonly derived: Map<string, Float64Array>;
}

export interface WindowCache {
  /** Windows over the first `length` of `times`, computed once for equal times. */
  windowsOf(times: Float64Array, length: number): Windows;
}

/**
 * Bytes that remembered patterns may take. Targets are scraped at different offsets and series come sorted by labels,
 * so the patterns of all targets take turns.
 */
const keptBytes = 24 << 20;
const leastKept = 64;
/** Of misses past that, one in so many takes the place of a remembered pattern: taking turns must not push all out. */
const missesPerChange = 8;

interface Pattern {
  readonly key: number;
  readonly times: Float64Array;
  readonly windows: Windows;
}

/** `hold` is told of the bytes that are kept. */
export function createWindowCache(grid: WindowGrid, hold?: (sizeBytes: number) => void): WindowCache {
  const byKey = new Map<number, Pattern>();
  const kept: Pattern[] = [];
  let last: Pattern | undefined;
  let misses = 0;

  const keep = (pattern: Pattern): void => {
    const sizeBytes = pattern.times.byteLength + grid.count * bytesPerStep;
    const known = byKey.get(pattern.key);
    if (known !== undefined) {
      kept[kept.indexOf(known)] = pattern;
    } else if (kept.length < Math.max(leastKept, Math.floor(keptBytes / sizeBytes))) {
      hold?.(sizeBytes);
      kept.push(pattern);
    } else {
      if (++misses % missesPerChange !== 0) return;
      const place = (misses * 0x9e3779b1) % kept.length;
      byKey.delete((kept[place] as Pattern).key);
      kept[place] = pattern;
    }
    byKey.set(pattern.key, pattern);
  };

  return {
    windowsOf(times, length) {
      if (last !== undefined && sameTimes(last.times, times, length)) return last.windows;
      const key = length === 0 ? -1 : keyOf(times[0] as number, times[length - 1] as number);
      let pattern = byKey.get(key);
      if (pattern === undefined || !sameTimes(pattern.times, times, length)) {
        pattern = { key, times: times.slice(0, length), windows: findWindows(grid, times, length) };
        keep(pattern);
      }
      last = pattern;
      return pattern.windows;
    },
  };
}

/** Two bounds, two marks, and two numbers that a kernel may derive. */
const bytesPerStep = 4 + 4 + 1 + 1 + 16;

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
  const hasOne = new Uint8Array(count);
  const hasTwo = new Uint8Array(count);
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
    if (size > 0) {
      hasOne[k] = 1;
      withOne++;
    }
    if (size > 1) {
      hasTwo[k] = 1;
      withTwo++;
    }
  }
  return { grid, lo, hi, total, largest, hasOne, hasTwo, withOne, withTwo, derived: new Map() };
}
