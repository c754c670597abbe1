import { addCompensated } from "./neumaier.ts";
import { type RangeInput, type RangeKernel, scanning } from "./range-kernel.ts";

/** deriv: the slope of the least-squares line through the window, per second. */
export function createDeriv(): RangeKernel {
  const line = { slope: 0, intercept: 0 };
  return scanning((input, from, to) => {
    fit(input, { from, to, interceptMs: input.times[from] as number }, line);
    return line.slope;
  }, 2);
}

/** predict_linear: that line's value `seconds` after the step, whatever the offset. */
export function createPredictLinear(
  seconds: Float64Array,
  grid: { readonly startMs: number; readonly stepMs: number },
): RangeKernel {
  const line = { slope: 0, intercept: 0 };
  return scanning((input, from, to, step) => {
    fit(input, { from, to, interceptMs: grid.startMs + step * grid.stepMs }, line);
    return line.slope * (seconds[step] as number) + line.intercept;
  }, 2);
}

/** Upstream's linearRegression, in its order of operations. */
function fit(
  { times, values }: RangeInput,
  window: { readonly from: number; readonly to: number; readonly interceptMs: number },
  line: { slope: number; intercept: number },
): void {
  const { from, to, interceptMs } = window;
  const x = { sum: 0, lost: 0 };
  const y = { sum: 0, lost: 0 };
  const xy = { sum: 0, lost: 0 };
  const xx = { sum: 0, lost: 0 };
  const start = values[from] as number;
  let constant = true;
  for (let i = from; i < to; i++) {
    const value = values[i] as number;
    if (i > from && value !== start) constant = false;
    const at = ((times[i] as number) - interceptMs) / 1e3;
    addCompensated(x, at);
    addCompensated(y, value);
    addCompensated(xy, at * value);
    addCompensated(xx, at * at);
  }
  if (constant) {
    const infinite = start === Infinity || start === -Infinity;
    line.slope = infinite ? Number.NaN : 0;
    line.intercept = infinite ? Number.NaN : start;
    return;
  }
  const n = to - from;
  const sumX = x.sum + x.lost;
  const sumY = y.sum + y.lost;
  const covariance = xy.sum + xy.lost - (sumX * sumY) / n;
  const variance = xx.sum + xx.lost - (sumX * sumX) / n;
  line.slope = covariance / variance;
  line.intercept = sumY / n - (line.slope * sumX) / n;
}
