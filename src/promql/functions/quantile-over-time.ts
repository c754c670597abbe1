import { hasNaN } from "./extremes-over-time.ts";
import { quantileOf, quantileOfSorted } from "./quantile.ts";
import { markPresent, type RangeInput, type RangeKernel, type StepsOut, scanning } from "./range-kernel.ts";

/**
 * quantile_over_time with a sorted copy of the window that follows it: a value that enters takes the place of one that
 * leaves, and only what lies between the two places moves. Series that hold NaN are sorted window by window.
 */
export function createQuantileOverTime(phi: Float64Array): RangeKernel {
  let sorted = new Float64Array(0);
  const exact = scanning(({ values }, from, to, step) => {
    sorted.set(values.subarray(from, to));
    return quantileOf(phi[step] as number, sorted, to - from);
  });
  return (input, out) => {
    if (sorted.length < input.windows.largest) sorted = new Float64Array(input.windows.largest);
    if (hasNaN(input)) return exact(input, out);
    const count = markPresent(input.windows, 1, out.present);
    follow(input, phi, sorted, out);
    return count;
  };
}

function follow(input: RangeInput, phi: Float64Array, sorted: Float64Array, out: StepsOut): void {
  const { values } = input;
  const { lo, hi } = input.windows;
  let first = 0;
  let end = 0;
  let size = 0;
  for (let k = 0; k < lo.length; k++) {
    const from = lo[k] as number;
    const to = hi[k] as number;
    if (to <= from) continue;
    if (from >= end) {
      // Nothing of the last window is left.
      size = to - from;
      sorted.set(values.subarray(from, to));
      sorted.subarray(0, size).sort();
      first = from;
      end = to;
    }
    while (first < from && end < to) {
      replace(sorted, size, values[first++] as number, values[end++] as number);
    }
    while (first < from) size = remove(sorted, size, values[first++] as number);
    while (end < to) size = insert(sorted, size, values[end++] as number);
    out.values[k] = quantileOfSorted(phi[k] as number, sorted, size);
  }
}

/** Index of the first entry not below `value`. */
function lowerBound(sorted: Float64Array, size: number, value: number): number {
  let base = 0;
  let left = size;
  while (left > 1) {
    const half = left >>> 1;
    base += (sorted[base + half - 1] as number) < value ? half : 0;
    left -= half;
  }
  return left === 1 && (sorted[base] as number) < value ? base + 1 : base;
}

function replace(sorted: Float64Array, size: number, leaving: number, entering: number): void {
  let at = lowerBound(sorted, size, leaving);
  if (entering > leaving) {
    for (; at + 1 < size && (sorted[at + 1] as number) < entering; at++) {
      sorted[at] = sorted[at + 1] as number;
    }
  } else {
    for (; at > 0 && (sorted[at - 1] as number) > entering; at--) sorted[at] = sorted[at - 1] as number;
  }
  sorted[at] = entering;
}

function remove(sorted: Float64Array, size: number, value: number): number {
  const at = lowerBound(sorted, size, value);
  sorted.copyWithin(at, at + 1, size);
  return size - 1;
}

function insert(sorted: Float64Array, size: number, value: number): number {
  const at = lowerBound(sorted, size, value);
  sorted.copyWithin(at + 1, at, size);
  sorted[at] = value;
  return size + 1;
}
