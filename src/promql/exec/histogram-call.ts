import { compareLabels, type Labels } from "../../model/labels.ts";
import { type Buckets, parseBound } from "../functions/classic-histogram.ts";
import { createNameDropper } from "./drop-name.ts";
import { type Column, createColumn, type Operator, type ScalarOperator } from "./operator.ts";
import { afterPreparing, drain, pullMapped, whenReady } from "./pull.ts";
import type { Run } from "./run.ts";
import { readAll } from "./scalar.ts";
import { fixedLabels, labelsKey, withoutLabels } from "./series-labels.ts";

export interface HistogramCall {
  readonly input: Operator;
  readonly params: readonly ScalarOperator[];
  /** The answer for one histogram at one step. */
  readonly evaluate: (params: readonly Float64Array[], step: number, buckets: Buckets) => number;
  readonly steps: number;
  readonly sorted: boolean;
}

interface Bucket {
  readonly bound: number;
  readonly values: Float64Array;
  /** Undefined where all steps are present. */
  readonly present: Uint8Array | undefined;
}

interface Histogram {
  readonly labels: Labels;
  readonly buckets: Bucket[];
  readonly dropName: boolean;
}

const bucketLabel: ReadonlySet<string> = new Set(["le"]);

/** A function of classic histograms: series that differ in `le` only are one. Holds histograms × buckets × steps. */
export function createHistogramCall(run: Run, call: HistogramCall): Operator {
  const { input, steps } = call;
  const histograms = new Map<string, Histogram>();
  const dropper = createNameDropper(run, input.names, false);
  let params: readonly Float64Array[] = [];
  let ready: readonly Histogram[] = [];
  let next = 0;
  const collect = (column: Column): void => {
    const bound = parseBound(column.labels.get("le"));
    if (bound === undefined) return;
    const labels = withoutLabels(column.labels.all(), bucketLabel);
    const key = labelsKey(labels);
    let histogram = histograms.get(key);
    if (histogram === undefined) {
      histogram = { labels, buckets: [], dropName: column.dropName };
      histograms.set(key, histogram);
    }
    run.hold(steps);
    const full = column.count === steps;
    histogram.buckets.push({
      bound,
      values: column.values.slice(),
      present: full ? undefined : column.present.slice(),
    });
  };
  const settle = (): void => {
    const all = [...histograms.values()];
    ready = call.sorted ? all.sort((a, b) => compareLabels(a.labels, b.labels)) : all;
  };
  const results = {
    next(): Column | undefined {
      const histogram = ready[next++];
      if (histogram === undefined) return undefined;
      const column = evaluate(call, params, histogram);
      run.release(steps * histogram.buckets.length);
      histogram.buckets.length = 0;
      return column;
    },
  };
  return {
    names: dropper.names,
    ordered: call.sorted && dropper.keepsOrder,
    repeats: dropper.repeats,
    next: afterPreparing(
      () => {
        const done = whenReady(readAll(call.params), (values) => {
          params = values;
          const drained = drain(input, collect);
          if (drained !== undefined) return drained.then(settle);
          settle();
          return undefined;
        });
        return done instanceof Promise ? done : undefined;
      },
      () =>
        pullMapped(results, (column) => {
          if (column.count === 0) return undefined;
          dropper.apply(column);
          return column;
        }),
    ),
  };
}

function evaluate(call: HistogramCall, params: readonly Float64Array[], histogram: Histogram): Column {
  const { steps } = call;
  const held = histogram.buckets.sort((a, b) => a.bound - b.bound || 0);
  const column = createColumn(steps, fixedLabels(histogram.labels));
  column.dropName = histogram.dropName;
  const buckets = {
    length: 0,
    bounds: new Float64Array(held.length),
    counts: new Float64Array(held.length),
  };
  for (let k = 0; k < steps; k++) {
    let length = 0;
    for (const { bound, values, present } of held) {
      if (present !== undefined && present[k] === 0) continue;
      buckets.bounds[length] = bound;
      buckets.counts[length] = values[k] as number;
      length++;
    }
    if (length === 0) continue;
    buckets.length = length;
    column.values[k] = call.evaluate(params, k, buckets);
    column.present[k] = 1;
    column.count++;
  }
  return column;
}
