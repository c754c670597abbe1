import { formatHistogram } from "../../model/histogram/format.ts";
import { createHistogram } from "../../model/histogram/histogram.ts";
import { compareLabels, type Labels, labelValue } from "../../model/labels.ts";
import { formatFloat } from "../functions/format-float.ts";
import { type Column, createColumn, type Names, type Operator } from "./operator.ts";
import { afterPreparing, drain } from "./pull.ts";
import type { Run } from "./run.ts";
import { fixedLabels, labelsKey, sortedNames, withLabel, withoutLabels } from "./series-labels.ts";
import { createStepCounts, type StepCounts } from "./step-counts.ts";

export interface CountValues {
  readonly input: Operator;
  readonly label: string;
  readonly grouping: readonly string[];
  readonly without: boolean;
  readonly steps: number;
  readonly names: Names;
  readonly sorted: boolean;
}

/** One value within one group. */
interface Counted {
  readonly labels: Labels;
  readonly counts: StepCounts;
}

const lent = createHistogram();

/**
 * count_values: how often each value occurs in each group; the value becomes a label. As upstream has it, names that
 * were to go stay where they are grouped by.
 */
export function createCountValues(run: Run, options: CountValues): Operator {
  const { input, label, steps } = options;
  const groupLabels = createGroupLabels(options);
  const counted = new Map<string, Counted>();
  let ready: readonly Counted[] = [];
  let next = 0;
  const find = (labels: Labels): Counted => {
    const key = labelsKey(labels);
    let found = counted.get(key);
    if (found === undefined) {
      run.holdBytes(4 * key.length);
      found = { labels, counts: createStepCounts(run, steps) };
      counted.set(key, found);
    }
    return found;
  };
  const count = ({ labels, values, present, histograms }: Column): void => {
    const base = labels.all();
    const byValue = new Map<number, Counted>();
    for (let k = 0; k < steps; k++) {
      if (present[k] === 0) continue;
      if (histograms?.has(k)) {
        const text = formatHistogram(histograms.lend(k, lent));
        find(groupLabels(withLabel(base, label, text))).counts.add(k);
        continue;
      }
      const value = values[k] as number;
      // A map takes -0 for 0, which are written differently.
      let found = Object.is(value, -0) ? undefined : byValue.get(value);
      if (found === undefined) {
        found = find(groupLabels(withLabel(base, label, formatFloat(value))));
        if (!Object.is(value, -0)) byValue.set(value, found);
      }
      found.counts.add(k);
    }
  };
  const settle = (): void => {
    const all = [...counted.values()];
    ready = options.sorted ? all.sort((a, b) => compareLabels(a.labels, b.labels)) : all;
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
      () => {
        const found = ready[next++];
        if (found === undefined) return undefined;
        const column = createColumn(steps, fixedLabels(found.labels));
        column.count = found.counts.writeTo(column.values, column.present);
        return column;
      },
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
