import { markPresent, type RangeInput, type RangeKernel, type StepsOut, scanning } from "./range-kernel.ts";

/**
 * max_over_time and min_over_time in O(samples).
 *
 *   window  [ a b c | d e ]     best of each suffix of a b c, computed once from the right; running best of d e
 *   answer  better(suffix[a], running)
 *
 * The earlier of equal values wins, as upstream's. Series that hold NaN are scanned window by window.
 */
export function createExtremeOverTime(which: "max" | "min"): RangeKernel {
  const exact = scanning(which === "max" ? maxOf : minOf);
  const slide = which === "max" ? slideMax : slideMin;
  let suffix = new Float64Array(0);
  return (input, out) => {
    if (hasNaN(input)) return exact(input, out);
    if (suffix.length < input.length) suffix = new Float64Array(input.length);
    const count = markPresent(input.windows, 1, out.present);
    slide(input, suffix, out);
    return count;
  };
}

export function hasNaN(input: RangeInput): boolean {
  const { values, length } = input;
  for (let i = 0; i < length; i++) if (Number.isNaN(values[i])) return true;
  return false;
}

function slideMax(input: RangeInput, suffix: Float64Array, out: StepsOut): void {
  const { values } = input;
  const { lo, hi } = input.windows;
  let middle = 0;
  let end = 0;
  let running = -Infinity;
  for (let k = 0; k < lo.length; k++) {
    const from = lo[k] as number;
    const to = hi[k] as number;
    if (to <= from) continue;
    if (from >= middle) {
      let best = values[to - 1] as number;
      suffix[to - 1] = best;
      for (let i = to - 2; i >= from; i--) {
        const value = values[i] as number;
        if (!(best > value)) best = value;
        suffix[i] = best;
      }
      middle = to;
      end = to;
      running = -Infinity;
    }
    for (; end < to; end++) {
      const value = values[end] as number;
      if (value > running) running = value;
    }
    const left = suffix[from] as number;
    // biome-ignore lint/complexity/useMathMinMax: of 0 and -0 the earlier one counts
    out.values[k] = running > left ? running : left;
  }
}

function slideMin(input: RangeInput, suffix: Float64Array, out: StepsOut): void {
  const { values } = input;
  const { lo, hi } = input.windows;
  let middle = 0;
  let end = 0;
  let running = Infinity;
  for (let k = 0; k < lo.length; k++) {
    const from = lo[k] as number;
    const to = hi[k] as number;
    if (to <= from) continue;
    if (from >= middle) {
      let best = values[to - 1] as number;
      suffix[to - 1] = best;
      for (let i = to - 2; i >= from; i--) {
        const value = values[i] as number;
        if (!(best < value)) best = value;
        suffix[i] = best;
      }
      middle = to;
      end = to;
      running = Infinity;
    }
    for (; end < to; end++) {
      const value = values[end] as number;
      if (value < running) running = value;
    }
    const left = suffix[from] as number;
    // biome-ignore lint/complexity/useMathMinMax: of 0 and -0 the earlier one counts
    out.values[k] = running < left ? running : left;
  }
}

function maxOf({ values }: RangeInput, from: number, to: number): number {
  let best = values[from] as number;
  for (let i = from + 1; i < to; i++) {
    const value = values[i] as number;
    if (value > best || Number.isNaN(best)) best = value;
  }
  return best;
}

function minOf({ values }: RangeInput, from: number, to: number): number {
  let best = values[from] as number;
  for (let i = from + 1; i < to; i++) {
    const value = values[i] as number;
    if (value < best || Number.isNaN(best)) best = value;
  }
  return best;
}
