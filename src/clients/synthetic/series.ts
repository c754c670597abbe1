import { type Labels, labelsOf } from "../../model/labels.ts";
import { dailySignal, seedOf, workSeconds } from "./signal.ts";
import type { SyntheticTarget } from "./target.ts";

/** One made-up series without external labels; its value is a pure function of time. */
export interface SyntheticSeries {
  readonly labels: Labels;
  readonly target: SyntheticTarget;
  readonly valueAt: (timeMs: number) => number;
  /** It is there even while its target cannot be scraped, as `up` is. */
  readonly always: boolean;
}

/** Makes series of one target; `job` and `instance` are added to the labels. */
export interface SeriesMaker {
  /** A counter that grows by `perSecond` on average, in whole multiples of `unit`, from 0 at the target's start. */
  counter(name: string, perSecond: number, unit: number, labels?: Readonly<Record<string, string>>): void;
  /** CPU seconds by mode: each busy mode takes its share of the time on average, `idle` has what is left of it. */
  cpu(name: string, busy: Readonly<Record<string, number>>, labels?: Readonly<Record<string, string>>): void;
  /** A gauge around `middle`, up to `swing` away from it by day and night, in whole multiples of `unit`. */
  gauge(
    name: string,
    shape: { readonly middle: number; readonly swing: number; readonly unit: number },
    labels?: Readonly<Record<string, string>>,
  ): void;
  /** Any function of time. */
  value(
    name: string,
    valueAt: (timeMs: number) => number,
    labels?: Readonly<Record<string, string>>,
    always?: boolean,
  ): void;
  /** A classic histogram of latencies with `_bucket`, `_sum` and `_count`, `perSecond` observations on average around `median` seconds. */
  histogram(
    name: string,
    shape: { readonly perSecond: number; readonly median: number },
    labels?: Readonly<Record<string, string>>,
  ): void;
}

/** Upper bounds in seconds, as client libraries have them by default. */
const bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

/** A maker that appends to `into`. */
export function createSeriesMaker(target: SyntheticTarget, into: SyntheticSeries[]): SeriesMaker {
  const labelsFor = (name: string, labels: Readonly<Record<string, string>> = {}) =>
    labelsOf({ __name__: name, job: target.job, instance: target.instance, ...labels });
  const seedFor = (labels: Labels) => target.seed ^ seedOf(labels.map((l) => `${l.name}=${l.value}`).join());
  const maker: SeriesMaker = {
    value(name, valueAt, labels, always = false) {
      into.push({ labels: labelsFor(name, labels), target, valueAt, always });
    },
    counter(name, perSecond, unit, labels) {
      const grown = growthOf(target, seedFor(labelsFor(name, labels)));
      maker.value(name, (timeMs) => roundTo(Math.floor((grown(timeMs) * perSecond) / unit), unit), labels);
    },
    cpu(name, busy, labels = {}) {
      const used = Object.entries(busy).map(([mode, share]) => {
        const seconds = growthOf(target, seedFor(labelsFor(name, { ...labels, mode })));
        const usedAt = (timeMs: number) => seconds(timeMs) * share;
        maker.value(name, (timeMs) => roundTo(Math.floor(usedAt(timeMs) * 100), 0.01), { ...labels, mode });
        return usedAt;
      });
      const idleAt = (timeMs: number) =>
        used.reduce((left, usedAt) => left - usedAt(timeMs), (timeMs - target.startMs(timeMs)) / 1000);
      const mode = "idle";
      maker.value(name, (timeMs) => roundTo(Math.floor(idleAt(timeMs) * 100), 0.01), { ...labels, mode });
    },
    gauge(name, { middle, swing, unit }, labels) {
      const seed = seedFor(labelsFor(name, labels));
      maker.value(
        name,
        (timeMs) => roundTo(Math.round((middle + swing * dailySignal(seed, timeMs)) / unit), unit),
        labels,
      );
    },
    histogram(name, shape, labels) {
      addHistogram(maker, target, {
        name,
        labels: labels ?? {},
        seed: seedFor(labelsFor(name, labels)),
        ...shape,
      });
    },
  };
  return maker;
}

/** Work since the target's start; the start's own value is computed once per life. */
function growthOf(target: SyntheticTarget, seed: number): (timeMs: number) => number {
  let startMs = Number.NaN;
  let atStart = 0;
  return (timeMs) => {
    const start = target.startMs(timeMs);
    if (start !== startMs) {
      startMs = start;
      atStart = workSeconds(seed, start);
    }
    return workSeconds(seed, timeMs) - atStart;
  };
}

/** `count` units; a decimal unit such as 0.01 gives the nearest decimal instead of 0.01's error times count. */
function roundTo(count: number, unit: number): number {
  return unit < 1 ? count / Math.round(1 / unit) : count * unit;
}

interface HistogramOptions {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly seed: number;
  readonly perSecond: number;
  readonly median: number;
}

/** Each bucket's own observations grow on their own, so the quantiles move; sums of them stay cumulative. */
function addHistogram(maker: SeriesMaker, target: SyntheticTarget, options: HistogramOptions): void {
  const { name, labels, seed, perSecond, median } = options;
  const edges = [...bounds, Number.POSITIVE_INFINITY];
  const own = edges.map((edge, i) => {
    const share = shareBelow(edge, median) - (i === 0 ? 0 : shareBelow(edges[i - 1] ?? 0, median));
    const grown = growthOf(target, seed + 17 * i);
    return (timeMs: number) => Math.floor(grown(timeMs) * perSecond * share);
  });
  const upTo = (last: number) => (timeMs: number) => {
    let sum = 0;
    for (let i = 0; i <= last; i++) sum += own[i]?.(timeMs) ?? 0;
    return sum;
  };
  edges.forEach((edge, i) => {
    maker.value(`${name}_bucket`, upTo(i), {
      ...labels,
      le: edge === Number.POSITIVE_INFINITY ? "+Inf" : String(edge),
    });
  });
  maker.value(`${name}_count`, upTo(edges.length - 1), labels);
  const middles = edges.map((edge, i) =>
    i === 0 ? edge / 2 : edge > 10 ? 12 : (edge + (edges[i - 1] ?? 0)) / 2,
  );
  const sum = (timeMs: number) =>
    own.reduce((total, count, i) => total + count(timeMs) * (middles[i] ?? 0), 0);
  maker.value(`${name}_sum`, (timeMs) => Math.round(sum(timeMs) * 1e4) / 1e4, labels);
}

/** Share of observations up to `edge` for latencies spread log-logistically around `median`. */
function shareBelow(edge: number, median: number): number {
  return edge === Number.POSITIVE_INFINITY ? 1 : 1 / (1 + (edge / median) ** -1.8);
}
