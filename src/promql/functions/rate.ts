import { markPresent, type RangeInput, type RangeKernel, type StepsOut } from "./range-kernel.ts";
import type { Windows } from "./windows.ts";

/** Which of rate, increase and delta. */
export interface RateKind {
  readonly counter: boolean;
  readonly perSecond: boolean;
}

/**
 * Per step: the factor where zero does not limit the start, and how many times the increase the first value has to be
 * for that: seconds to the start through sampled seconds, with some to spare.
 */
const fields = 2;
const spare = 1.000001;

/**
 * rate, increase and delta as Prometheus's extrapolatedRate, to the last bit: the same operations in the same order.
 * What depends on times alone is computed once for all series that share them; a window is rescanned for resets only
 * at the resets it holds.
 */
export function createRate(kind: RateKind): RangeKernel {
  let resets = new Int32Array(64);
  return (input, out) => {
    const factors = extrapolation(input.windows, input.times, kind);
    const count = markPresent(input.windows, 2, out.present);
    if (count === 0) return 0;
    if (!kind.counter) {
      fillDelta(input, factors, out);
      return count;
    }
    if (resets.length < input.length) resets = new Int32Array(input.length * 2);
    const found = findResets(input, resets);
    fillCounter(input, { factors, kind, resets, found }, out);
    return count;
  };
}

function findResets(input: RangeInput, resets: Int32Array): number {
  const { values, length } = input;
  let found = 0;
  let previous = values[0] as number;
  for (let i = 1; i < length; i++) {
    const value = values[i] as number;
    if (value < previous) resets[found++] = i;
    previous = value;
  }
  return found;
}

function fillDelta(input: RangeInput, factors: Float64Array, out: StepsOut): void {
  const { values, windows } = input;
  const { lo, hi } = windows;
  for (let k = 0; k < lo.length; k++) {
    const last = (hi[k] as number) - 1;
    const first = lo[k] as number;
    if (last <= first) continue;
    out.values[k] = ((values[last] as number) - (values[first] as number)) * (factors[fields * k] as number);
  }
}

interface CounterState {
  readonly factors: Float64Array;
  readonly kind: RateKind;
  readonly resets: Int32Array;
  readonly found: number;
}

function fillCounter(input: RangeInput, state: CounterState, out: StepsOut): void {
  const { values, windows } = input;
  const { lo, hi } = windows;
  const { factors, resets, found, kind } = state;
  let reset = 0;
  for (let k = 0; k < lo.length; k++) {
    const first = lo[k] as number;
    const last = (hi[k] as number) - 1;
    if (last <= first) continue;
    const start = values[first] as number;
    let result = (values[last] as number) - start;
    if (found > 0) {
      while (reset < found && (resets[reset] as number) <= first) reset++;
      for (let r = reset; r < found && (resets[r] as number) <= last; r++) {
        result += values[(resets[r] as number) - 1] as number;
      }
    }
    const at = fields * k;
    let factor = factors[at] as number;
    // Divides only where zero may lie nearer than the window's start.
    if (result > 0 && start >= 0 && !(start > result * (factors[at + 1] as number))) {
      factor = limitedFactor(input, k, start / result, kind);
    }
    out.values[k] = result * factor;
  }
}

/** What rate needs of the times alone, kept with their windows. */
function extrapolation(windows: Windows, times: Float64Array, kind: RateKind): Float64Array {
  const key = kind.perSecond ? "rate" : "increase";
  const known = windows.derived.get(key);
  if (known !== undefined) return known;
  const { lo, hi, grid } = windows;
  const out = new Float64Array(fields * lo.length);
  const perSecond = kind.perSecond ? seconds(grid.rangeMs) : 1;
  for (let k = 0; k < lo.length; k++) {
    const first = lo[k] as number;
    const last = (hi[k] as number) - 1;
    if (last <= first) continue;
    const endMs = grid.firstEndMs + k * grid.stepMs;
    const firstMs = times[first] as number;
    const lastMs = times[last] as number;
    let toStart = (firstMs - (endMs - grid.rangeMs)) / 1000;
    let toEnd = (endMs - lastMs) / 1000;
    const sampled = (lastMs - firstMs) / 1000;
    const average = sampled / (last - first);
    const threshold = average * 1.1;
    if (toStart >= threshold) toStart = average / 2;
    if (toEnd >= threshold) toEnd = average / 2;
    out[fields * k] = (sampled + toStart + toEnd) / sampled / perSecond;
    out[fields * k + 1] = (toStart / sampled) * spare;
  }
  windows.derived.set(key, out);
  return out;
}

/** The factor of one step whose counter was zero `ratio` times the sampled time before its first sample, or earlier. */
function limitedFactor(input: RangeInput, step: number, ratio: number, kind: RateKind): number {
  const { times, windows } = input;
  const { lo, hi, grid } = windows;
  const first = lo[step] as number;
  const last = (hi[step] as number) - 1;
  const endMs = grid.firstEndMs + step * grid.stepMs;
  let toStart = ((times[first] as number) - (endMs - grid.rangeMs)) / 1000;
  let toEnd = (endMs - (times[last] as number)) / 1000;
  const sampled = ((times[last] as number) - (times[first] as number)) / 1000;
  const average = sampled / (last - first);
  const threshold = average * 1.1;
  if (toStart >= threshold) toStart = average / 2;
  if (toEnd >= threshold) toEnd = average / 2;
  const toZero = sampled * ratio;
  if (toZero < toStart) toStart = toZero;
  const factor = (sampled + toStart + toEnd) / sampled;
  return kind.perSecond ? factor / seconds(grid.rangeMs) : factor;
}

/** Go's Duration.Seconds: whole seconds and the rest apart. */
export function seconds(ms: number): number {
  return Math.floor(ms / 1000) + ((ms % 1000) * 1e6) / 1e9;
}
