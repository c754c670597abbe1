import { addCompensated } from "./neumaier.ts";
import { markPresent, type RangeInput, type RangeKernel, type StepsOut, scanning } from "./range-kernel.ts";
import { createSpread, isEven, largestPlain, resetSpread, widenSpread } from "./spread.ts";

/**
 * sum_over_time and avg_over_time in O(samples): sums of what enters are kept apart from suffix sums of what leaves,
 * so nothing is ever subtracted and nothing drifts.
 *
 *   window  [ a b c | d e ]     suffix sums of a b c, computed once from the right; running sum of d e
 *   answer  suffix[a] + running
 *
 * All parts carry their lost bits (Neumaier), which gives upstream's compensated result. Series with non-finite or huge
 * values, or with values of both signs and very different size, are scanned window by window in upstream's order instead.
 */
export function createSumOverTime(average: boolean): RangeKernel {
  const exact = scanning(average ? exactAverage : exactSum);
  let suffix = { sum: new Float64Array(0), lost: new Float64Array(0) };
  return (input, out) => {
    if (!isPlain(input)) return exact(input, out);
    if (suffix.sum.length < input.length) {
      suffix = { sum: new Float64Array(input.length), lost: new Float64Array(input.length) };
    }
    const count = markPresent(input.windows, 1, out.present);
    slide(input, suffix, average, out);
    return count;
  };
}

/** Whether no order of addition overflows, or loses more than another. */
function isPlain({ values, length }: RangeInput): boolean {
  let least = 0;
  let greatest = 0;
  for (let i = 0; i < length; i++) {
    const value = values[i] as number;
    if (!(Math.abs(value) <= largestPlain)) return false;
    if (value < least) least = value;
    if (value > greatest) greatest = value;
  }
  if (least === 0 || greatest === 0) return true;
  resetSpread(spread);
  for (let i = 0; i < length; i++) widenSpread(spread, values[i] as number);
  return isEven(spread);
}

const spread = createSpread();

function slide(
  input: RangeInput,
  suffix: { readonly sum: Float64Array; readonly lost: Float64Array },
  average: boolean,
  out: StepsOut,
): void {
  const { values } = input;
  const { lo, hi } = input.windows;
  let middle = 0;
  let end = 0;
  let sum = 0;
  let lost = 0;
  for (let k = 0; k < lo.length; k++) {
    const from = lo[k] as number;
    const to = hi[k] as number;
    if (to <= from) continue;
    if (from >= middle) {
      suffixSums(values, from, to, suffix);
      middle = to;
      end = to;
      sum = 0;
      lost = 0;
    }
    for (; end < to; end++) {
      const value = values[end] as number;
      const total = sum + value;
      const part = total - sum;
      lost += sum - (total - part) + (value - part);
      sum = total;
    }
    const left = suffix.sum[from] as number;
    const total = left + sum;
    const part = total - left;
    const rest = left - (total - part) + (sum - part) + (suffix.lost[from] as number) + lost;
    out.values[k] = average ? total / (to - from) + rest / (to - from) : total + rest;
  }
}

function suffixSums(
  values: Float64Array,
  from: number,
  to: number,
  suffix: { readonly sum: Float64Array; readonly lost: Float64Array },
): void {
  let sum = 0;
  let lost = 0;
  for (let i = to - 1; i >= from; i--) {
    const value = values[i] as number;
    const total = sum + value;
    const part = total - sum;
    lost += sum - (total - part) + (value - part);
    sum = total;
    suffix.sum[i] = sum;
    suffix.lost[i] = lost;
  }
}

function exactSum(input: RangeInput, from: number, to: number): number {
  const state = { sum: 0, lost: 0 };
  for (let i = from; i < to; i++) addCompensated(state, input.values[i] as number);
  return Number.isFinite(state.sum) ? state.sum + state.lost : state.sum;
}

/** Upstream's average: of the sum until that would overflow, then an incremental mean. */
export function exactAverage(input: RangeInput, from: number, to: number): number {
  const state = { sum: input.values[from] as number, lost: 0 };
  let incremental = false;
  for (let i = from + 1; i < to; i++) {
    const value = input.values[i] as number;
    const n = i - from + 1;
    if (!incremental) {
      const total = state.sum + value;
      if (total !== Infinity && total !== -Infinity) {
        addCompensated(state, value);
        continue;
      }
      incremental = true;
      state.sum /= n - 1;
      state.lost /= n - 1;
    }
    const q = (n - 1) / n;
    state.sum *= q;
    state.lost *= q;
    addCompensated(state, value / n);
  }
  const n = to - from;
  return incremental ? state.sum + state.lost : state.sum / n + state.lost / n;
}
