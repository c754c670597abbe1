import type { Histogram } from "../../src/model/histogram/histogram.ts";
import { HistogramColumn } from "../../src/model/histogram/histogram-column.ts";
import { compareLabels, type Label, type Labels, labelValue } from "../../src/model/labels.ts";
import { createMatcher } from "../../src/model/matches.ts";
import type { SampleColumn, SampleSource, Selectable, SelectRequest } from "../../src/store/samples.ts";
import { readBackHints } from "./read-back-hints.ts";

/** One sample as a test writes it. */
export interface MemorySample {
  readonly timeMs: number;
  /** 0 where there is a histogram. */
  readonly value: number | "stale";
  readonly histogram?: Histogram;
  /** When its counter began, Unix ms. */
  readonly startTimeMs?: number;
}

/** Series in memory that PromQL can read. */
export interface MemorySelectable extends Selectable {
  /** Adds samples; one at a time that is taken replaces what was there. */
  add(labels: Labels, samples: readonly MemorySample[]): void;
  clear(): void;
  /** What has been asked, in order. */
  readonly requests: readonly SelectRequest[];
}

interface StoredSeries {
  readonly labels: Labels;
  readonly written: readonly MemorySample[];
  /** As a storage gives them back. */
  readonly samples: readonly MemorySample[];
}

/** A selectable over series that a test adds. Histograms come with the reset hints that Prometheus's storage gives back. */
export function createMemorySelectable(): MemorySelectable {
  const byKey = new Map<string, StoredSeries>();
  const requests: SelectRequest[] = [];
  return {
    requests,
    add(labels, samples) {
      const key = JSON.stringify(labels);
      const known = byKey.get(key);
      const written = ordered([...(known?.written ?? []), ...samples]);
      byKey.set(key, { labels, written, samples: readBackHints(written) });
    },
    clear() {
      byKey.clear();
    },
    select(_ctx, request) {
      requests.push(request);
      const matchers = request.matchers.map(createMatcher);
      const found = [...byKey.values()]
        .filter(({ labels }) => matchers.every((m) => m.matches(labelValue(labels, m.name) ?? "")))
        .map((series) => ({ ...series, samples: within(series.samples, request) }))
        .filter(({ samples }) => samples.length > 0)
        .sort((a, b) => compareLabels(a.labels, b.labels));
      return sourceOf(found);
    },
  };
}

function ordered(samples: readonly MemorySample[]): readonly MemorySample[] {
  const byTime = new Map(samples.map((sample) => [sample.timeMs, sample]));
  return [...byTime.values()].sort((a, b) => a.timeMs - b.timeMs);
}

function within(samples: readonly MemorySample[], { range }: SelectRequest): readonly MemorySample[] {
  return samples.filter(({ timeMs }) => timeMs >= range.minMs && timeMs <= range.maxMs);
}

function sourceOf(series: readonly StoredSeries[]): SampleSource {
  let at = 0;
  return {
    next() {
      const one = series[at++];
      return one === undefined ? undefined : columnOf(one);
    },
    async close() {
      at = series.length;
    },
  };
}

function columnOf({ labels, samples }: StoredSeries): SampleColumn {
  const values = new Float64Array(samples.length + 1);
  const words = new Uint32Array(values.buffer);
  const timesMs = new Float64Array(samples.length + 1).fill(Number.NaN);
  let hasStale = false;
  samples.forEach(({ timeMs, value }, i) => {
    timesMs[i] = timeMs;
    if (value !== "stale") values[i] = value;
    else {
      hasStale = true;
      words[2 * i] = 2;
      words[2 * i + 1] = 0x7ff00000;
    }
  });
  values[samples.length] = Number.NaN; // Junk past the end, as contracts allow.
  const byName = new Map(labels.map((label: Label) => [label.name, label.value]));
  return {
    labels: { get: (name: string) => byName.get(name) ?? "", all: () => labels },
    length: samples.length,
    timesMs,
    values,
    words,
    hasStale,
    histograms: histogramsOf(samples),
    startTimesMs: samples.some(({ startTimeMs }) => startTimeMs !== undefined)
      ? Float64Array.from(samples, ({ startTimeMs }) => startTimeMs ?? 0)
      : undefined,
  };
}

function histogramsOf(samples: readonly MemorySample[]): HistogramColumn | undefined {
  if (samples.every(({ histogram }) => histogram === undefined)) return undefined;
  const column = new HistogramColumn(samples.length);
  samples.forEach(({ histogram }, i) => {
    if (histogram !== undefined) column.set(i, histogram);
  });
  return column;
}
