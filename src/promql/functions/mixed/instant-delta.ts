import { combined, subtractFrom } from "../../../model/histogram/combine.ts";
import { compact } from "../../../model/histogram/compact.ts";
import { detectReset } from "../../../model/histogram/detect-reset.ts";
import {
  copyHistogram,
  createHistogram,
  type Histogram,
  resetHints,
} from "../../../model/histogram/histogram.ts";
import { divide } from "../../../model/histogram/scale.ts";
import { type MixedInput, type MixedKernel, type MixedOut, notes } from "./mixed-kernel.ts";
import { isStartReset } from "./start-times.ts";

/** irate and idelta: the step between the window's last two samples, which are to be of one type. */
export function createMixedInstantDelta(perSecond: boolean, compacts: boolean): MixedKernel {
  const change = createHistogram();
  return (input, out) => {
    const { histograms, windows } = input;
    const { lo, hi } = windows;
    let count = 0;
    for (let k = 0; k < lo.length; k++) {
      const last = (hi[k] as number) - 1;
      out.present[k] = 0;
      if (last <= (lo[k] as number)) continue;
      const isHistogram = histograms.has(last);
      if (isHistogram !== histograms.has(last - 1)) {
        out.notes |= notes.mixedTypes;
        continue;
      }
      if (!isHistogram) out.values[k] = floatDelta(input, last, perSecond);
      else if (histogramDelta(input, last, { change, perSecond, compacts }, out))
        out.histograms.set(k, change);
      else continue;
      out.present[k] = 1;
      count++;
    }
    return count;
  };
}

function floatDelta(input: MixedInput, last: number, perSecond: boolean): number {
  const { values } = input;
  const value = values[last] as number;
  const before = values[last - 1] as number;
  const change = perSecond && (value < before || isStarted(input, last)) ? value : value - before;
  return perSecond ? change / secondsBefore(input, last) : change;
}

function isStarted({ times, startTimesMs }: MixedInput, i: number): boolean {
  return startTimesMs !== undefined && isStartReset(times, startTimesMs, i);
}

function secondsBefore({ times }: MixedInput, i: number): number {
  return ((times[i] as number) - (times[i - 1] as number)) / 1000;
}

const before = createHistogram();
const lastLent = createHistogram();

interface Delta {
  readonly change: Histogram;
  readonly perSecond: boolean;
  /** Whether answers drop their empty buckets. */
  readonly compacts: boolean;
}

/** Puts the change into `change`; false where the buckets of the two do not go together. */
function histogramDelta(
  input: MixedInput,
  last: number,
  { change, perSecond, compacts }: Delta,
  out: MixedOut,
): boolean {
  const { histograms } = input;
  const gauge = resetHints.gauge;
  const now = histograms.lend(last, lastLent);
  histograms.lend(last - 1, before);
  if (perSecond) {
    if (now.resetHint === gauge || before.resetHint === gauge) out.notes |= notes.notCounter;
  } else if (now.resetHint !== gauge || before.resetHint !== gauge) {
    out.notes |= notes.notGauge;
  }
  copyHistogram(now, change);
  if (!perSecond || (!isStarted(input, last) && !detectReset(now, before))) {
    const flags = subtractFrom(change, before);
    if (flags & combined.incompatible) {
      out.notes |= notes.mixedSchemas;
      return false;
    }
    if (flags & combined.customMismatch) out.notes |= notes.mismatchedSubtraction;
  }
  change.resetHint = gauge;
  if (compacts) compact(change);
  if (perSecond) divide(change, secondsBefore(input, last));
  return true;
}
