import { addCompensated } from "./neumaier.ts";
import { type RangeInput, type RangeKernel, scanning } from "./range-kernel.ts";

/** A least-squares line: its slope per second and its value at the intercept. */
interface Line {
  slope: number;
  intercept: number;
}

/** Sums over a window that its times alone decide, kept with the windows: Σx and Σx² per step. */
type TimeSums = Float64Array;

/** deriv: the slope of the least-squares line through the window, per second. */
export function createDeriv(): RangeKernel {
  return fitting(
    "deriv",
    ({ times }, from) => times[from] as number,
    (line) => line.slope,
  );
}

/** predict_linear: that line's value `seconds` after the step, whatever the offset. */
export function createPredictLinear(
  seconds: Float64Array,
  grid: { readonly startMs: number; readonly stepMs: number },
): RangeKernel {
  return fitting(
    "predict_linear",
    (_input, _from, step) => grid.startMs + step * grid.stepMs,
    (line, step) => line.slope * (seconds[step] as number) + line.intercept,
  );
}

function fitting(
  name: string,
  interceptMs: (input: RangeInput, from: number, step: number) => number,
  answer: (line: Line, step: number) => number,
): RangeKernel {
  const line = { slope: 0, intercept: 0 };
  let sums: TimeSums = new Float64Array(0);
  const scan = scanning((input, from, to, step) => {
    const x = { from, to, interceptMs: interceptMs(input, from, step) };
    fit(input, x, { x: sums[2 * step] as number, xx: sums[2 * step + 1] as number }, line);
    return answer(line, step);
  }, 2);
  return (input, out) => {
    const { derived, lo, hi } = input.windows;
    let known = derived.get(name);
    if (known === undefined) {
      known = new Float64Array(2 * lo.length);
      for (let k = 0; k < lo.length; k++) {
        const from = lo[k] as number;
        const to = hi[k] as number;
        if (to > from) sumTimes(input, { from, to, interceptMs: interceptMs(input, from, k) }, known, k);
      }
      derived.set(name, known);
    }
    sums = known;
    return scan(input, out);
  };
}

interface Window {
  readonly from: number;
  readonly to: number;
  readonly interceptMs: number;
}

function sumTimes({ times }: RangeInput, window: Window, sums: TimeSums, step: number): void {
  const x = { sum: 0, lost: 0 };
  const xx = { sum: 0, lost: 0 };
  for (let i = window.from; i < window.to; i++) {
    const at = ((times[i] as number) - window.interceptMs) / 1e3;
    addCompensated(x, at);
    addCompensated(xx, at * at);
  }
  sums[2 * step] = x.sum + x.lost;
  sums[2 * step + 1] = xx.sum + xx.lost;
}

/** Upstream's linearRegression, in its order of operations. */
function fit(
  { times, values }: RangeInput,
  { from, to, interceptMs }: Window,
  sums: { readonly x: number; readonly xx: number },
  line: Line,
): void {
  const start = values[from] as number;
  let constant = true;
  let y = 0;
  let yLost = 0;
  let xy = 0;
  let xyLost = 0;
  for (let i = from; i < to; i++) {
    const value = values[i] as number;
    if (i > from && value !== start) constant = false;
    let total = y + value;
    if (total === Infinity || total === -Infinity) yLost = 0;
    else yLost += Math.abs(y) >= Math.abs(value) ? y - total + value : value - total + y;
    y = total;
    const product = (((times[i] as number) - interceptMs) / 1e3) * value;
    total = xy + product;
    if (total === Infinity || total === -Infinity) xyLost = 0;
    else xyLost += Math.abs(xy) >= Math.abs(product) ? xy - total + product : product - total + xy;
    xy = total;
  }
  if (constant) {
    const infinite = start === Infinity || start === -Infinity;
    line.slope = infinite ? Number.NaN : 0;
    line.intercept = infinite ? Number.NaN : start;
    return;
  }
  const n = to - from;
  y += yLost;
  const covariance = xy + xyLost - (sums.x * y) / n;
  const variance = sums.xx - (sums.x * sums.x) / n;
  line.slope = covariance / variance;
  line.intercept = y / n - (line.slope * sums.x) / n;
}
