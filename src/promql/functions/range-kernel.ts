import type { Windows } from "./windows.ts";

/** Samples of one series and the windows that steps see of them. */
export interface RangeInput {
  readonly times: Float64Array;
  readonly values: Float64Array;
  readonly length: number;
  readonly windows: Windows;
}

/** One value for every step. */
export interface StepsOut {
  readonly values: Float64Array;
  readonly present: Uint8Array;
}

/** Fills `out` for every step, all entries of `present` included, and answers how many are present. */
export type RangeKernel = (input: RangeInput, out: StepsOut) => number;

/** A kernel from a function over one window, `from` inclusive to `to` exclusive, never empty. Scans every window anew. */
export function scanning(
  evaluate: (input: RangeInput, from: number, to: number, step: number) => number,
  least = 1,
): RangeKernel {
  return (input, out) => {
    const { lo, hi } = input.windows;
    let count = 0;
    for (let k = 0; k < lo.length; k++) {
      const from = lo[k] as number;
      const to = hi[k] as number;
      if (to - from < least) {
        out.present[k] = 0;
        continue;
      }
      out.values[k] = evaluate(input, from, to, k);
      out.present[k] = 1;
      count++;
    }
    return count;
  };
}

/** Marks the steps whose window holds at least one sample, or two, and answers how many these are. */
export function markPresent(windows: Windows, least: 1 | 2, present: Uint8Array): number {
  present.set(least === 1 ? windows.hasOne : windows.hasTwo);
  return least === 1 ? windows.withOne : windows.withTwo;
}
