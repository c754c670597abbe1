import { type RangeInput, type RangeKernel, scanning } from "./range-kernel.ts";
import type { RateKind } from "./rate.ts";
import type { Windows } from "./windows.ts";

/**
 * Range functions of anchored and smoothed selectors. Windows reach further than the range by the lookback: back, and
 * for smoothed ones forth too, so that there is a value at both edges of the range.
 *
 *           start                end
 *      ·  ────|──·──────·─────·───|────  ·
 *     left edge: last sample before, or between it and the next (smoothed)
 */
export interface Extension {
  readonly smoothed: boolean;
  readonly rangeMs: number;
  readonly lookbackMs: number;
}

/** The first and last sample that count, `last` inclusive, and the edges of the range. */
interface Reach {
  /** The window's first sample, that may lie before what counts. */
  readonly from: number;
  readonly first: number;
  readonly last: number;
  readonly startMs: number;
  readonly endMs: number;
}

function edges(windows: Windows, step: number, extension: Extension): { startMs: number; endMs: number } {
  const { grid } = windows;
  const reachMs = grid.firstEndMs + step * grid.stepMs;
  const endMs = extension.smoothed ? reachMs - extension.lookbackMs : reachMs;
  return { startMs: endMs - extension.rangeMs, endMs };
}

/** Undefined where no sample lies after the start of the range. */
function reachOf(
  times: Float64Array,
  from: number,
  to: number,
  at: { readonly startMs: number; readonly endMs: number; readonly smoothed: boolean },
): Reach | undefined {
  let last = to - 1;
  let first = from;
  while (first < last && (times[first + 1] as number) <= at.startMs) first++;
  if (at.smoothed) {
    let end = from;
    while (end < last && (times[end] as number) < at.endMs) end++;
    last = end;
  }
  if ((times[last] as number) <= at.startMs) return undefined;
  return { from, first, last, startMs: at.startMs, endMs: at.endMs };
}

/** rate, increase and delta between the values at the edges, without extrapolation. */
export function createExtendedRate(kind: RateKind, extension: Extension): RangeKernel {
  const { smoothed } = extension;
  return maybe((input, from, to, step) => {
    const reach = reachOf(input.times, from, to, { ...edges(input.windows, step, extension), smoothed });
    if (reach === undefined) return undefined;
    if (smoothed && (input.times[reach.first] as number) > reach.endMs) return undefined;
    const left = leftEdge(input, reach, { ...kind, smoothed });
    const right = rightEdge(input, reach, { ...kind, smoothed });
    let result = right - left;
    if (kind.counter) result += lostToResets(input, reach, left, right);
    return kind.perSecond ? result / (extension.rangeMs / 1000) : result;
  });
}

interface Edge {
  readonly counter: boolean;
  readonly smoothed: boolean;
}

function leftEdge(input: RangeInput, { first, startMs }: Reach, { smoothed, counter }: Edge): number {
  const { times, values } = input;
  if (!smoothed || (times[first] as number) >= startMs) return values[first] as number;
  return between(input, first, startMs, counter);
}

function rightEdge(input: RangeInput, { from, last, endMs }: Reach, { smoothed, counter }: Edge): number {
  const { times, values } = input;
  if (!smoothed || last === from || (times[last] as number) <= endMs) return values[last] as number;
  return between(input, last - 1, endMs, counter);
}

/** The value at `timeMs` on the line from sample `at` to the next; a counter that was reset rises from 0. */
function between({ times, values }: RangeInput, at: number, timeMs: number, counter: boolean): number {
  const next = values[at + 1] as number;
  const value = values[at] as number;
  const start = counter && next < value ? 0 : value;
  const fromMs = times[at] as number;
  return start + ((next - start) * (timeMs - fromMs)) / ((times[at + 1] as number) - fromMs);
}

/** What a counter had when it was reset within the range, the edges' values included. */
function lostToResets(input: RangeInput, reach: Reach, left: number, right: number): number {
  const { times, values } = input;
  let lost = 0;
  let previous = left;
  for (let i = reach.first; i <= reach.last; i++) {
    const timeMs = times[i] as number;
    if (timeMs <= reach.startMs || timeMs >= reach.endMs) continue;
    const value = values[i] as number;
    if (value < previous) lost += previous;
    previous = value;
  }
  return right < previous ? lost + previous : lost;
}

/** changes and resets of an anchored range: the last sample before the range is what its first is compared with. */
export function createAnchoredEvents(event: "changes" | "resets", extension: Extension): RangeKernel {
  return maybe((input, from, to, step) => {
    const at = edges(input.windows, step, extension);
    const reach = reachOf(input.times, from, to, { ...at, smoothed: false });
    if (reach === undefined) return undefined;
    const { values } = input;
    let events = 0;
    for (let i = reach.first + 1; i <= reach.last; i++) {
      const previous = values[i - 1] as number;
      const value = values[i] as number;
      const differs = value !== previous && !(Number.isNaN(value) && Number.isNaN(previous));
      if (event === "resets" ? value < previous : differs) events++;
    }
    return events;
  });
}

/** smoothed instant selectors: the value on the line between the samples around the step, or the last one before it. */
export function createSmoothedInstant(lookbackMs: number): RangeKernel {
  return maybe((input, from, to, step) => {
    const { times, values, windows } = input;
    const timeMs = windows.grid.firstEndMs + step * windows.grid.stepMs - lookbackMs;
    let next = from;
    while (next < to && (times[next] as number) < timeMs) next++;
    if (next < to && times[next] === timeMs) return values[next] as number;
    if (next === from) return undefined;
    return next < to ? between(input, next - 1, timeMs, false) : (values[next - 1] as number);
  });
}

/** Samples of a bare anchored or smoothed range: those inside, and the values at its edges as samples there. */
export function extendSamples(input: RangeInput, extension: Extension): { t: number; v: number }[] {
  const { times, values, windows } = input;
  const from = windows.lo[0] as number;
  const to = windows.hi[0] as number;
  if (to === from) return [];
  const { smoothed } = extension;
  const reach = reachOf(times, from, to, { ...edges(windows, 0, extension), smoothed });
  if (reach === undefined) return [];
  const samples = [{ t: reach.startMs, v: leftEdge(input, reach, { counter: false, smoothed }) }];
  for (let i = reach.first; i <= reach.last; i++) {
    const t = times[i] as number;
    if (t > reach.startMs && t < reach.endMs) samples.push({ t, v: values[i] as number });
  }
  samples.push({ t: reach.endMs, v: rightEdge(input, reach, { counter: false, smoothed }) });
  return samples;
}

/** A scanning kernel that may have no answer for a window. */
function maybe(
  evaluate: (input: RangeInput, from: number, to: number, step: number) => number | undefined,
): RangeKernel {
  let absent = 0;
  let missing = new Uint8Array(0);
  const scan = scanning((input, from, to, step) => {
    const value = evaluate(input, from, to, step);
    if (value !== undefined) return value;
    missing[step] = 1;
    absent++;
    return Number.NaN;
  });
  return (input, out) => {
    absent = 0;
    if (missing.length !== out.present.length) missing = new Uint8Array(out.present.length);
    else missing.fill(0);
    const count = scan(input, out);
    if (absent > 0) {
      for (let k = 0; k < missing.length; k++) if (missing[k] === 1) out.present[k] = 0;
    }
    return count - absent;
  };
}
