import { HistogramColumn } from "../../model/histogram/histogram-column.ts";
import { createGrowthCount } from "./growth.ts";
import { createColumn, type Operator } from "./operator.ts";
import { pullMapped } from "./pull.ts";
import type { Run } from "./run.ts";
import { noLabels } from "./series-labels.ts";

/** Repeats the one step of `input` over all steps. */
export function repeatSteps(run: Run, input: Operator, steps: number): Operator {
  if (steps === 1) return input;
  const out = createColumn(steps, noLabels);
  const histograms = new HistogramColumn();
  const countGrowth = createGrowthCount(run);
  return {
    names: input.names,
    ordered: input.ordered,
    repeats: input.repeats,
    next: () =>
      pullMapped(input, (column) => {
        out.labels = column.labels;
        out.dropName = column.dropName;
        out.values.fill(column.values[0] as number);
        out.present.fill(1);
        out.count = steps;
        out.histograms = undefined;
        if (column.histograms?.has(0)) {
          histograms.clear();
          for (let k = 0; k < steps; k++) histograms.setFrom(k, column.histograms, 0);
          countGrowth(histograms);
          out.histograms = histograms;
        }
        return steps === 0 ? undefined : out;
      }),
  };
}
