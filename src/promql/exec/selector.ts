import { GatewayError } from "../../lib/errors.ts";
import { HistogramColumn } from "../../model/histogram/histogram-column.ts";
import { formatLabels } from "../../model/labels.ts";
import type { SampleColumn, SampleSource, SelectRequest } from "../../store/samples.ts";
import { createWindowCache, type WindowGrid, type Windows } from "../functions/windows.ts";
import type { MatrixNode, SelectorNode } from "../plan/node.ts";
import { extendRange, extendWindows } from "./extension.ts";
import { createGrowthCount } from "./growth.ts";
import { createStatsReader } from "./histogram-stats.ts";
import {
  type Column,
  createColumn,
  histogramSize,
  type Names,
  type Operator,
  type Samples,
  type SamplesOperator,
} from "./operator.ts";
import { pullMapped } from "./pull.ts";
import type { Run } from "./run.ts";
import { noLabels } from "./series-labels.ts";
import { endsOf, readRange, type Span } from "./span.ts";

/** What a selector says about names: an equality on `__name__` makes all series share one. */
function namesOf(selector: SelectorNode): Names {
  return selector.matchers.some((m) => m.name === "__name__" && m.type === "=" && m.value !== "")
    ? "one"
    : "many";
}

/** What a selector reads, letting others have their turn between series. */
function selectedSource(
  run: Run,
  node: SelectorNode,
  request: SelectRequest,
  grid: WindowGrid,
): Pick<SampleSource, "next"> {
  const source = run.select(request);
  const paced: Pick<SampleSource, "next"> = {
    next() {
      const wait = run.turn();
      return wait === undefined ? source.next() : wait.then(() => source.next());
    },
  };
  if (!node.statsOnly) return paced;
  const read = createStatsReader(grid);
  return { next: () => pullMapped(paced, read) };
}

/**
 * What an instant selector answers: values, or seconds at which samples were taken or their counters began. Series whose
 * `info-times` are asked for have to be floats.
 */
export type Picked = "values" | "times" | "start-times" | "info-times";

/** An instant selector: at each step the latest sample within the lookback, unless it is a staleness marker. */
export function createSelector(run: Run, node: SelectorNode, span: Span, picked: Picked): Operator {
  const grid = { ...endsOf(span.grid, node), rangeMs: run.lookbackMs };
  const request: SelectRequest = {
    matchers: node.matchers,
    range: readRange(span, node, run.lookbackMs),
    func: node.func,
    rangeMs: 0,
    stepMs: span.hintStepMs,
    projection: node.projection,
  };
  const source = selectedSource(run, node, request, grid);
  const cache = createWindowCache(grid, run.holdBytes);
  const column = createColumn(span.grid.count, noLabels);
  const histograms = new HistogramColumn();
  const countGrowth = createGrowthCount(run);
  const pick = (series: SampleColumn): Column | undefined => {
    const windows = cache.windowsOf(series.timesMs, series.length);
    column.count = pickLatest(series, windows, column);
    column.histograms = undefined;
    if (picked !== "values") {
      if (picked === "info-times") refuseHistograms(series, windows, column);
      pickTimes(picked === "start-times" ? series.startTimesMs : series.timesMs, windows, column);
      run.count(series.length, column.count);
    } else if (series.histograms === undefined) {
      run.count(series.length, column.count);
    } else {
      const size = pickHistograms(series.histograms, windows, column, histograms);
      countGrowth(histograms);
      run.count(sizeOf(series, series.histograms), column.count + size);
    }
    if (column.count === 0) return undefined;
    column.labels = series.labels;
    column.dropName = false;
    return column;
  };
  return {
    names: namesOf(node),
    ordered: true,
    repeats: false,
    next: () => pullMapped(source, pick),
  };
}

function pickLatest(series: SampleColumn, windows: Windows, out: Column): number {
  const { lo, hi, withOne } = windows;
  const { values, present } = out;
  const steps = values.length;
  if (withOne === steps && !series.hasStale) {
    for (let k = 0; k < steps; k++) values[k] = series.values[(hi[k] as number) - 1] as number;
    present.fill(1);
    return steps;
  }
  let count = 0;
  for (let k = 0; k < steps; k++) {
    const i = (hi[k] as number) - 1;
    if (i < (lo[k] as number) || (series.hasStale && isStale(series.words, i))) {
      present[k] = 0;
    } else {
      values[k] = series.values[i] as number;
      present[k] = 1;
      count++;
    }
  }
  return count;
}

/** Puts seconds in place of the values that were picked, 0 where they are not known. */
function pickTimes(timesMs: Float64Array | undefined, windows: Windows, out: Column): void {
  for (let k = 0; k < out.values.length; k++) {
    if (out.present[k] === 0) continue;
    out.values[k] = timesMs === undefined ? 0 : (timesMs[(windows.hi[k] as number) - 1] as number) / 1000;
  }
}

function refuseHistograms({ histograms, labels }: SampleColumn, { hi }: Windows, { present }: Column): void {
  if (histograms === undefined) return;
  for (let k = 0; k < present.length; k++) {
    if (present[k] === 0 || !histograms.has((hi[k] as number) - 1)) continue;
    const series = formatLabels(labels.all());
    throw new GatewayError("execution", `this should be an info metric, with float samples: ${series}`);
  }
}

/** Copies the histograms among what was picked, and answers what they count beyond one sample each. */
function pickHistograms(from: HistogramColumn, { hi }: Windows, out: Column, into: HistogramColumn): number {
  into.clear();
  let size = 0;
  for (let k = 0; k < out.present.length; k++) {
    const i = (hi[k] as number) - 1;
    if (out.present[k] === 0 || !from.has(i)) continue;
    into.setFrom(k, from, i);
    size += histogramSize(from, i);
    out.histograms = into;
  }
  return size;
}

/** What a series' samples count, histograms as upstream sizes them. */
function sizeOf({ length }: SampleColumn, histograms: HistogramColumn): number {
  let size = length;
  for (let i = 0; i < length; i++) size += histogramSize(histograms, i);
  return size;
}

function isStale(words: Uint32Array, index: number): boolean {
  return words[2 * index] === 2 && words[2 * index + 1] === 0x7ff00000;
}

interface Scratch {
  times: Float64Array;
  values: Float64Array;
  startTimes: Float64Array;
  readonly histograms: HistogramColumn;
}

/** A range selector: each series' samples without staleness markers. Windows are cut by who reads them. */
export function createMatrixSelector(run: Run, node: MatrixNode, span: Span): SamplesOperator {
  const { selector, rangeMs } = node;
  const request: SelectRequest = {
    matchers: selector.matchers,
    range: extendRange(readRange(span, selector, rangeMs), selector, run.lookbackMs),
    func: selector.func,
    rangeMs,
    stepMs: span.hintStepMs,
    projection: selector.projection,
  };
  const grid = extendWindows({ ...endsOf(span.grid, selector), rangeMs }, selector, run.lookbackMs);
  const source = selectedSource(run, selector, request, grid);
  const usesStartTimes = run.options.features.has("use-start-timestamps");
  const scratch: Scratch = {
    times: new Float64Array(0),
    values: new Float64Array(0),
    startTimes: new Float64Array(0),
    histograms: new HistogramColumn(),
  };
  const countGrowth = createGrowthCount(run);
  const lend = (series: SampleColumn): Samples => {
    const { histograms } = series;
    run.count(histograms === undefined ? series.length : sizeOf(series, histograms), 0);
    const startTimesMs = usesStartTimes ? series.startTimesMs : undefined;
    if (series.hasStale) {
      const kept = withoutStale(series, startTimesMs, scratch);
      countGrowth(scratch.histograms);
      return kept;
    }
    return {
      labels: series.labels,
      length: series.length,
      times: series.timesMs,
      values: series.values,
      histograms,
      startTimesMs,
      dropName: false,
    };
  };
  return { names: namesOf(selector), ordered: true, next: () => pullMapped(source, lend) };
}

function withoutStale(
  series: SampleColumn,
  startTimesMs: Float64Array | undefined,
  scratch: Scratch,
): Samples {
  const { labels, histograms } = series;
  if (scratch.times.length < series.length) {
    scratch.times = new Float64Array(series.length);
    scratch.values = new Float64Array(series.length);
    scratch.startTimes = new Float64Array(series.length);
  }
  let length = 0;
  if (histograms !== undefined) scratch.histograms.clear();
  for (let i = 0; i < series.length; i++) {
    if (isStale(series.words, i)) continue;
    scratch.times[length] = series.timesMs[i] as number;
    scratch.values[length] = series.values[i] as number;
    if (startTimesMs !== undefined) scratch.startTimes[length] = startTimesMs[i] as number;
    if (histograms?.has(i)) scratch.histograms.setFrom(length, histograms, i);
    length++;
  }
  return {
    labels,
    length,
    times: scratch.times,
    values: scratch.values,
    histograms: histograms && scratch.histograms,
    startTimesMs: startTimesMs && scratch.startTimes,
    dropName: false,
  };
}
