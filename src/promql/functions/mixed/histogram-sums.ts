import { addTo, combined, kahanAddTo } from "../../../model/histogram/combine.ts";
import {
  clearHistogram,
  copyHistogram,
  createHistogram,
  type Histogram,
  resetHints,
} from "../../../model/histogram/histogram.ts";
import { hasOverflow } from "../../../model/histogram/overflow.ts";
import { divide, multiply } from "../../../model/histogram/scale.ts";
import { createSumOverTime } from "../sum-over-time.ts";
import { eitherType, type MixedInput, type MixedKernel, type MixedOut, notes } from "./mixed-kernel.ts";
import { createSlide, slideTo, startSlide } from "./sliding-sums.ts";

/** A running sum and what it lost, with room to try what another addition makes of them. */
interface Sums {
  readonly sum: Histogram;
  readonly lost: Histogram;
  readonly triedSum: Histogram;
  readonly triedLost: Histogram;
  readonly lent: Histogram;
}

/** What came up in a window: flags of `combined`, and the hints that were seen. */
interface Seen {
  flags: number;
  reset: boolean;
  notReset: boolean;
}

/** sum_over_time and avg_over_time; histograms of several layouts are added in upstream's order, window by window. */
export function createMixedSum(average: boolean): MixedKernel {
  const floats = createSumOverTime(average);
  const sums: Sums = {
    sum: createHistogram(),
    lost: createHistogram(),
    triedSum: createHistogram(),
    triedLost: createHistogram(),
    lent: createHistogram(),
  };
  const seen: Seen = { flags: 0, reset: false, notReset: false };
  const slide = createSlide(average);
  const kernel = eitherType(
    (part, out) => floats(part.input, out),
    (input, from, to, step, out) => {
      if (slideTo(slide, input, { from, to }, step, out)) return true;
      seen.flags = 0;
      seen.reset = false;
      seen.notReset = false;
      let fits = sumUp(input, { from, to }, sums, seen, average);
      if (fits === undefined) fits = averageByMeans(input, { from, to }, sums, seen);
      if (!fits) {
        out.notes |= notes.mixedSchemas;
        return false;
      }
      say(seen, out);
      out.histograms.set(step, sums.sum);
      return true;
    },
  );
  return (input, out) => {
    startSlide(slide, input);
    return kernel(input, out);
  };
}

interface Window {
  readonly from: number;
  readonly to: number;
}

/**
 * The sum of a window, or its quotient. False where buckets do not go together; undefined where an average overflows
 * on its way.
 */
function sumUp(
  { histograms }: MixedInput,
  { from, to }: Window,
  { sum, lost, lent }: Sums,
  seen: Seen,
  average: boolean,
): boolean | undefined {
  const first = histograms.lend(from, lent);
  look(first, seen);
  copyHistogram(first, sum);
  clearHistogram(lost);
  for (let i = from + 1; i < to; i++) {
    const other = histograms.lend(i, lent);
    look(other, seen);
    const flags = kahanAddTo(sum, lost, other);
    if (flags & combined.incompatible) return false;
    seen.flags |= flags;
    if (average && hasOverflow(sum)) return undefined;
  }
  const count = to - from;
  if (average) divide(sum, count);
  if (count > 1) {
    if (average) divide(lost, count);
    addLost(sum, lost, seen, !average);
  }
  return true;
}

/** The same for averages whose sums overflow: from there on a mean goes along. Undone is what overflowed. */
function averageByMeans(
  { histograms }: MixedInput,
  { from, to }: Window,
  { sum, lost, lent, triedSum, triedLost }: Sums,
  seen: Seen,
): boolean {
  copyHistogram(histograms.lend(from, lent), sum);
  clearHistogram(lost);
  let overflown = false;
  for (let i = from + 1; i < to; i++) {
    const count = i - from + 1;
    const other = histograms.lend(i, lent);
    look(other, seen);
    if (!overflown) {
      copyHistogram(sum, triedSum);
      copyHistogram(lost, triedLost);
      const flags = kahanAddTo(triedSum, triedLost, other);
      if (flags & combined.incompatible) return false;
      seen.flags |= flags;
      if (!hasOverflow(triedSum)) {
        copyHistogram(triedSum, sum);
        copyHistogram(triedLost, lost);
        continue;
      }
      overflown = true;
      divide(sum, count - 1);
      divide(lost, count - 1);
    }
    const kept = (count - 1) / count;
    multiply(lost, kept);
    multiply(sum, kept);
    copyHistogram(other, triedSum);
    divide(triedSum, count);
    const flags = kahanAddTo(sum, lost, triedSum);
    if (flags & combined.incompatible) return false;
    seen.flags |= flags;
  }
  addLost(sum, lost, seen, false);
  return true;
}

/** Gives a sum back what it lost. What is known of resets stays the sum's. */
function addLost(sum: Histogram, lost: Histogram, seen: Seen, counts: boolean): void {
  lost.resetHint = sum.resetHint;
  const flags = addTo(sum, lost);
  if (counts) seen.flags |= flags;
}

function look({ resetHint }: Histogram, seen: Seen): void {
  if (resetHint === resetHints.reset) seen.reset = true;
  else if (resetHint === resetHints.notReset) seen.notReset = true;
}

function say({ flags, reset, notReset }: Seen, out: MixedOut): void {
  if (reset && notReset) out.notes |= notes.resetCollision;
  if (flags & combined.customMismatch) out.notes |= notes.mismatchedAggregation;
}
