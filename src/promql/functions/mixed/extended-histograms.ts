import { addTo, combined, subtractFrom } from "../../../model/histogram/combine.ts";
import { compact } from "../../../model/histogram/compact.ts";
import { detectReset } from "../../../model/histogram/detect-reset.ts";
import {
  copyHistogram,
  createHistogram,
  customSchema,
  type Histogram,
  resetHints,
} from "../../../model/histogram/histogram.ts";
import { divide, multiply } from "../../../model/histogram/scale.ts";
import { createExtendedRate, createSmoothedInstant, type Extension } from "../extended-range.ts";
import { type RateKind, seconds } from "../rate.ts";
import { eitherType, type MixedInput, type MixedKernel, type MixedOut, notes } from "./mixed-kernel.ts";

/** The first and last sample that count, `last` inclusive, and the edges of the range. */
interface Reach {
  first: number;
  last: number;
  /** The window's first sample, that may lie before what counts. */
  from: number;
  startMs: number;
  endMs: number;
}

interface State {
  readonly reach: Reach;
  readonly left: Histogram;
  readonly right: Histogram;
  readonly result: Histogram;
  readonly lost: Histogram;
  readonly kind: RateKind;
  readonly extension: Extension;
}

/** rate, increase and delta of anchored and smoothed ranges: between the histograms at the edges, without extrapolation. */
export function createMixedExtendedRate(kind: RateKind, extension: Extension): MixedKernel {
  const state: State = {
    reach: { first: 0, last: 0, from: 0, startMs: 0, endMs: 0 },
    left: createHistogram(),
    right: createHistogram(),
    result: createHistogram(),
    lost: createHistogram(),
    kind,
    extension,
  };
  const floats = createExtendedRate(kind, extension);
  return eitherType(
    (part, out) => floats(part.input, out),
    (input, from, to, step, out) => {
      if (!findReach(input, from, to, step, state) || !fits(input, state, out)) return false;
      if (!increaseBetween(input, state, out)) return false;
      if (kind.perSecond) divide(state.result, seconds(extension.rangeMs));
      state.result.resetHint = resetHints.gauge;
      compact(state.result);
      out.histograms.set(step, state.result);
      return true;
    },
  );
}

/** False where no sample lies in the range. */
function findReach(
  { times, windows }: MixedInput,
  from: number,
  to: number,
  step: number,
  { reach, extension }: State,
): boolean {
  const { grid } = windows;
  const reachMs = grid.firstEndMs + step * grid.stepMs;
  reach.endMs = extension.smoothed ? reachMs - extension.lookbackMs : reachMs;
  reach.startMs = reach.endMs - extension.rangeMs;
  reach.from = from;
  reach.first = from;
  reach.last = to - 1;
  while (reach.first < reach.last && (times[reach.first + 1] as number) <= reach.startMs) reach.first++;
  if (extension.smoothed) {
    let end = from;
    while (end < reach.last && (times[end] as number) < reach.endMs) end++;
    reach.last = end;
  }
  if ((times[reach.last] as number) <= reach.startMs) return false;
  return !extension.smoothed || (times[reach.first] as number) <= reach.endMs;
}

/** Whether all histograms are of one kind of buckets; says where counters are gauges. */
function fits({ histograms }: MixedInput, { reach, kind }: State, out: MixedOut): boolean {
  const custom = isCustom(histograms.layoutAt(reach.first)?.schema);
  for (let i = reach.first; i <= reach.last; i++) {
    if (isCustom(histograms.layoutAt(i)?.schema) !== custom) {
      out.notes |= notes.mixedSchemas;
      return false;
    }
    if (kind.counter && histograms.hintAt(i) === resetHints.gauge) out.notes |= notes.notCounter;
  }
  return true;
}

function isCustom(schema: number | undefined): boolean {
  return schema === customSchema;
}

/** Puts the increase between the edges into the result; false where buckets do not go together. */
function increaseBetween(input: MixedInput, state: State, out: MixedOut): boolean {
  const { reach, left, right, result, lost, kind, extension } = state;
  const { times, histograms } = input;
  const { first, last, from } = reach;
  const gauge = resetHints.gauge;
  const between = extension.smoothed && (times[first] as number) < reach.startMs;
  const beyond = extension.smoothed && last > from && (times[last] as number) > reach.endMs;
  if (!between) copyHistogram(histograms.lend(first, current), left);
  else if (!interpolate(input, { at: first, timeMs: reach.startMs, counter: kind.counter }, left, out)) {
    return false;
  }
  if (!beyond) copyHistogram(histograms.lend(last, current), right);
  else if (!interpolate(input, { at: last - 1, timeMs: reach.endMs, counter: kind.counter }, right, out)) {
    return false;
  }
  if (!kind.counter && (left.resetHint !== gauge || right.resetHint !== gauge)) out.notes |= notes.notGauge;
  copyHistogram(right, result);
  if (!noted(subtractFrom(result, left), notes.mismatchedSubtraction, out)) return false;
  if (!kind.counter) return true;
  const anything = collectLost(input, between, state, out);
  if (anything === undefined) return false;
  return !anything || noted(addTo(result, lost), notes.mismatchedAddition, out);
}

const current = createHistogram();
const previous = createHistogram();

/** Makes a note of what an operation came across; false where it did nothing. */
function noted(flags: number, mismatch: number, out: MixedOut): boolean {
  if (flags & combined.incompatible) {
    out.notes |= notes.mixedSchemas;
    return false;
  }
  if (flags & combined.customMismatch) out.notes |= mismatch;
  return true;
}

/**
 * Gathers what a counter had when it was reset between the edges. False where it never was, undefined where histograms do
 * not go together. Edges stand for the samples they were made from. Follows correctForCounterResetsHistogram.
 */
function collectLost(
  { histograms }: MixedInput,
  between: boolean,
  { reach, left, right, lost }: State,
  out: MixedOut,
): boolean | undefined {
  let first = reach.first + 1;
  let before: Histogram = left;
  let anything = false;
  // Looked at in turns, so that the one before stays lent.
  let spare = previous;
  let now = current;
  if (between) {
    histograms.lend(reach.first, spare);
    histograms.lend(first, now);
    if (detectReset(now, spare)) {
      // The left edge is past that reset already.
      before = now;
      now = spare;
      spare = before;
      first++;
    }
  }
  if (first > reach.last) return false;
  const add = (): boolean => {
    if (anything) return noted(addTo(lost, before), notes.mismatchedAddition, out);
    copyHistogram(before, lost);
    anything = true;
    return true;
  };
  for (let i = first; i < reach.last; i++) {
    histograms.lend(i, now);
    if (detectReset(now, before) && !add()) return undefined;
    before = now;
    now = spare;
    spare = before;
  }
  if (detectReset(right, before) && !add()) return undefined;
  return anything;
}

interface Between {
  readonly at: number;
  readonly timeMs: number;
  readonly counter: boolean;
}

const earlier = createHistogram();
const later = createHistogram();

/** The histogram on the line from sample `at` to the next; a counter that was reset rises from nothing. */
function interpolate(
  { times, histograms }: MixedInput,
  { at, timeMs, counter }: Between,
  into: Histogram,
  out: MixedOut,
): boolean {
  const fromMs = times[at] as number;
  const toMs = times[at + 1] as number;
  histograms.lend(at, earlier);
  histograms.lend(at + 1, later);
  if (timeMs === fromMs) {
    copyHistogram(earlier, into);
    return true;
  }
  copyHistogram(later, into);
  if (timeMs === toMs) return true;
  const fraction = (timeMs - fromMs) / (toMs - fromMs);
  if (counter && detectReset(later, earlier)) {
    multiply(into, fraction);
    return true;
  }
  if (!noted(subtractFrom(into, earlier), notes.mismatchedSubtraction, out)) return false;
  multiply(into, fraction);
  return noted(addTo(into, earlier), notes.mismatchedAddition, out);
}

/** smoothed instant selectors: what is on the line between the samples around the step, or the last one before it. */
export function createMixedSmoothedInstant(lookbackMs: number): MixedKernel {
  const made = createHistogram();
  const floats = createSmoothedInstant(lookbackMs);
  return eitherType(
    (part, out) => floats(part.input, out),
    (input, from, to, step, out) => {
      const { times, histograms, windows } = input;
      const timeMs = windows.grid.firstEndMs + step * windows.grid.stepMs - lookbackMs;
      let next = from;
      while (next < to && (times[next] as number) < timeMs) next++;
      if (next < to && times[next] === timeMs) {
        out.histograms.setFrom(step, histograms, next);
        return true;
      }
      if (next === from) return false;
      if (next === to) {
        out.histograms.setFrom(step, histograms, next - 1);
        // The hint speaks of the sample, not of its value later on.
        out.histograms.setHint(step, resetHints.unknown);
        return true;
      }
      if (isCustom(histograms.layoutAt(next - 1)?.schema) !== isCustom(histograms.layoutAt(next)?.schema)) {
        out.notes |= notes.mixedSchemas;
        return false;
      }
      const gauge = resetHints.gauge;
      const counter = histograms.hintAt(next - 1) !== gauge || histograms.hintAt(next) !== gauge;
      if (!interpolate(input, { at: next - 1, timeMs, counter }, made, out)) return false;
      out.histograms.set(step, made);
      return true;
    },
  );
}
