import { compareLabels, type Label, type Labels } from "../../model/labels.ts";
import { type Buckets, parseBound } from "../functions/classic-histogram.ts";
import { createNameDropper } from "./drop-name.ts";
import { type Column, createColumn, type Operator, type ScalarOperator } from "./operator.ts";
import { afterPreparing, drain, pullMapped, whenReady } from "./pull.ts";
import { createRepeatGuard, sameLabelset } from "./repeats.ts";
import type { Run } from "./run.ts";
import { readAll } from "./scalar.ts";
import { fixedLabels, labelsKey, withLabel, withoutLabels } from "./series-labels.ts";

export interface HistogramCall {
  readonly input: Operator;
  readonly params: readonly ScalarOperator[];
  /** Answers for each histogram, one after the other. */
  readonly answers: readonly HistogramAnswer[];
  readonly steps: number;
  readonly sorted: boolean;
}

export interface HistogramAnswer {
  /** The answer at one step. May change `buckets`. */
  readonly evaluate: (params: readonly Float64Array[], step: number, buckets: Buckets) => number;
  /** A label that tells the answer from others of the same histogram, once the parameters are known. */
  readonly label: ((params: readonly Float64Array[]) => Label) | undefined;
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
      const histogram = ready[Math.floor(next / call.answers.length)];
      const answer = call.answers[next++ % call.answers.length];
      if (histogram === undefined || answer === undefined) return undefined;
      const column = evaluate(call, answer, params, histogram);
      if (next % call.answers.length === 0) {
        run.release(steps * histogram.buckets.length);
        histogram.buckets.length = 0;
      }
      return column;
    },
  };
  const guard = call.answers.some(({ label }) => label !== undefined) ? createRepeatGuard(run) : undefined;
  return {
    names: dropper.names,
    ordered: call.sorted && dropper.keepsOrder && guard === undefined,
    repeats: dropper.repeats || guard !== undefined,
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
          guard?.add(column.labels.all(), column.present, sameLabelset);
          return column;
        }),
    ),
  };
}

function evaluate(
  { steps }: HistogramCall,
  answer: HistogramAnswer,
  params: readonly Float64Array[],
  histogram: Histogram,
): Column {
  const held = histogram.buckets.sort((a, b) => a.bound - b.bound || 0);
  const extra = answer.label?.(params);
  const labels =
    extra === undefined ? histogram.labels : withLabel(histogram.labels, extra.name, extra.value);
  const column = createColumn(steps, fixedLabels(labels));
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
    column.values[k] = answer.evaluate(params, k, buckets);
    column.present[k] = 1;
    column.count++;
  }
  return column;
}
