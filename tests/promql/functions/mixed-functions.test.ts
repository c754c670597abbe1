import { suite } from "uvu";
import * as assert from "uvu/assert";
import { compact } from "../../../src/model/histogram/compact.ts";
import {
  bucketCount,
  copyHistogram,
  createHistogram,
  type Histogram,
  type HistogramLayout,
  sameLayout,
} from "../../../src/model/histogram/histogram.ts";
import { HistogramColumn } from "../../../src/model/histogram/histogram-column.ts";
import { multiply } from "../../../src/model/histogram/scale.ts";
import { mixedKernel } from "../../../src/promql/functions/mixed/mixed-functions.ts";
import { type MixedOut, notes } from "../../../src/promql/functions/mixed/mixed-kernel.ts";
import { rangeFunctions } from "../../../src/promql/functions/range-functions.ts";
import { findWindows, type WindowGrid } from "../../../src/promql/functions/windows.ts";
import { type PlainHistogram, randomHistogram, toHistogram, toPlain } from "../../support/histograms.ts";
import { type MixedSample, naiveMixed } from "../../support/naive-mixed-functions.ts";
import { everySeed, type SeededRandom } from "../../support/seeded-random.ts";

const test = suite("range functions of mixed series");

interface Call {
  readonly func: string;
  readonly samples: readonly MixedSample[];
  readonly grid: WindowGrid;
  readonly params: readonly number[];
}

function run(
  { func, samples, grid, params }: Call,
  compacts: boolean,
): MixedOut & { readonly count: number } {
  const maker = rangeFunctions.get(func);
  assert.ok(maker, func);
  const perStep = params.map((param) => new Float64Array(grid.count).fill(param));
  const floats = maker(perStep, { startMs: grid.firstEndMs, stepMs: grid.stepMs, count: grid.count });
  const kernel = mixedKernel({ func, kernel: floats, params: perStep, extension: undefined, compacts });
  const histograms = new HistogramColumn();
  const times = Float64Array.from([...samples.map(({ t }) => t), 1, 2]);
  const values = Float64Array.from([...samples.map(({ v }) => (typeof v === "number" ? v : -7e7)), 4, 5]);
  const startTimesMs = samples.some(({ st }) => st !== 0)
    ? Float64Array.from([...samples.map(({ st }) => st), 3, 3])
    : undefined;
  // As those of a chunk do, equal layouts are one.
  const layouts: HistogramLayout[] = [];
  samples.forEach(({ v }, i) => {
    if (typeof v === "number") return;
    const layout = layouts.find((known) => sameLayout(known, v.layout)) ?? v.layout;
    layouts.push(layout);
    histograms.set(i, { ...v, layout });
  });
  const input = {
    times,
    values,
    length: samples.length,
    windows: findWindows(grid, times, samples.length),
    histograms,
    startTimesMs,
  };
  const out = {
    values: new Float64Array(grid.count),
    present: new Uint8Array(grid.count).fill(1),
    histograms: new HistogramColumn(),
    notes: 0,
    overlaps: 0,
  };
  // Another series first: nothing may be left over from it.
  const other = { ...input, values: values.map((value) => -value), length: samples.length >> 1 };
  kernel({ ...other, windows: findWindows(grid, times, other.length) }, out);
  out.histograms.clear();
  Object.assign(out, { notes: 0, overlaps: 0 });
  return { ...out, count: kernel(input, out), notes: out.notes, overlaps: out.overlaps };
}

function compacted(histogram: Histogram): Histogram {
  const owned = createHistogram();
  copyHistogram(histogram, owned);
  compact(owned);
  return owned;
}

/** Functions whose histograms may keep their empty buckets where nobody sees them. */
const mayKeepEmpty: ReadonlySet<string> = new Set(["delta", "idelta", "increase", "irate", "rate"]);

function agree(call: Call): void {
  agreeWith(call, run(call, true), false);
  if (mayKeepEmpty.has(call.func)) agreeWith(call, run(call, false), true);
}

function agreeWith(call: Call, got: ReturnType<typeof run>, hasEmpty: boolean): void {
  const { func, samples, grid, params } = call;
  const said = new Set<string>();
  let overlaps = 0;
  let count = 0;
  for (let k = 0; k < grid.count; k++) {
    const endMs = grid.firstEndMs + k * grid.stepMs;
    const window = samples.filter(({ t }) => t > endMs - grid.rangeMs && t <= endMs);
    const naive = { endMs, rangeMs: grid.rangeMs, evalMs: endMs, params };
    const want = window.length === 0 ? undefined : naiveMixed(func, window, naive);
    for (const note of want?.notes ?? []) said.add(note);
    if (want?.notes.includes("overlap")) overlaps++;
    if (want?.value !== undefined) count++;
    const failure = `${func} at step ${k} of ${shown(call)}`;
    assert.is(got.present[k] === 1, want?.value !== undefined, `presence, ${failure}`);
    if (want?.value === undefined) continue;
    assert.is(got.histograms.has(k), typeof want.value !== "number", `type, ${failure}`);
    if (typeof want.value === "number") sameFloat(got.values[k] as number, want.value, failure);
    else {
      const histogram = got.histograms.lend(k, createHistogram());
      if (hasEmpty) sameHistogram(compacted(histogram), compacted(want.value), failure);
      else sameHistogram(histogram, want.value, failure);
    }
  }
  said.delete("overlap");
  const names = Object.entries(notes).filter(([, note]) => (got.notes & note) !== 0);
  assert.equal(names.map(([name]) => name).sort(), [...said].sort(), `notes, ${func} of ${shown(call)}`);
  assert.is(got.overlaps, overlaps, `overlaps, ${func} of ${shown(call)}`);
  assert.is(got.count, count, func);
}

function isClose(got: number, want: number): boolean {
  const close = Math.abs(got - want) <= 1e-12 * Math.max(Math.abs(got), Math.abs(want));
  return Object.is(got, want) || close || (got === 0 && want === 0);
}

function sameFloat(got: number, want: number, failure: string): void {
  if (!isClose(got, want)) assert.unreachable(`${got}, wants ${want}, ${failure}`);
}

function sameHistogram(got: Histogram, want: Histogram, failure: string): void {
  const numbers = ({ count, sum, zeroCount, buckets, at }: Histogram) => [
    count,
    sum,
    zeroCount,
    ...buckets.subarray(at, at + bucketCount(want.layout)),
  ];
  const wanted = numbers(want);
  const same = sameLayout(got.layout, want.layout) && got.resetHint === want.resetHint;
  if (same && numbers(got).every((value, i) => isClose(value, wanted[i] as number))) return;
  assert.unreachable(`${JSON.stringify(toPlain(got))}, wants ${JSON.stringify(toPlain(want))}, ${failure}`);
}

function shown({ samples, ...call }: Call): string {
  return JSON.stringify({
    ...call,
    samples: samples.map(({ t, v, st }) => [t, typeof v === "number" ? v : toPlain(v), st]),
  });
}

/** Samples about every minute; in most series of one type, in runs of each in others. */
function randomSamples(random: SeededRandom): readonly MixedSample[] {
  const histogramShare = random.oneOf([0, 0.1, 0.5, 0.9, 1, 1, 1]);
  const kind = random.oneOf(["any", "exponential", "exponential", "custom"] as const);
  const startShare = random.oneOf([0, 0, 0.3, 1]);
  const sameShare = random.oneOf([0, 0.5, 0.9]);
  // So large that sums overflow.
  const scale = random.chance(0.15) ? 1e306 : 1;
  let t = 0;
  let isHistogram = random.chance(histogramShare);
  let last = randomHistogram(random, kind);
  return Array.from({ length: 1 + random.below(14) }, () => {
    const beforeMs = t;
    t += random.oneOf([30_000, 60_000, 60_000, 200_000]);
    if (random.chance(0.3)) isHistogram = random.chance(histogramShare);
    last = random.chance(sameShare) ? observed(last, random) : randomHistogram(random, kind);
    const st = random.chance(startShare)
      ? random.oneOf([beforeMs, beforeMs + 1, t, t + 5, 1, Math.max(1, beforeMs - 10_000)])
      : 0;
    const hint = random.chance(0.6) ? 0 : random.below(4);
    const v = isHistogram
      ? scaled(last, scale, hint as Histogram["resetHint"])
      : random.oneOf([0, 1, 2, 5, random.next()]);
    return { t, v, st };
  });
}

/** The same buckets with more in them, or less. */
function observed(last: PlainHistogram, random: SeededRandom): PlainHistogram {
  const buckets = last.buckets.map((count) => Math.max(0, Number(count) + random.below(9) - 1));
  const sum = random.chance(0.05) ? "NaN" : random.next() * 10 ** random.below(20);
  const zeroCount = last.customValues.length === 0 ? random.below(9) : 0;
  return { ...last, buckets, sum, zeroCount, count: buckets.reduce((a, b) => a + b, zeroCount) };
}

function scaled(plain: PlainHistogram, scale: number, resetHint: Histogram["resetHint"]): Histogram {
  const histogram = toHistogram(plain);
  if (scale !== 1) multiply(histogram, scale);
  return { ...histogram, resetHint };
}

const funcs: readonly (readonly [string, readonly number[]])[] = [
  ...[
    "rate",
    "increase",
    "delta",
    "irate",
    "idelta",
    "changes",
    "resets",
    "sum_over_time",
    "avg_over_time",
    "first_over_time",
    "last_over_time",
    "count_over_time",
    "present_over_time",
    "ts_of_first_over_time",
    "ts_of_last_over_time",
    "min_over_time",
    "max_over_time",
    "stddev_over_time",
    "deriv",
  ].map((func): readonly [string, readonly number[]] => [func, []]),
  ["quantile_over_time", [0.3]],
  ["predict_linear", [60]],
];

const asksForStartTimes = new Set(["rate", "increase", "irate", "resets"]);

for (const [func, params] of funcs) {
  test(`${func} agrees with a naive model on random floats and histograms`, async () => {
    await everySeed(150, (random) => {
      const samples = randomSamples(random);
      const grid = {
        firstEndMs: 60_000 * random.below(10),
        stepMs: random.oneOf([0, 60_000, 90_000]),
        count: 1 + random.below(12),
        rangeMs: random.oneOf([60_000, 150_000, 600_000]),
      };
      const known = asksForStartTimes.has(func) ? samples : samples.map((sample) => ({ ...sample, st: 0 }));
      agree({ func, params, grid, samples: known });
    });
  });
}

test.run();
