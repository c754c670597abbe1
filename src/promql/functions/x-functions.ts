import { GatewayError } from "../../lib/errors.ts";
import type { RangeInput, RangeKernel } from "./range-kernel.ts";

/** How far before a range the sample may lie that it starts from. */
export const xLookbackMs = 3_600_000;

const kinds = {
  xdelta: { counter: false, perSecond: false },
  xincrease: { counter: true, perSecond: false },
  xrate: { counter: true, perSecond: true },
} as const;

export function isXFunction(func: string): func is keyof typeof kinds {
  return Object.hasOwn(kinds, func);
}

/**
 * xrate, xincrease and xdelta as thanos-io/promql-engine has them (extendedRate): from the last sample before the range
 * to the last one in it, without extrapolation; scaled to the range only where samples cover it.
 *
 *          start            end       windows reach back by the lookback; the first sample that counts
 *      ·  · |─·────·────·────|        is the last one at the start or before, where there is one
 */
export function createXFunction(func: keyof typeof kinds, rangeMs: number): RangeKernel {
  const kind = kinds[func];
  const whole = createSeen();
  const part = createSeen();
  return (input, out) => {
    const { times, values, length, windows } = input;
    const { lo, hi, grid } = windows;
    const lost = grid.stepMs > rangeMs ? new Uint8Array(length) : undefined;
    if (lost === undefined) see(times, values, length, whole);
    const appearedMs = times[lo[0] ?? 0] as number;
    let inRange = 0;
    let count = 0;
    for (let k = 0; k < lo.length; k++) {
      const endMs = grid.firstEndMs + k * grid.stepMs;
      const startMs = endMs - rangeMs;
      const to = hi[k] as number;
      while (inRange < to && (times[inRange] as number) <= startMs) inRange++;
      let before = inRange - 1;
      if (lost !== undefined) {
        if (k > 0 && (hi[k - 1] as number) < inRange) lost[hi[k - 1] as number] = 1;
        while (before >= 0 && lost[before] === 1) before--;
      }
      const from = before >= (lo[k] as number) ? before : inRange;
      out.present[k] = from < to ? 1 : 0;
      if (from >= to) continue;
      count++;
      const window = { ...kind, startMs, endMs, rangeMs, appearedMs };
      if (lost === undefined) {
        out.values[k] = changeOver(whole, from, to - 1, window);
      } else {
        const size = pick(input, { from, inRange, to }, part);
        out.values[k] = changeOver(part, 0, size - 1, window);
      }
    }
    return count;
  };
}

/**
 * Copies what a window sees, where steps leave gaps between their ranges. Upstream reads one sample past each step, and
 * loses it where it is not in the next step's range: such a sample does not count as the one before a range.
 */
function pick(
  { times, values }: RangeInput,
  { from, inRange, to }: { readonly from: number; readonly inRange: number; readonly to: number },
  into: Seen,
): number {
  const first = from < inRange ? 1 : 0;
  const size = to - inRange + first;
  const seenTimes = new Float64Array(size);
  const seenValues = new Float64Array(size);
  seenTimes[0] = times[from] as number;
  seenValues[0] = values[from] as number;
  seenTimes.set(times.subarray(inRange, to), first);
  seenValues.set(values.subarray(inRange, to), first);
  see(seenTimes, seenValues, size, into);
  return size;
}

/** Samples, and what happens between them, found once for all windows. */
interface Seen {
  times: Float64Array;
  values: Float64Array;
  /** Samples below the one before, ascending; `found` of them. */
  resets: Int32Array;
  found: number;
  /** How many samples up to each differ from the one before. */
  changesTo: Int32Array;
}

function createSeen(): Seen {
  const none = new Float64Array(0);
  return { times: none, values: none, resets: new Int32Array(0), found: 0, changesTo: new Int32Array(0) };
}

function see(times: Float64Array, values: Float64Array, length: number, into: Seen): void {
  into.times = times;
  into.values = values;
  if (into.resets.length < length) {
    into.resets = new Int32Array(length);
    into.changesTo = new Int32Array(length);
  }
  let found = 0;
  let changes = 0;
  into.changesTo[0] = 0;
  for (let i = 1; i < length; i++) {
    const value = values[i] as number;
    const before = values[i - 1] as number;
    if (value < before) into.resets[found++] = i;
    if (value !== before) changes++;
    into.changesTo[i] = changes;
  }
  into.found = found;
}

interface Window {
  readonly counter: boolean;
  readonly perSecond: boolean;
  readonly startMs: number;
  readonly endMs: number;
  readonly rangeMs: number;
  /** When the series had its first sample. */
  readonly appearedMs: number;
}

/** The change from sample `from` to sample `last`. */
function changeOver(seen: Seen, from: number, last: number, window: Window): number {
  const { times, values, changesTo } = seen;
  const { counter, perSecond, startMs, endMs, rangeMs } = window;
  const scaled = !counter || perSecond;
  // A counter that has just appeared comes from nothing.
  const appears = !scaled && endMs <= rangeMs + window.appearedMs;
  if (appears && changesTo[from] === changesTo[last]) return values[from] as number;
  const lastMs = times[last] as number;
  let first = from;
  let sampledMs = lastMs - (times[first] as number);
  let averageMs = sampledMs / (last - first);
  // A sample too far before the range does not count.
  if (scaled && startMs - (times[first] as number) > averageMs) {
    if (last - first < 2) return 0;
    first++;
    sampledMs = lastMs - (times[first] as number);
    averageMs = sampledMs / (last - first);
  }
  const lost = counter ? lostToResets(seen, first, last) : 0;
  let change = (values[last] as number) - (values[first] as number) + lost;
  // Whole seconds, as upstream divides.
  const rangeSeconds = Math.trunc(rangeMs / 1000);
  if (scaled && (times[first] as number) <= startMs && endMs - lastMs < averageMs) {
    change *= rangeSeconds / (sampledMs / 1000);
  }
  return perSecond ? change / rangeSeconds : change;
}

function lostToResets({ values, resets, found }: Seen, first: number, last: number): number {
  let lost = 0;
  for (let r = firstAfter(resets, found, first); r < found && (resets[r] as number) <= last; r++) {
    lost += values[(resets[r] as number) - 1] as number;
  }
  return lost;
}

/** Index of the first entry above `sample`. */
function firstAfter(resets: Int32Array, count: number, sample: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((resets[middle] as number) <= sample) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function noHistogramsInXFunctions(): GatewayError {
  return new GatewayError("execution", "native histograms are not supported in extended range functions");
}
