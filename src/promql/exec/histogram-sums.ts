import { kahanAddRows, kahanAddToRow } from "../../model/histogram/column-sums.ts";
import { addTo, combined, kahanAddTo } from "../../model/histogram/combine.ts";
import { compact } from "../../model/histogram/compact.ts";
import {
  bucketCount,
  clearHistogram,
  copyHistogram,
  createHistogram,
  type Histogram,
  type HistogramLayout,
  type ResetHint,
  resetHints,
  sampleSizeOf,
} from "../../model/histogram/histogram.ts";
import { HistogramColumn } from "../../model/histogram/histogram-column.ts";
import { hasOverflow } from "../../model/histogram/overflow.ts";
import { divide, multiply } from "../../model/histogram/scale.ts";
import {
  counterResetCollision,
  mismatchedCustomBuckets,
  mixedExponentialCustom,
  mixedInAggregation,
} from "../annotation-texts.ts";
import type { Span } from "../syntax/ast.ts";
import type { Column } from "./operator.ts";
import type { Run } from "./run.ts";

/** The native histograms of one group of a sum or an average, beside its floats. */
export interface HistogramSums {
  /** Adds the histograms of a series, and notes where it has floats. */
  add(column: Column): void;
  /** Puts histograms, and gaps where they met floats, into the answer of the floats. */
  finishInto(floats: Column): void;
}

/** What a step has seen, added up. */
const seen = { floats: 1, histograms: 2, incompatible: 4, reset: 8, notReset: 16, incremental: 32 } as const;

export interface HistogramSumsOptions {
  readonly average: boolean;
  readonly steps: number;
  /** The aggregated expression in the text. */
  readonly span: Span;
  /** Steps at which the group has floats already. */
  readonly floats: Uint8Array;
}

const total = createHistogram();
const rest = createHistogram();
const lent = createHistogram();
const scaled = createHistogram();

/** Follows upstream's aggregation of histograms step by step, compensated sums and notes included. */
export function createHistogramSums(run: Run, options: HistogramSumsOptions): HistogramSums {
  const { average, steps, span } = options;
  const states = options.floats.slice();
  const counts = new Float64Array(average ? steps : 0);
  /** What all numbers of a step's histograms come to, signs aside: no sum of any of them is larger. */
  const sizes = new Float64Array(average ? steps : 0);
  /** Sums, or incremental means. */
  const totals = new HistogramColumn(steps);
  /** What was lost in them. */
  const rests = new HistogramColumn(steps);
  let heldBytes = 0;
  run.holdBytes(states.byteLength + counts.byteLength + sizes.byteLength);

  const addNext = (k: number, histogram: Histogram, nameOf: () => string): void => {
    const flags = average ? addToAverage(k, histogram) : addToSum(k, histogram);
    if ((flags & combined.incompatible) !== 0) {
      states[k] = (states[k] as number) | seen.incompatible;
      run.annotate(mixedExponentialCustom(nameOf(), span));
    }
    if ((flags & combined.customMismatch) !== 0) run.annotate(mismatchedCustomBuckets("aggregation", span));
  };
  /** Adds histograms from step `k` on that need no more care than their numbers; answers the step behind them. */
  const addRows = (k: number, present: Uint8Array, histograms: HistogramColumn): number => {
    let to = k;
    for (; to < steps && to < k + rowsAtOnce; to++) {
      if (present[to] === 0 || !histograms.has(to) || ((states[to] as number) & seen.incompatible) !== 0)
        break;
      if (!average) continue;
      const size = (sizes[to] as number) + sizeOf(histograms.lend(to, other));
      if (!(size < farFromOverflow)) break;
      newSizes[to - k] = size;
    }
    const end = kahanAddRows(totals, rests, histograms, { row: k, to });
    for (let i = k; i < end; i++) {
      states[i] = (states[i] as number) | seen.histograms | hintSeen(histograms.hintAt(i));
      if (!average) continue;
      counts[i] = (counts[i] as number) + 1;
      sizes[i] = newSizes[i - k] as number;
    }
    return end;
  };
  const addToSum = (k: number, histogram: Histogram): number => {
    const before = totals.layoutAt(k);
    const flags = kahanAddToRow(totals, rests, k, histogram);
    holdGrowth(before, totals.layoutAt(k));
    return flags;
  };
  const addToAverage = (k: number, histogram: Histogram): number => {
    const n = (counts[k] as number) + 1;
    counts[k] = n;
    sizes[k] = (sizes[k] as number) + sizeOf(histogram);
    if ((sizes[k] as number) < farFromOverflow) return addToSum(k, histogram);
    takeOut(k);
    if (((states[k] as number) & seen.incremental) === 0) {
      const flags = kahanAddTo(total, rest, histogram);
      if ((flags & combined.incompatible) !== 0) return flags;
      if (!hasOverflow(total)) {
        putBack(k);
        return flags;
      }
      states[k] = (states[k] as number) | seen.incremental;
      takeOut(k);
      divide(total, n - 1);
      divide(rest, n - 1);
    }
    const share = (n - 1) / n;
    multiply(total, share);
    multiply(rest, share);
    copyHistogram(histogram, scaled);
    divide(scaled, n);
    const flags = kahanAddTo(total, rest, scaled);
    if ((flags & combined.incompatible) === 0) putBack(k);
    return flags;
  };
  const takeOut = (k: number): void => {
    copyHistogram(totals.lend(k, lent), total);
    if (rests.has(k)) copyHistogram(rests.lend(k, lent), rest);
    else clearHistogram(rest);
  };
  const putBack = (k: number): void => {
    holdGrowth(totals.layoutAt(k), total.layout);
    totals.set(k, total);
    rests.set(k, rest);
  };
  const holdGrowth = (before: HistogramLayout | undefined, now: HistogramLayout | undefined): void => {
    if (before === undefined || now === undefined || before === now) return;
    run.hold(Math.max(0, sampleSizeOf(now) - sampleSizeOf(before)));
  };

  return {
    add({ present, histograms, labels }) {
      const nameOf = (): string => labels.get("__name__");
      for (let k = 0; k < steps; k++) {
        if (present[k] === 0) continue;
        const state = states[k] as number;
        if ((state & seen.incompatible) !== 0) continue;
        if (!histograms?.has(k)) {
          states[k] = state | seen.floats;
          continue;
        }
        const behind = addRows(k, present, histograms);
        if (behind > k) {
          k = behind - 1;
          continue;
        }
        states[k] = state | seen.histograms;
        // Together with floats there is no answer, whatever the histograms are.
        if (!totals.has(k) && (state & seen.floats) !== 0) continue;
        const histogram = histograms.lend(k, other);
        states[k] = (states[k] as number) | hintSeen(histogram.resetHint);
        if (totals.has(k)) {
          addNext(k, histogram, nameOf);
        } else {
          run.hold(sampleSizeOf(histogram.layout));
          totals.set(k, histogram);
          if (average) {
            counts[k] = 1;
            sizes[k] = sizeOf(histogram);
          }
        }
      }
      const sizeBytes = totals.sizeBytes + rests.sizeBytes;
      if (sizeBytes > heldBytes) run.holdBytes(sizeBytes - heldBytes);
      heldBytes = Math.max(heldBytes, sizeBytes);
    },
    finishInto(column) {
      const { present } = column;
      column.histograms = totals;
      column.count = 0;
      for (let k = 0; k < steps; k++) {
        const state = states[k] as number;
        if ((state & seen.histograms) === 0) {
          column.count += present[k] as number;
          continue;
        }
        present[k] = 0;
        if ((state & seen.floats) !== 0) {
          run.annotate(mixedInAggregation(span));
          continue;
        }
        if ((state & seen.incompatible) !== 0) continue;
        if ((state & seen.reset) !== 0 && (state & seen.notReset) !== 0) {
          run.annotate(counterResetCollision("aggregation", span));
        }
        finishStep(k, state);
        present[k] = 1;
        column.count++;
      }
    },
  };

  function finishStep(k: number, state: number): void {
    takeOut(k);
    if (average && (state & seen.incremental) === 0) {
      divide(total, counts[k] as number);
      if (rests.has(k)) divide(rest, counts[k] as number);
    }
    if (rests.has(k)) {
      // What was lost knows nothing of resets.
      rest.resetHint = total.resetHint;
      addTo(total, rest);
    }
    compact(total);
    totals.set(k, total);
  }
}

const other = createHistogram();

/** Few enough that what is looked at in vain costs little, where rows lie here and there. */
const rowsAtOnce = 64;
const newSizes = new Float64Array(rowsAtOnce);

/** Sums that stay below it, and what is lost in them, do not overflow. */
const farFromOverflow = Number.MAX_VALUE / 4;

/** The numbers of a histogram added up, signs aside; infinite where an infinite bound makes it overflow from the start. */
function sizeOf({ layout, count, sum, zeroCount, buckets, at }: Histogram): number {
  let size = Math.abs(count) + Math.abs(sum) + Math.abs(zeroCount);
  const end = at + bucketCount(layout);
  for (let i = at; i < end; i++) size += Math.abs(buckets[i] as number);
  const { customValues: bounds } = layout;
  if (bounds.length > 0)
    size += Math.abs(bounds[0] as number) + Math.abs(bounds[bounds.length - 1] as number);
  return size;
}

function hintSeen(resetHint: ResetHint): number {
  if (resetHint === resetHints.reset) return seen.reset;
  return resetHint === resetHints.notReset ? seen.notReset : 0;
}
