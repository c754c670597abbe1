import type { HistogramColumn } from "../../../model/histogram/histogram-column.ts";
import type { RangeInput, RangeKernel, StepsOut } from "../range-kernel.ts";
import { findWindows, type WindowGrid, type Windows } from "../windows.ts";

/** Samples of which some are native histograms, or know when their counter began. */
export interface MixedInput extends RangeInput {
  /** Row i for sample i; no row may have one, where only start times are known. */
  readonly histograms: HistogramColumn;
  /** Unix ms, 0 for unknown; `undefined` where all are, or where the function does not ask. */
  readonly startTimesMs: Float64Array | undefined;
}

/** A value or a histogram for every step. */
export interface MixedOut extends StepsOut {
  /** Empty at first. A step that is present and has no row here is a float. */
  readonly histograms: HistogramColumn;
  /** A set of `notes`: what is to be said of the answers. */
  notes: number;
  /** Windows in which a counter began before a sample that it should come after. */
  overlaps: number;
}

/** What kernels say of their answers; annotations are made of it. */
export const notes = {
  mixedTypes: 1,
  ignoredHistograms: 2,
  notCounter: 4,
  notGauge: 8,
  mixedSchemas: 16,
  mismatchedAddition: 32,
  mismatchedSubtraction: 64,
  mismatchedAggregation: 128,
  resetCollision: 256,
} as const;

/** Fills `out` for every step, all entries of `present` included, and answers how many are present. */
export type MixedKernel = (input: MixedInput, out: MixedOut) => number;

/** The floats among mixed samples, with the windows over them alone. Lent until the next call. */
export interface FloatPart {
  readonly input: RangeInput;
  readonly startTimesMs: Float64Array | undefined;
  /** The windows over all samples. Where one holds more, it has histograms too. */
  readonly whole: Windows;
}

/** A kernel over the floats of a series; what it answers for windows that have histograms too does not count. */
export type FloatKernel = (part: FloatPart, out: MixedOut) => number;

/**
 * Answers for a window that holds histograms only, `from` inclusive to `to` exclusive, never empty: puts a histogram in
 * row `step` of `out`, and answers whether it did.
 */
export type WindowOfHistograms = (
  input: MixedInput,
  from: number,
  to: number,
  step: number,
  out: MixedOut,
) => boolean;

/** Takes the floats out of mixed samples. */
export function createFloatPart(): (input: MixedInput) => FloatPart {
  let times = new Float64Array(0);
  let values = new Float64Array(0);
  let starts = new Float64Array(0);
  let none: Windows | undefined;
  // Most series that have histograms have nothing else.
  const noWindows = (grid: WindowGrid): Windows => {
    if (none?.grid !== grid) none = findWindows(grid, times, 0);
    return none;
  };
  return (input) => {
    const { histograms, startTimesMs } = input;
    if (times.length < input.length) {
      times = new Float64Array(input.length);
      values = new Float64Array(input.length);
      starts = new Float64Array(input.length);
    }
    let length = 0;
    for (let i = 0; i < input.length; i++) {
      if (histograms.has(i)) continue;
      times[length] = input.times[i] as number;
      values[length] = input.values[i] as number;
      if (startTimesMs !== undefined) starts[length] = startTimesMs[i] as number;
      length++;
    }
    const whole = input.windows;
    if (length === input.length) return { input, startTimesMs, whole };
    const windows = length === 0 ? noWindows(whole.grid) : findWindows(whole.grid, times, length);
    return { input: { times, values, length, windows }, startTimesMs: startTimesMs && starts, whole };
  };
}

/** A function of floats alone or of histograms alone: where a window mixes them there is no answer, and a note. */
export function eitherType(floats: FloatKernel, histograms: WindowOfHistograms): MixedKernel {
  const floatsOf = createFloatPart();
  return (input, out) => {
    const part = floatsOf(input);
    let count = floats(part, out);
    if (part.input.length === input.length) return count;
    const { lo, hi } = input.windows;
    const { lo: floatLo, hi: floatHi } = part.input.windows;
    for (let k = 0; k < lo.length; k++) {
      const from = lo[k] as number;
      const to = hi[k] as number;
      const floatCount = (floatHi[k] as number) - (floatLo[k] as number);
      if (to - from === floatCount) continue;
      if (out.present[k] === 1) count--;
      out.present[k] = 0;
      if (floatCount > 0) {
        out.notes |= notes.mixedTypes;
      } else if (histograms(input, from, to, k, out)) {
        out.present[k] = 1;
        count++;
      }
    }
    return count;
  };
}

/** A function that sees floats only: histograms in a window with floats are ignored, with a note. */
export function floatsOnly(kernel: RangeKernel): MixedKernel {
  const floatsOf = createFloatPart();
  return (input, out) => {
    const part = floatsOf(input);
    const count = kernel(part.input, out);
    if (part.input.length === input.length) return count;
    const { lo, hi } = input.windows;
    const { lo: floatLo, hi: floatHi } = part.input.windows;
    for (let k = 0; k < lo.length; k++) {
      const floatCount = (floatHi[k] as number) - (floatLo[k] as number);
      if (floatCount > 0 && (hi[k] as number) - (lo[k] as number) > floatCount) {
        out.notes |= notes.ignoredHistograms;
        break;
      }
    }
    return count;
  };
}
