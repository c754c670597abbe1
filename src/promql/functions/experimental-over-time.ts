import { GatewayError } from "../../lib/errors.ts";
import { quantileOfSorted } from "./quantile.ts";
import { type RangeInput, type RangeKernel, scanning } from "./range-kernel.ts";
import type { Windows } from "./windows.ts";

/** mad_over_time: the median of distances from the median; NaN where the window holds one. */
export function createMadOverTime(): RangeKernel {
  let scratch = new Float64Array(0);
  return scanning(({ values }, from, to) => {
    const size = to - from;
    if (scratch.length < size) scratch = new Float64Array(size);
    const window = scratch.subarray(0, size);
    window.set(values.subarray(from, to));
    window.sort();
    if (Number.isNaN(window[size - 1])) return Number.NaN;
    const median = quantileOfSorted(0.5, window, size);
    for (let i = 0; i < size; i++) window[i] = Math.abs((window[i] as number) - median);
    window.sort();
    return quantileOfSorted(0.5, window, size);
  });
}

/** ts_of_max_over_time and ts_of_min_over_time: seconds of the last sample with the extreme value. */
export function createTimeOfExtreme(which: "max" | "min"): RangeKernel {
  return scanning(({ times, values }, from, to) => {
    let best = values[from] as number;
    let at = from;
    for (let i = from + 1; i < to; i++) {
      const value = values[i] as number;
      if ((which === "max" ? value >= best : value <= best) || Number.isNaN(best)) {
        best = value;
        at = i;
      }
    }
    return (times[at] as number) / 1000;
  });
}

/** double_exponential_smoothing. Throws GatewayError `execution` for factors outside (0, 1). */
export function createDoubleExponentialSmoothing(smoothing: Float64Array, trend: Float64Array): RangeKernel {
  const smooth = scanning(
    (input, from, to, step) =>
      smoothed(input, from, to, { sf: smoothing[step] as number, tf: trend[step] as number }),
    2,
  );
  return (input, out) => {
    checkFactors(input.windows, [smoothing, trend]);
    return smooth(input, out);
  };
}

/** Throws GatewayError `execution` where a window holds samples and its factors are not between 0 and 1. */
export function checkFactors({ lo, hi }: Windows, [smoothing, trend]: readonly Float64Array[]): void {
  for (let k = 0; k < lo.length; k++) {
    if ((hi[k] as number) === (lo[k] as number)) continue;
    checkFactor("smoothing", "sf", smoothing?.[k] ?? 0);
    checkFactor("trend", "tf", trend?.[k] ?? 0);
  }
}

function checkFactor(what: string, name: string, value: number): void {
  if (value <= 0 || value >= 1) {
    throw new GatewayError(
      "execution",
      `invalid ${what} factor. Expected: 0 < ${name} < 1, got: ${value.toFixed(6)}`,
    );
  }
}

function smoothed(
  { values }: RangeInput,
  from: number,
  to: number,
  factors: { readonly sf: number; readonly tf: number },
): number {
  const { sf, tf } = factors;
  let before = 0;
  let level = values[from] as number;
  let slope = (values[from + 1] as number) - level;
  for (let i = from + 1; i < to; i++) {
    const x = sf * (values[i] as number);
    if (i > from + 1) slope = tf * (level - before) + (1 - tf) * slope;
    const y = (1 - sf) * (level + slope);
    before = level;
    level = x + y;
  }
  return level;
}
