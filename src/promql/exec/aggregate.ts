import { compareLabels, type Labels } from "../../model/labels.ts";
import { ignoredInAggregation } from "../annotation-texts.ts";
import type { Accumulator } from "../functions/accumulators.ts";
import type { Span } from "../syntax/ast.ts";
import { dropHistograms } from "./float-entries.ts";
import type { Grouping } from "./grouping.ts";
import { createHistogramSums, type HistogramSums } from "./histogram-sums.ts";
import type { Column, Names, Operator } from "./operator.ts";
import { afterPreparing, drain } from "./pull.ts";
import type { Run } from "./run.ts";
import { fixedLabels } from "./series-labels.ts";

export interface Aggregate {
  readonly input: Operator;
  readonly grouping: Grouping;
  readonly accumulator: (steps: number) => Accumulator;
  readonly steps: number;
  readonly names: Names;
  readonly histograms: HistogramRule;
  /** The aggregated expression in the text. */
  readonly span: Span;
  /** Give groups out in label order; in the order of their first series otherwise, as upstream. */
  readonly sorted: boolean;
}

/** What becomes of native histograms: they count like floats, are left out and told of, or are added up. */
export type HistogramRule = "count" | { readonly ignoredBy: string } | { readonly sumsOf: "sum" | "avg" };

interface Group {
  readonly labels: Labels;
  readonly accumulator: Accumulator;
  /** The group's histograms, from the first one on. */
  histograms: HistogramSums | undefined;
  dropName: boolean;
}

/** What a group holds per step beside its answer, at most: lost bits and a count. */
const extraBytesPerStep = 16;

/** An aggregation that folds series into groups as they come and holds groups × steps. */
export function createAggregate(run: Run, options: Aggregate): Operator {
  const { input, grouping, steps } = options;
  const groups = new Map<string, Group>();
  let ready: readonly Group[] = [];
  let next = 0;
  const fold = (column: Column): void => {
    const key = grouping.keyOf(column.labels);
    let group = groups.get(key);
    if (group === undefined) {
      run.hold(steps);
      run.holdBytes(steps * extraBytesPerStep);
      group = {
        labels: grouping.labelsOf(column.labels),
        accumulator: options.accumulator(steps),
        histograms: undefined,
        dropName: false,
      };
      groups.set(key, group);
    }
    group.dropName ||= column.dropName;
    if (column.histograms !== undefined || group.histograms !== undefined) takeHistograms(group, column);
    group.accumulator.add(column.values, column.present, column.count === steps);
  };
  /** Leaves the floats of a column for the accumulator. */
  const takeHistograms = (group: Group, column: Column): void => {
    const { histograms: rule, span } = options;
    if (rule === "count") return;
    if ("sumsOf" in rule) {
      group.histograms ??= createHistogramSums(run, {
        average: rule.sumsOf === "avg",
        steps,
        span,
        floats: group.accumulator.seen(),
      });
      group.histograms.add(column);
      dropHistograms(column);
    } else if (dropHistograms(column) > 0) {
      run.annotate(ignoredInAggregation(rule.ignoredBy, span));
    }
  };
  const settle = (): void => {
    const all = [...groups.values()];
    ready = options.sorted ? all.sort((a, b) => compareLabels(a.labels, b.labels)) : all;
  };
  return {
    names: options.names,
    ordered: options.sorted,
    repeats: false,
    next: afterPreparing(
      () => {
        const done = drain(input, fold);
        if (done !== undefined) return done.then(settle);
        settle();
        return undefined;
      },
      () => {
        for (;;) {
          const group = ready[next++];
          if (group === undefined) return undefined;
          const column = finish(group);
          if (column.count > 0) return column;
        }
      },
    ),
  };
}

function finish({ labels, accumulator, histograms, dropName }: Group): Column {
  const { values, present, count } = accumulator.finish();
  const column: Column = {
    labels: fixedLabels(labels),
    values,
    present,
    histograms: undefined,
    count,
    dropName,
  };
  histograms?.finishInto(column);
  return column;
}

/** What grouping leaves of metric names. */
export function namesAfterGrouping(grouping: readonly string[], without: boolean): Names {
  return !without && grouping.includes("__name__") ? "many" : "none";
}
