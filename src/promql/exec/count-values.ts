import { compareLabels, type Labels, labelValue } from "../../model/labels.ts";
import { formatFloat } from "../functions/format-float.ts";
import { type Column, createColumn, type Names, type Operator } from "./operator.ts";
import { afterPreparing, drain } from "./pull.ts";
import type { Run } from "./run.ts";
import { fixedLabels, labelsKey, sortedNames, withLabel, withoutLabels } from "./series-labels.ts";

export interface CountValues {
  readonly input: Operator;
  readonly label: string;
  readonly grouping: readonly string[];
  readonly without: boolean;
  readonly steps: number;
  readonly names: Names;
  readonly sorted: boolean;
}

/** count_values: how often each value occurs in each group; the value becomes a label. */
export function createCountValues(run: Run, options: CountValues): Operator {
  const { input, label, steps } = options;
  const groupLabels = createGroupLabels(options);
  const counted = new Map<string, Column>();
  let ready: readonly Column[] = [];
  let next = 0;
  const columnFor = (labels: Labels): Column => {
    const key = labelsKey(labels);
    let column = counted.get(key);
    if (column === undefined) {
      run.hold(steps);
      column = createColumn(steps, fixedLabels(labels));
      counted.set(key, column);
    }
    return column;
  };
  const count = ({ labels, values, present, dropName }: Column): void => {
    const base = labels.all();
    const byText = new Map<number, Column>();
    for (let k = 0; k < steps; k++) {
      if (present[k] === 0) continue;
      const value = values[k] as number;
      let column = Object.is(value, -0) ? undefined : byText.get(value);
      if (column === undefined) {
        column = columnFor(groupLabels(withLabel(base, label, formatFloat(value))));
        if (!Object.is(value, -0)) byText.set(value, column);
      }
      if (column.present[k] === 0) {
        column.present[k] = 1;
        column.count++;
      }
      column.values[k] = (column.values[k] as number) + 1;
      column.dropName ||= dropName;
    }
  };
  const settle = (): void => {
    const all = [...counted.values()];
    ready = options.sorted ? all.sort((a, b) => compareLabels(a.labels.all(), b.labels.all())) : all;
  };
  return {
    names: options.names,
    ordered: options.sorted,
    repeats: false,
    next: afterPreparing(
      () => {
        const done = drain(input, count);
        if (done !== undefined) return done.then(settle);
        settle();
        return undefined;
      },
      () => ready[next++],
    ),
  };
}

function createGroupLabels({ grouping, without, label }: CountValues): (labels: Labels) => Labels {
  if (without) {
    const dropped = new Set([...grouping, "__name__"]);
    return (labels) => withoutLabels(labels, dropped);
  }
  const names = sortedNames([...grouping, label]);
  return (labels) =>
    names.flatMap((name) => {
      const value = labelValue(labels, name);
      return value === undefined ? [] : [{ name, value }];
    });
}
