import { sampleSizeOf } from "../../model/histogram/histogram.ts";
import { HistogramColumn } from "../../model/histogram/histogram-column.ts";
import type { SeriesLabels } from "../../store/samples.ts";

/**
 * One series over the steps of its grid. Lent until the next call of the operator that gave it; until then the
 * borrower may overwrite everything in it.
 */
export interface Column {
  labels: SeriesLabels;
  readonly values: Float64Array;
  /** 1 where `values` counts. Absence is never told by a number. */
  readonly present: Uint8Array;
  /**
   * Native histograms, a row for each step; `undefined` where all values are floats. Where an entry is present and has a
   * histogram, `values` is junk; where it is not present, so is the histogram.
   */
  histograms: HistogramColumn | undefined;
  /** How many entries are present. */
  count: number;
  /** The name is to go at the end of the query (delayed name removal only). */
  dropName: boolean;
}

/**
 * What is known of the metric names of an operator's series: all share one, none has any, or they differ.
 * Unless they differ, label sets stay distinct and in order when the name goes.
 */
export type Names = "one" | "none" | "many";

/** Pulls one series at a time: series arrive sorted, and most operators need to hold only one. */
export interface Operator {
  readonly names: Names;
  /** True where series come out in label order. */
  readonly ordered: boolean;
  /** True where one label set may come more than once, with no step in common. */
  readonly repeats: boolean;
  /** The next series with at least one value, or undefined at the end. No promise when the data is there. */
  next(): Column | undefined | Promise<Column | undefined>;
}

/** A value for every step. */
export interface ScalarOperator {
  /** Lent; constant from the first call on. */
  read(): Float64Array | Promise<Float64Array>;
}

/** Samples of one series in time order, no stale markers among them. Lent until the next call. */
export interface Samples {
  labels: SeriesLabels;
  length: number;
  times: Float64Array;
  values: Float64Array;
  /** Native histograms, row i for sample i; `undefined` where all samples are floats. Read only. */
  histograms: HistogramColumn | undefined;
  /** As SampleColumn has them. */
  startTimesMs: Float64Array | undefined;
  dropName: boolean;
}

/** Like Operator, but for range vectors: samples instead of steps. */
export interface SamplesOperator {
  readonly names: Names;
  readonly ordered: boolean;
  next(): Samples | undefined | Promise<Samples | undefined>;
}

export function createColumn(steps: number, labels: SeriesLabels): Column {
  return {
    labels,
    values: new Float64Array(steps),
    present: new Uint8Array(steps),
    histograms: undefined,
    count: 0,
    dropName: false,
  };
}

/** Copies values and presence, so that they outlive the lender's next call. */
export function keepColumn(column: Column, labels: SeriesLabels): Column {
  return {
    labels,
    values: column.values.slice(),
    present: column.present.slice(),
    histograms: column.histograms && keepHistograms(column),
    count: column.count,
    dropName: column.dropName,
  };
}

/** What a kept copy of a column counts against the limit on samples: a step is 1, a histogram as upstream sizes it. */
export function heldSamples({ values, present, histograms }: Column): number {
  const steps = values.length;
  if (histograms === undefined) return steps;
  let samples = steps;
  for (let k = 0; k < steps; k++) {
    if (present[k] === 1) samples += histogramSize(histograms, k);
  }
  return samples;
}

/** What row `row` counts beyond a float's 1: nothing where it holds no histogram. */
export function histogramSize(histograms: HistogramColumn, row: number): number {
  const layout = histograms.layoutAt(row);
  return layout === undefined ? 0 : sampleSizeOf(layout) - 1;
}

function keepHistograms({ histograms, present }: Column): HistogramColumn {
  const kept = new HistogramColumn(present.length);
  if (histograms === undefined) return kept;
  for (let k = 0; k < present.length; k++) {
    if (present[k] === 1 && histograms.has(k)) kept.setFrom(k, histograms, k);
  }
  return kept;
}
