import type { SampleColumn, SampleSource, SelectRequest } from "../../store/samples.ts";
import { createWindowCache, type Windows } from "../functions/windows.ts";
import type { MatrixNode, SelectorNode } from "../plan/node.ts";
import { extendRange } from "./extension.ts";
import { type Column, createColumn, type Names, type Operator, type SamplesOperator } from "./operator.ts";
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

/** A source that lets others have their turn between series. */
function pacedSource(run: Run, request: SelectRequest): Pick<SampleSource, "next"> {
  const source = run.select(request);
  return {
    next() {
      const wait = run.turn();
      return wait === undefined ? source.next() : wait.then(() => source.next());
    },
  };
}

/**
 * An instant selector: at each step the latest sample within the lookback, unless it is a staleness marker.
 * `timestamps` answers the samples' own times in seconds in place of their values.
 */
export function createSelector(run: Run, node: SelectorNode, span: Span, timestamps: boolean): Operator {
  const source = pacedSource(run, {
    matchers: node.matchers,
    range: readRange(span, node, run.lookbackMs),
    func: node.func,
    rangeMs: 0,
    stepMs: span.hintStepMs,
  });
  const cache = createWindowCache({ ...endsOf(span.grid, node), rangeMs: run.lookbackMs }, run.holdBytes);
  const column = createColumn(span.grid.count, noLabels);
  const pick = (series: SampleColumn): Column | undefined => {
    const windows = cache.windowsOf(series.timesMs, series.length);
    column.count = timestamps ? pickTimes(series, windows, column) : pickLatest(series, windows, column);
    run.count(series.length, column.count);
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

function pickTimes(series: SampleColumn, windows: Windows, out: Column): number {
  const count = pickLatest(series, windows, out);
  for (let k = 0; k < out.values.length; k++) {
    if (out.present[k] === 1)
      out.values[k] = (series.timesMs[(windows.hi[k] as number) - 1] as number) / 1000;
  }
  return count;
}

function isStale(words: Uint32Array, index: number): boolean {
  return words[2 * index] === 2 && words[2 * index + 1] === 0x7ff00000;
}

/** A range selector: each series' samples without staleness markers. Windows are cut by who reads them. */
export function createMatrixSelector(run: Run, node: MatrixNode, span: Span): SamplesOperator {
  const { selector, rangeMs } = node;
  const source = pacedSource(run, {
    matchers: selector.matchers,
    range: extendRange(readRange(span, selector, rangeMs), selector, run.lookbackMs),
    func: selector.func,
    rangeMs,
    stepMs: span.hintStepMs,
  });
  const scratch = { times: new Float64Array(0), values: new Float64Array(0) };
  const lend = (series: SampleColumn) => {
    run.count(series.length, 0);
    const { labels } = series;
    if (!series.hasStale) {
      return {
        labels,
        length: series.length,
        times: series.timesMs,
        values: series.values,
        histograms: undefined,
        startTimesMs: undefined,
        dropName: false,
      };
    }
    if (scratch.times.length < series.length) {
      scratch.times = new Float64Array(series.length);
      scratch.values = new Float64Array(series.length);
    }
    const length = dropStale(series, scratch);
    return {
      labels,
      length,
      times: scratch.times,
      values: scratch.values,
      histograms: undefined,
      startTimesMs: undefined,
      dropName: false,
    };
  };
  return { names: namesOf(selector), ordered: true, next: () => pullMapped(source, lend) };
}

function dropStale(series: SampleColumn, into: { times: Float64Array; values: Float64Array }): number {
  let kept = 0;
  for (let i = 0; i < series.length; i++) {
    if (isStale(series.words, i)) continue;
    into.times[kept] = series.timesMs[i] as number;
    into.values[kept] = series.values[i] as number;
    kept++;
  }
  return kept;
}
