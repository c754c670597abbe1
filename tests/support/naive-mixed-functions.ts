import { addTo, combined, kahanAddTo, subtractFrom } from "../../src/model/histogram/combine.ts";
import { compact } from "../../src/model/histogram/compact.ts";
import { detectReset } from "../../src/model/histogram/detect-reset.ts";
import { equalHistograms } from "../../src/model/histogram/equal.ts";
import {
  copyHistogram,
  createHistogram,
  customSchema,
  emptyLayout,
  type Histogram,
  resetHints,
} from "../../src/model/histogram/histogram.ts";
import { hasOverflow } from "../../src/model/histogram/overflow.ts";
import { reduceResolution } from "../../src/model/histogram/reduce-resolution.ts";
import { divide, multiply } from "../../src/model/histogram/scale.ts";
import { type NaiveCall, naiveRangeFunctions } from "./naive-range-functions.ts";

/** One sample of a window: a float or a histogram, and when its counter began (0 for unknown). */
export interface MixedSample {
  readonly t: number;
  readonly v: number | Histogram;
  readonly st: number;
}

/** What a function says of one window. */
export interface MixedAnswer {
  readonly value: number | Histogram | undefined;
  readonly notes: readonly string[];
}

type Floats = readonly { readonly t: number; readonly v: number; readonly st: number }[];
type Histograms = readonly { readonly t: number; readonly v: Histogram; readonly st: number }[];

/** The simplest form of range functions over floats and histograms, after Prometheus's functions.go. */
export function naiveMixed(func: string, window: readonly MixedSample[], call: NaiveCall): MixedAnswer {
  const floats = window.filter(({ v }) => typeof v === "number") as Floats;
  const histograms = window.filter(({ v }) => typeof v !== "number") as Histograms;
  const mixed = floats.length > 0 && histograms.length > 0;
  switch (func) {
    case "rate":
    case "increase":
    case "delta":
      if (mixed) return say(undefined, "mixedTypes");
      return extrapolated(func, floats, histograms, call);
    case "irate":
    case "idelta":
      return instant(func === "irate", window);
    case "sum_over_time":
    case "avg_over_time":
      if (mixed) return say(undefined, "mixedTypes");
      if (histograms.length > 0) return sum(histograms, func === "avg_over_time");
      break;
    case "first_over_time":
      return say((window[0] as MixedSample).v);
    case "last_over_time":
      return say((window[window.length - 1] as MixedSample).v);
    case "changes":
    case "resets":
      return say(events(func, window));
    case "count_over_time":
    case "present_over_time":
    case "ts_of_first_over_time":
    case "ts_of_last_over_time": {
      const naive = naiveRangeFunctions.get(func);
      return say(
        naive?.(
          window.map(({ t }) => ({ t, v: 0 })),
          call,
        ),
      );
    }
    default:
  }
  if (floats.length === 0) return say(undefined);
  return say(naiveRangeFunctions.get(func)?.(floats, call), ...(mixed ? ["ignoredHistograms"] : []));
}

function say(value: number | Histogram | undefined, ...notes: readonly string[]): MixedAnswer {
  return { value, notes };
}

function copy(from: Histogram): Histogram {
  const into = createHistogram();
  copyHistogram(from, into);
  return into;
}

function startReset(before: { t: number; st: number }, now: { t: number; st: number }): boolean {
  if (now.st === 0 || now.st >= now.t) return false;
  if (now.st < before.t) return false;
  if (now.st > before.t) return true;
  if (before.st > before.t) return false;
  return before.st !== 0 && before.st !== before.t;
}

function overlaps(list: readonly { t: number; st: number }[]): boolean {
  return list.some((now, i) => {
    const before = list[i - 1];
    return before !== undefined && now.st !== 0 && now.st < before.t && now.st !== before.st;
  });
}

function extrapolated(func: string, floats: Floats, histograms: Histograms, call: NaiveCall): MixedAnswer {
  const counter = func !== "delta";
  const list = floats.length > 0 ? floats : histograms;
  const first = list[0] as MixedSample;
  const last = list[list.length - 1] as MixedSample;
  const notes: string[] = [];
  let float = 0;
  let histogram: Histogram | undefined;
  if (floats.length > 0) {
    float = (last.v as number) - (first.v as number);
    floats.forEach((now, i) => {
      const before = floats[i - 1];
      if (!counter || before === undefined) return;
      if (now.v < before.v || startReset(before, now)) float += before.v;
    });
    if (counter && overlaps(floats)) notes.push("overlap");
  } else if (histograms.length > 1) {
    const made = histogramRate(histograms, counter);
    notes.push(...made.notes);
    if (made.value === undefined) return say(undefined, ...notes);
    histogram = made.value as Histogram;
  }
  const startMs = call.endMs - call.rangeMs;
  let toStart = (first.t - startMs) / 1000;
  let toEnd = (call.endMs - last.t) / 1000;
  let sampled = (last.t - first.t) / 1000;
  const average = list.length > 1 ? sampled / (list.length - 1) : 0;
  if (counter && first.st !== 0 && first.st > startMs && first.st < first.t) {
    toStart = 0;
    sampled = (last.t - first.st) / 1000;
    if (typeof first.v === "number") float += first.v;
    else if (histogram === undefined) histogram = copy(first.v);
    else {
      const flags = addTo(histogram, first.v);
      if (flags & combined.incompatible) return say(undefined, ...notes, "mixedSchemas");
      if (flags & combined.customMismatch) notes.push("mismatchedAddition");
    }
  } else if (list.length === 1) {
    return say(undefined, ...notes);
  } else {
    if (toStart >= average * 1.1) toStart = average / 2;
    const from = typeof first.v === "number" ? first.v : first.v.count;
    const increase = histogram === undefined ? float : histogram.count;
    const toZero = sampled * (from / increase);
    if (counter && increase > 0 && from >= 0 && toZero < toStart) toStart = toZero;
  }
  if (toEnd >= average * 1.1) toEnd = average / 2;
  let factor = sampled === 0 ? 1 : (sampled + toStart + toEnd) / sampled;
  if (func === "rate") factor /= call.rangeMs / 1000;
  if (histogram === undefined) return say(float * factor, ...notes);
  multiply(histogram, factor);
  return say(histogram, ...notes);
}

function isCustom({ layout }: Histogram): boolean {
  return layout.schema === customSchema;
}

function histogramRate(points: Histograms, counter: boolean): MixedAnswer {
  let before = (points[0] as Histograms[0]).v;
  const last = (points[points.length - 1] as Histograms[0]).v;
  const second = points[1] as Histograms[0];
  const notes: string[] = [];
  const gauge = resetHints.gauge;
  if (counter && (before.resetHint === gauge || last.resetHint === gauge)) notes.push("notCounter");
  const reset = startReset(points[0] as Histograms[0], second) || detectReset(second.v, before);
  if (counter && reset) {
    const { schema, customValues } = second.v.layout;
    before = { ...createHistogram(), layout: { ...emptyLayout, schema, customValues } };
  }
  const custom = isCustom(before);
  if (isCustom(last) !== custom) return say(undefined, ...notes, "mixedSchemas");
  let schema = Math.min(last.layout.schema, before.layout.schema);
  for (const { v } of counter ? points.slice(1, -1) : []) {
    if (v.resetHint === gauge) notes.push("notCounter");
    schema = Math.min(schema, v.layout.schema);
    if (isCustom(v) !== custom) return say(undefined, "mixedSchemas");
  }
  const result = copy(last);
  reduceResolution(result, schema);
  if (subtractFrom(result, before) & combined.customMismatch) notes.push("mismatchedSubtraction");
  if (counter) {
    if (overlaps(points)) notes.push("overlap");
    points.forEach((now, i) => {
      const previous = points[i - 1];
      if (previous === undefined) return;
      if (startReset(previous, now) || detectReset(now.v, before)) {
        if (addTo(result, before) & combined.customMismatch) notes.push("mismatchedAddition");
      }
      before = now.v;
    });
  } else if ((points[0] as Histograms[0]).v.resetHint !== gauge || last.resetHint !== gauge) {
    notes.push("notGauge");
  }
  result.resetHint = gauge;
  compact(result);
  return say(result, ...notes);
}

function instant(perSecond: boolean, window: readonly MixedSample[]): MixedAnswer {
  if (window.length < 2) return say(undefined);
  const [before, now] = window.slice(-2) as [MixedSample, MixedSample];
  const seconds = (now.t - before.t) / 1000;
  if (typeof now.v === "number" && typeof before.v === "number") {
    const reset = perSecond && (now.v < before.v || startReset(before, now));
    const change = reset ? now.v : now.v - before.v;
    return say(perSecond ? change / seconds : change);
  }
  if (typeof now.v === "number" || typeof before.v === "number") return say(undefined, "mixedTypes");
  const notes: string[] = [];
  const gauges = [now.v, before.v].filter(({ resetHint }) => resetHint === resetHints.gauge).length;
  if (perSecond && gauges > 0) notes.push("notCounter");
  if (!perSecond && gauges < 2) notes.push("notGauge");
  const change = copy(now.v);
  if (!perSecond || (!startReset(before, now) && !detectReset(now.v, before.v))) {
    const flags = subtractFrom(change, before.v);
    if (flags & combined.incompatible) return say(undefined, ...notes, "mixedSchemas");
    if (flags & combined.customMismatch) notes.push("mismatchedSubtraction");
  }
  change.resetHint = resetHints.gauge;
  compact(change);
  if (perSecond) divide(change, seconds);
  return say(change, ...notes);
}

function events(func: "changes" | "resets", window: readonly MixedSample[]): number {
  return window.filter((now, i) => {
    const before = window[i - 1];
    if (before === undefined) return false;
    if (typeof now.v === "number" && typeof before.v === "number") {
      if (func === "resets") return now.v < before.v || startReset(before, now);
      return now.v !== before.v && !(Number.isNaN(now.v) && Number.isNaN(before.v));
    }
    if (typeof now.v === "number" || typeof before.v === "number") return true;
    if (func === "changes") return !equalHistograms(now.v, before.v);
    return startReset(before, now) || detectReset(now.v, before.v);
  }).length;
}

function sum(points: Histograms, average: boolean): MixedAnswer {
  const notes: string[] = [];
  const hints = points.map(({ v }) => v.resetHint);
  if (hints.includes(resetHints.reset) && hints.includes(resetHints.notReset)) notes.push("resetCollision");
  let total = copy((points[0] as Histograms[0]).v);
  let lost = createHistogram();
  let mean = false;
  let mismatch = false;
  for (const [i, { v }] of points.slice(1).entries()) {
    const count = i + 2;
    if (!mean) {
      const tried = copy(total);
      const triedLost = copy(lost);
      triedLost.layout = lost.layout;
      const flags = kahanAddTo(tried, triedLost, v);
      if (flags & combined.incompatible) return say(undefined, "mixedSchemas");
      mismatch ||= (flags & combined.customMismatch) !== 0;
      if (!average || !hasOverflow(tried)) {
        total = tried;
        lost = triedLost;
        continue;
      }
      mean = true;
      divide(total, count - 1);
      divide(lost, count - 1);
    }
    const kept = (count - 1) / count;
    multiply(lost, kept);
    multiply(total, kept);
    const part = copy(v);
    divide(part, count);
    const flags = kahanAddTo(total, lost, part);
    if (flags & combined.incompatible) return say(undefined, "mixedSchemas");
    mismatch ||= (flags & combined.customMismatch) !== 0;
  }
  if (average && !mean) {
    divide(total, points.length);
    divide(lost, points.length);
  }
  const hint = total.resetHint;
  if (points.length > 1) addTo(total, lost);
  total.resetHint = hint;
  if (mismatch) notes.push("mismatchedAggregation");
  return say(total, ...notes);
}
