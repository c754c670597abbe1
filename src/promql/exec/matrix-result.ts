import { GatewayError } from "../../lib/errors.ts";
import { HistogramColumn } from "../../model/histogram/histogram-column.ts";
import { compareLabels } from "../../model/labels.ts";
import type { SeriesLabels } from "../../store/samples.ts";
import type { ResultColumn } from "../engine.ts";
import { extendSamples } from "../functions/extended-range.ts";
import { findWindows } from "../functions/windows.ts";
import type { PlanNode } from "../plan/node.ts";
import { createCompiler } from "./compile.ts";
import { extendWindows, extensionOf } from "./extension.ts";
import { histogramSize, type Samples } from "./operator.ts";
import { afterPreparing, drain, pullMapped } from "./pull.ts";
import type { Run } from "./run.ts";
import { fixedLabels, withoutName } from "./series-labels.ts";
import { endsOf, type Span } from "./span.ts";

interface MatrixResult {
  next(): ResultColumn | undefined | Promise<ResultColumn | undefined>;
}

/** The answer of an instant query for a range vector: the samples of its one window, series in label order. */
export function createMatrixResult(run: Run, plan: PlanNode, span: Span): MatrixResult {
  const node = plan.kind === "invariant" ? plan.expr : plan;
  if (node.kind !== "matrix" && node.kind !== "subquery") {
    throw new Error(`assertion failed: ${node.kind} is no range vector`);
  }
  const placed = node.kind === "matrix" ? node.selector : node;
  const plain = { ...endsOf(span.grid, placed), rangeMs: node.rangeMs };
  const grid = node.kind === "matrix" ? extendWindows(plain, node.selector, run.lookbackMs) : plain;
  const extension =
    node.kind === "matrix" && node.selector.extension !== undefined
      ? extensionOf(node.selector, node.rangeMs, run.lookbackMs)
      : undefined;
  const input = createCompiler(run).matrix(node, span);
  const scratch = new HistogramColumn();
  const cut = (samples: Samples): ResultColumn | undefined => {
    const windows = findWindows(grid, samples.times, samples.length);
    const from = windows.lo[0] as number;
    const to = windows.hi[0] as number;
    const histograms = cutHistograms(samples, from, to, scratch);
    run.count(0, to - from + sizeOf(histograms, to - from));
    if (to === from) return undefined;
    if (extension !== undefined) {
      if (histograms !== undefined) throw noHistograms(extension.smoothed);
      return extended(samples, extendSamples({ ...samples, windows }, extension));
    }
    return {
      labels: labelsOf(samples),
      length: to - from,
      values: samples.values.subarray(from, to),
      present: undefined,
      histograms,
      timesMs: samples.times.subarray(from, to),
    };
  };
  const cuts = { next: () => pullMapped(input, cut) };
  return input.ordered ? cuts : sortedByLabels(run, cuts);
}

/** The histograms of samples `from` to `to`, as rows from 0 on; undefined where there are none. */
function cutHistograms(
  { histograms }: Samples,
  from: number,
  to: number,
  into: HistogramColumn,
): HistogramColumn | undefined {
  if (histograms === undefined) return undefined;
  into.clear();
  let found = false;
  for (let i = from; i < to; i++) {
    if (!histograms.has(i)) continue;
    into.setFrom(i - from, histograms, i);
    found = true;
  }
  return found ? into : undefined;
}

/** What histograms count beyond one sample each. */
function sizeOf(histograms: HistogramColumn | undefined, length: number): number {
  let size = 0;
  if (histograms !== undefined) for (let i = 0; i < length; i++) size += histogramSize(histograms, i);
  return size;
}

function noHistograms(smoothed: boolean): GatewayError {
  const modifier = smoothed ? "smoothed" : "anchored";
  return new GatewayError("execution", `${modifier} modifier is not supported with histograms`);
}

function extended(
  samples: Samples,
  made: readonly { readonly t: number; readonly v: number }[],
): ResultColumn | undefined {
  if (made.length === 0) return undefined;
  return {
    labels: labelsOf(samples),
    length: made.length,
    values: Float64Array.from(made, ({ v }) => v),
    present: undefined,
    histograms: undefined,
    timesMs: Float64Array.from(made, ({ t }) => t),
  };
}

function keptRows(histograms: HistogramColumn, length: number): HistogramColumn {
  const kept = new HistogramColumn(length);
  for (let i = 0; i < length; i++) kept.setFrom(i, histograms, i);
  return kept;
}

function labelsOf(samples: Samples): SeriesLabels {
  return samples.dropName ? withoutName(samples.labels) : samples.labels;
}

function sortedByLabels(run: Run, input: MatrixResult): MatrixResult {
  const held: ResultColumn[] = [];
  let next = 0;
  const keep = (column: ResultColumn): void => {
    run.hold(2 * column.length + sizeOf(column.histograms, column.length));
    held.push({
      ...column,
      labels: fixedLabels(column.labels.all()),
      values: column.values.slice(),
      histograms: column.histograms && keptRows(column.histograms, column.length),
      timesMs: column.timesMs?.slice(),
    });
  };
  const sort = (): void => void held.sort((a, b) => compareLabels(a.labels.all(), b.labels.all()));
  return {
    next: afterPreparing(
      () => {
        const done = drain(input, keep);
        if (done !== undefined) return done.then(sort);
        sort();
        return undefined;
      },
      () => held[next++],
    ),
  };
}
