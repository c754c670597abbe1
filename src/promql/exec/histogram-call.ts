import { compareLabels, type Labels } from "../../model/labels.ts";
import { badBucketLabel } from "../annotation-texts.ts";
import { parseBound } from "../functions/classic-histogram.ts";
import type { Span as TextSpan } from "../syntax/ast.ts";
import { createNameDropper } from "./drop-name.ts";
import { dropHistograms } from "./float-entries.ts";
import type { HistogramFunction } from "./histogram-functions.ts";
import { answerNative, answersOf, type HistogramSeries, type HistogramSite } from "./histogram-series.ts";
import type { Column, Operator, ScalarOperator } from "./operator.ts";
import { afterPreparing, drain, pullMapped, whenReady } from "./pull.ts";
import { createRepeatGuard, sameLabelset } from "./repeats.ts";
import type { Run } from "./run.ts";
import { readAll } from "./scalar.ts";
import { labelsKey, withoutLabels } from "./series-labels.ts";
import type { Span } from "./span.ts";

export interface HistogramCall {
  readonly input: Operator;
  readonly params: readonly ScalarOperator[];
  readonly func: HistogramFunction;
  readonly span: Span;
  /** The vector in the text. */
  readonly vector: TextSpan;
  readonly sorted: boolean;
}

const bucketLabel: ReadonlySet<string> = new Set(["le"]);

/**
 * A function of histograms. Classic ones are series that differ in `le` only; they are held, histograms × buckets ×
 * steps. Native ones are worked out as they come, but wait for classic ones of the same labels.
 */
export function createHistogramCall(run: Run, call: HistogramCall): Operator {
  const { input, func, span, vector } = call;
  const site: HistogramSite = { run, func, span, vector };
  const dropper = createNameDropper(run, input.names, { strict: false, keepsType: false });
  const collected = createCollection(site);
  let ready: readonly HistogramSeries[] = [];
  let next = 0;
  let answers: readonly Column[] = [];
  let given = 0;
  const settle = (): void => {
    const all = collected.all();
    ready = call.sorted ? all.sort((a, b) => compareLabels(a.labels, b.labels)) : all;
  };
  const results = {
    next(): Column | undefined {
      while (given === answers.length) {
        const series = ready[next++];
        if (series === undefined) return undefined;
        answers = answersOf(site, series);
        given = 0;
        run.release(span.grid.count * series.buckets.length);
        series.buckets.length = 0;
      }
      return answers[given++];
    },
  };
  // Answers may come to share their labels. With delayed removal upstream looks for that at the end of an instant query.
  const checked = !(run.options.delayedNameRemoval && span.grid.count === 1);
  const guard = func.label === undefined || !checked ? undefined : createRepeatGuard(run);
  return {
    names: dropper.names,
    ordered: call.sorted && dropper.keepsOrder && func.label === undefined,
    repeats: dropper.repeats || func.label !== undefined,
    next: afterPreparing(
      () => {
        const done = whenReady(readAll(call.params), (params) => {
          func.begin(params);
          const drained = drain(input, collected.add);
          if (drained !== undefined) return drained.then(settle);
          settle();
          return undefined;
        });
        return done instanceof Promise ? done : undefined;
      },
      () =>
        pullMapped(results, (column) => {
          dropper.apply(column);
          guard?.add(column.labels.all(), column.present, sameLabelset);
          return column;
        }),
    ),
  };
}

/** The histograms of a vector, by their labels. */
function createCollection(site: HistogramSite) {
  const { run, span, vector } = site;
  const steps = span.grid.count;
  const byLabels = new Map<string, HistogramSeries>();
  const find = (labels: Labels, dropName: boolean): HistogramSeries => {
    const key = labelsKey(labels);
    let series = byLabels.get(key);
    if (series === undefined) {
      series = { labels, buckets: [], native: undefined, dropName };
      byLabels.set(key, series);
    }
    return series;
  };
  const add = (column: Column): void => {
    const { labels, histograms, dropName } = column;
    if (histograms !== undefined) {
      const { present } = column;
      answerNative(site, find(labels.all(), dropName), { present, histograms });
      dropHistograms(column);
      if (column.count === 0) return;
    }
    const bound = parseBound(labels.get("le"));
    if (bound === undefined) {
      const name = run.options.delayedNameRemoval ? labels.get("__name__") : "";
      run.annotate(badBucketLabel(name, labels.get("le"), vector));
      return;
    }
    run.hold(steps);
    find(withoutLabels(labels.all(), bucketLabel), dropName).buckets.push({
      bound,
      values: column.values.slice(),
      present: column.count === steps ? undefined : column.present.slice(),
    });
  };
  return { add, all: (): HistogramSeries[] => [...byLabels.values()] };
}
