import { setScaledDifference } from "../../../model/histogram/column-sums.ts";
import { addsByBucket, addTo, combined, subtractFrom } from "../../../model/histogram/combine.ts";
import { compact } from "../../../model/histogram/compact.ts";
import { detectReset } from "../../../model/histogram/detect-reset.ts";
import {
  copyHistogram,
  createHistogram,
  customSchema,
  emptyLayout,
  type Histogram,
  type HistogramLayout,
  resetHints,
} from "../../../model/histogram/histogram.ts";
import { reduceResolution } from "../../../model/histogram/reduce-resolution.ts";
import { multiply } from "../../../model/histogram/scale.ts";
import type { RateKind } from "../rate.ts";
import { type Extrapolated, extrapolationFactor } from "./extrapolation.ts";
import { createFactReader, type HistogramFacts } from "./histogram-facts.ts";
import { eitherType, type MixedInput, type MixedKernel, type MixedOut, notes } from "./mixed-kernel.ts";
import { isStartReset, startsInside, startsOverlap } from "./start-times.ts";
import { createStartedRate } from "./started-rate.ts";

/** Where a window begins and ends, `to` exclusive. */
interface Window {
  from: number;
  to: number;
}

/** What the windows of one kernel share, so that none of them allocates. */
interface RateState {
  readonly kind: RateKind;
  /** Whether answers drop their empty buckets. */
  readonly compacts: boolean;
  readonly result: Histogram;
  readonly first: Histogram;
  readonly other: Histogram;
  readonly window: Window;
  readonly at: Extrapolated;
  readonly plain: { first: number; last: number; factor: number };
  facts: HistogramFacts;
}

/**
 * rate, increase and delta as Prometheus's extrapolatedRate. Resets are looked for once a series; a window looks at its
 * first and last histogram and at those before its resets.
 */
export function createMixedRate(kind: RateKind, compacts: boolean): MixedKernel {
  const read = createFactReader(kind.counter);
  const state: RateState = {
    kind,
    compacts,
    result: createHistogram(),
    first: createHistogram(),
    other: createHistogram(),
    window: { from: 0, to: 0 },
    at: {
      fromMs: 0,
      toMs: 0,
      firstMs: 0,
      lastMs: 0,
      count: 0,
      startMs: undefined,
      first: 0,
      increase: 0,
    },
    plain: { first: 0, last: 0, factor: 0 },
    facts: {
      resets: new Int32Array(0),
      resetsTo: new Int32Array(0),
      gaugesTo: new Int32Array(0),
      oneSchema: true,
    },
  };
  const kernel = eitherType(createStartedRate(kind), (input, from, to, step, out) => {
    state.window.from = from;
    state.window.to = to;
    if (isPlain(input, state)) {
      putPlain(input, state, step, out);
      return true;
    }
    if (!extrapolate(input, state, step, out)) return false;
    out.histograms.set(step, state.result);
    return true;
  });
  return (input, out) => {
    state.facts = read(input);
    return kernel(input, out);
  };
}

/** Whether the window's answer is its last histogram less its first, and there is nothing to say about it. */
function isPlain(
  { histograms, startTimesMs }: MixedInput,
  { window: { from, to }, facts, kind, compacts }: RateState,
): boolean {
  if (compacts || startTimesMs !== undefined || !facts.oneSchema || to - from < 2) return false;
  const layout = histograms.layoutAt(from);
  if (layout === undefined || histograms.layoutAt(to - 1) !== layout || !addsByBucket(layout)) return false;
  const gauges = (facts.gaugesTo[to] as number) - (facts.gaugesTo[from] as number);
  if (!kind.counter) return gauges === to - from;
  return gauges === 0 && facts.resetsTo[to] === facts.resetsTo[from + 1];
}

function putPlain(input: MixedInput, state: RateState, step: number, out: MixedOut): void {
  const { at, kind, plain } = state;
  const { from, to } = state.window;
  const { times, histograms } = input;
  const { grid } = input.windows;
  at.toMs = grid.firstEndMs + step * grid.stepMs;
  at.fromMs = at.toMs - grid.rangeMs;
  at.firstMs = times[from] as number;
  at.lastMs = times[to - 1] as number;
  at.count = to - from;
  at.startMs = undefined;
  at.first = histograms.countAt(from);
  at.increase = histograms.countAt(to - 1) - at.first;
  plain.first = from;
  plain.last = to - 1;
  plain.factor = extrapolationFactor(at, kind, grid.rangeMs);
  setScaledDifference(out.histograms, step, histograms, plain);
}

function extrapolate(input: MixedInput, state: RateState, step: number, out: MixedOut): boolean {
  const { result, first, at, kind } = state;
  const { from, to } = state.window;
  const { times, histograms, startTimesMs, windows } = input;
  const { grid } = windows;
  if (to - from > 1 && !increaseOf(input, state, out)) return false;
  at.toMs = grid.firstEndMs + step * grid.stepMs;
  at.fromMs = at.toMs - grid.rangeMs;
  at.firstMs = times[from] as number;
  at.lastMs = times[to - 1] as number;
  at.count = to - from;
  const startMs = kind.counter && startTimesMs !== undefined ? (startTimesMs[from] as number) : 0;
  at.startMs = startsInside(startMs, at.fromMs, at.firstMs) ? startMs : undefined;
  histograms.lend(from, first);
  if (at.startMs !== undefined) {
    if (at.count === 1) copyHistogram(first, result);
    else {
      const flags = addTo(result, first);
      if (flags & combined.incompatible) {
        out.notes |= notes.mixedSchemas;
        return false;
      }
      if (flags & combined.customMismatch) out.notes |= notes.mismatchedAddition;
    }
  } else if (at.count === 1) return false;
  at.first = first.count;
  at.increase = result.count;
  multiply(result, extrapolationFactor(at, kind, grid.rangeMs));
  return true;
}

/**
 * Puts the increase over a window of two histograms or more into the result. False where their buckets do not go
 * together. Follows Prometheus's histogramRate.
 */
function increaseOf(input: MixedInput, state: RateState, out: MixedOut): boolean {
  const { kind, result, facts } = state;
  const { from, to } = state.window;
  const { histograms } = input;
  const last = histograms.lend(to - 1, state.other);
  let first: Histogram = histograms.lend(from, state.first);
  let said = 0;
  if (kind.counter && (first.resetHint === resetHints.gauge || last.resetHint === resetHints.gauge)) {
    said |= notes.notCounter;
  }
  const beginsAnew = kind.counter && resetAt(facts, from + 1);
  // What the first histogram was does not matter where the second begins anew.
  if (beginsAnew) first = nothingLike(histograms.layoutAt(from + 1) ?? emptyLayout);
  if (isCustom(last.layout) !== isCustom(first.layout)) {
    out.notes |= said | notes.mixedSchemas;
    return false;
  }
  const schema = leastSchema(input, state, first.layout, last.layout);
  if (schema === undefined) {
    out.notes |= notes.mixedSchemas;
    return false;
  }
  if (kind.counter && (facts.gaugesTo[to - 1] as number) > (facts.gaugesTo[from + 1] as number)) {
    said |= notes.notCounter;
  }
  copyHistogram(last, result);
  if (schema < result.layout.schema) reduceResolution(result, schema);
  if (subtractFrom(result, first) & combined.customMismatch) said |= notes.mismatchedSubtraction;
  if (kind.counter) {
    const lost = addLost(input, state, first, beginsAnew);
    if (lost === undefined) {
      out.notes |= notes.mixedSchemas;
      return false;
    }
    said |= lost;
    out.overlaps += overlapsIn(input, from, to);
  } else if (isNoGauge(input, from) || isNoGauge(input, to - 1)) {
    said |= notes.notGauge;
  }
  result.resetHint = resetHints.gauge;
  if (state.compacts) compact(result);
  out.notes |= said;
  return true;
}

/** Adds what the counter had when it was reset. Answers notes, or undefined where buckets do not go together. */
function addLost(
  input: MixedInput,
  { window: { from, to }, facts, result, other }: RateState,
  first: Histogram,
  beginsAnew: boolean,
): number | undefined {
  const { histograms } = input;
  let said = 0;
  for (let r = facts.resetsTo[from + 1] as number; r < (facts.resetsTo[to] as number); r++) {
    const at = facts.resets[r] as number;
    // What comes before the second is nothing where that begins anew, and adds no more than its bounds.
    const before = beginsAnew && at === from + 1 ? first : histograms.lend(at - 1, other);
    if (before === first && !isReset(input, at, histograms.lend(at, other), first)) continue;
    const flags = addTo(result, before);
    if (flags & combined.incompatible) return undefined;
    if (flags & combined.customMismatch) said |= notes.mismatchedAddition;
  }
  return said;
}

function isReset(
  { times, startTimesMs }: MixedInput,
  at: number,
  current: Histogram,
  previous: Histogram,
): boolean {
  const started = startTimesMs !== undefined && isStartReset(times, startTimesMs, at);
  return started || detectReset(current, previous);
}

/** The lowest resolution of a window's histograms that count; undefined where some do not go with the last one. */
function leastSchema(
  { histograms }: MixedInput,
  { window: { from, to }, facts, kind }: RateState,
  first: HistogramLayout,
  last: HistogramLayout,
): number | undefined {
  let least = Math.min(first.schema, last.schema);
  if (!kind.counter || facts.oneSchema) return least;
  for (let i = from + 1; i < to - 1; i++) {
    const layout = histograms.layoutAt(i) ?? emptyLayout;
    if (layout.schema < least) least = layout.schema;
    if (isCustom(layout) !== isCustom(first)) return undefined;
  }
  return least;
}

/** 1 where a counter of the window began before a sample that it should come after. */
function overlapsIn({ times, startTimesMs }: MixedInput, from: number, to: number): number {
  if (startTimesMs === undefined) return 0;
  for (let i = from + 1; i < to; i++) if (startsOverlap(times, startTimesMs, i)) return 1;
  return 0;
}

function resetAt(facts: HistogramFacts, i: number): boolean {
  return (facts.resetsTo[i + 1] as number) > (facts.resetsTo[i] as number);
}

function isNoGauge({ histograms }: MixedInput, i: number): boolean {
  return histograms.hintAt(i) !== resetHints.gauge;
}

function isCustom({ schema }: HistogramLayout): boolean {
  return schema === customSchema;
}

const nothing = createHistogram();

/** A histogram without observations, of the resolution and the bounds of `layout`. */
function nothingLike({ schema, customValues }: HistogramLayout): Histogram {
  if (nothing.layout.schema !== schema || nothing.layout.customValues !== customValues) {
    nothing.layout = { ...emptyLayout, schema, customValues };
  }
  return nothing;
}
