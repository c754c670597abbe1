import { compareLabels, type Labels } from "../../model/labels.ts";
import type { Accumulator } from "../functions/accumulators.ts";
import type { Grouping } from "./grouping.ts";
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
  /** Give groups out in label order; in the order of their first series otherwise, as upstream. */
  readonly sorted: boolean;
}

interface Group {
  readonly labels: Labels;
  readonly accumulator: Accumulator;
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
        dropName: false,
      };
      groups.set(key, group);
    }
    group.dropName ||= column.dropName;
    group.accumulator.add(column.values, column.present, column.count === steps);
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
        const group = ready[next++];
        if (group === undefined) return undefined;
        const { values, present, count } = group.accumulator.finish();
        return {
          labels: fixedLabels(group.labels),
          values,
          present,
          histograms: undefined,
          count,
          dropName: group.dropName,
        };
      },
    ),
  };
}

/** What grouping leaves of metric names. */
export function namesAfterGrouping(grouping: readonly string[], without: boolean): Names {
  return !without && grouping.includes("__name__") ? "many" : "none";
}
