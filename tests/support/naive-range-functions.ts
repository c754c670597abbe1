/** One sample of a window. */
export interface Sample {
  readonly t: number;
  readonly v: number;
}

/** Where a window lies and what the call was given. */
export interface NaiveCall {
  readonly endMs: number;
  readonly rangeMs: number;
  readonly evalMs: number;
  readonly params: readonly number[];
}

type Naive = (window: readonly Sample[], call: NaiveCall) => number | undefined;

const last = (window: readonly Sample[]): Sample => window[window.length - 1] as Sample;
const first = (window: readonly Sample[]): Sample => window[0] as Sample;

/** Range functions written from prometheus.md §2.6 in the simplest way; undefined for no answer. */
export const naiveRangeFunctions: ReadonlyMap<string, Naive> = new Map<string, Naive>([
  ["rate", (w, c) => extrapolated(w, c, true, true)],
  ["increase", (w, c) => extrapolated(w, c, true, false)],
  ["delta", (w, c) => extrapolated(w, c, false, false)],
  ["irate", (w) => instant(w, true)],
  ["idelta", (w) => instant(w, false)],
  ["changes", (w) => w.slice(1).filter(({ v }, i) => !same(v, (w[i] as Sample).v)).length],
  ["resets", (w) => w.slice(1).filter(({ v }, i) => v < (w[i] as Sample).v).length],
  ["sum_over_time", (w) => compensated(w.map(({ v }) => v))],
  ["avg_over_time", (w) => average(w.map(({ v }) => v))],
  ["max_over_time", (w) => w.reduce((m, { v }) => (v > m || Number.isNaN(m) ? v : m), first(w).v)],
  ["min_over_time", (w) => w.reduce((m, { v }) => (v < m || Number.isNaN(m) ? v : m), first(w).v)],
  ["count_over_time", (w) => w.length],
  ["present_over_time", () => 1],
  ["first_over_time", (w) => first(w).v],
  ["last_over_time", (w) => last(w).v],
  ["stddev_over_time", (w) => Math.sqrt(variance(w))],
  ["stdvar_over_time", (w) => variance(w)],
  [
    "quantile_over_time",
    (w, c) =>
      naiveQuantile(
        c.params[0] as number,
        w.map(({ v }) => v),
      ),
  ],
  ["deriv", (w) => (w.length < 2 ? undefined : line(w, first(w).t).slope)],
  [
    "predict_linear",
    (w, c) => {
      if (w.length < 2) return undefined;
      const { slope, intercept } = line(w, c.evalMs);
      return slope * (c.params[0] as number) + intercept;
    },
  ],
  ["ts_of_first_over_time", (w) => first(w).t / 1000],
  ["ts_of_last_over_time", (w) => last(w).t / 1000],
]);

function same(a: number, b: number): boolean {
  return a === b || (Number.isNaN(a) && Number.isNaN(b));
}

function extrapolated(
  w: readonly Sample[],
  c: NaiveCall,
  counter: boolean,
  perSecond: boolean,
): number | undefined {
  if (w.length < 2) return undefined;
  let result = last(w).v - first(w).v;
  if (counter) {
    for (let i = 1; i < w.length; i++) {
      if ((w[i] as Sample).v < (w[i - 1] as Sample).v) result += (w[i - 1] as Sample).v;
    }
  }
  let start = (first(w).t - (c.endMs - c.rangeMs)) / 1000;
  let end = (c.endMs - last(w).t) / 1000;
  const sampled = (last(w).t - first(w).t) / 1000;
  const between = sampled / (w.length - 1);
  if (start >= between * 1.1) start = between / 2;
  if (counter && result > 0 && first(w).v >= 0) start = Math.min(start, sampled * (first(w).v / result));
  if (end >= between * 1.1) end = between / 2;
  let factor = (sampled + start + end) / sampled;
  if (perSecond) factor /= c.rangeMs / 1000;
  return result * factor;
}

function instant(w: readonly Sample[], counter: boolean): number | undefined {
  if (w.length < 2) return undefined;
  const [a, b] = w.slice(-2) as [Sample, Sample];
  const change = counter && b.v < a.v ? b.v : b.v - a.v;
  return counter ? change / ((b.t - a.t) / 1000) : change;
}

function add(sum: number, lost: number, value: number): [number, number] {
  const total = sum + value;
  if (Math.abs(total) === Number.POSITIVE_INFINITY) return [total, 0];
  return Math.abs(sum) >= Math.abs(value)
    ? [total, lost + (sum - total + value)]
    : [total, lost + (value - total + sum)];
}

/** Upstream's compensated sum. */
export function compensated(values: readonly number[]): number {
  let sum = 0;
  let lost = 0;
  for (const value of values) [sum, lost] = add(sum, lost, value);
  return Math.abs(sum) === Number.POSITIVE_INFINITY ? sum : sum + lost;
}

/** Upstream's average: a sum until it would overflow, an incremental mean from then on. */
export function average(values: readonly number[]): number {
  let sum = values[0] as number;
  let lost = 0;
  let incremental = false;
  values.forEach((value, i) => {
    if (i === 0) return;
    const n = i + 1;
    const total = sum + value;
    if (!incremental && Math.abs(total) !== Number.POSITIVE_INFINITY) {
      [sum, lost] = add(sum, lost, value);
      return;
    }
    if (!incremental) {
      incremental = true;
      sum /= n - 1;
      lost /= n - 1;
    }
    const q = (n - 1) / n;
    [sum, lost] = add(q * sum, q * lost, value / n);
  });
  return incremental ? sum + lost : sum / values.length + lost / values.length;
}

function variance(w: readonly Sample[]): number {
  let [mean, meanLost, squares, squaresLost] = [0, 0, 0, 0];
  w.forEach(({ v }, i) => {
    const delta = v - (mean + meanLost);
    [mean, meanLost] = add(mean, meanLost, delta / (i + 1));
    [squares, squaresLost] = add(squares, squaresLost, delta * (v - (mean + meanLost)));
  });
  return (squares + squaresLost) / w.length;
}

/** Upstream's quantile: NaN sorts first. */
export function naiveQuantile(phi: number, values: readonly number[]): number {
  if (values.length === 0 || Number.isNaN(phi)) return Number.NaN;
  if (phi < 0) return Number.NEGATIVE_INFINITY;
  if (phi > 1) return Number.POSITIVE_INFINITY;
  const nan = values.filter((value) => Number.isNaN(value));
  const sorted = [...nan, ...values.filter((value) => !Number.isNaN(value)).sort((a, b) => (a < b ? -1 : 1))];
  const rank = phi * (sorted.length - 1);
  const lower = Math.max(0, Math.floor(rank));
  const upper = Math.min(sorted.length - 1, lower + 1);
  const weight = rank - Math.floor(rank);
  return (sorted[lower] as number) * (1 - weight) + (sorted[upper] as number) * weight;
}

function line(w: readonly Sample[], interceptMs: number): { slope: number; intercept: number } {
  const y = first(w).v;
  if (w.every(({ v }) => v === y)) {
    return Number.isFinite(y) ? { slope: 0, intercept: y } : { slope: Number.NaN, intercept: Number.NaN };
  }
  const x = w.map(({ t }) => (t - interceptMs) / 1e3);
  const sumX = compensated(x);
  const sumY = compensated(w.map(({ v }) => v));
  const sumXY = compensated(w.map(({ v }, i) => v * (x[i] as number)));
  const sumXX = compensated(x.map((value) => value * value));
  const slope = (sumXY - (sumX * sumY) / w.length) / (sumXX - (sumX * sumX) / w.length);
  return { slope, intercept: sumY / w.length - (slope * sumX) / w.length };
}
