import { createColumn, type Operator } from "./operator.ts";
import { pullMapped } from "./pull.ts";
import { noLabels } from "./series-labels.ts";

/** Repeats the one step of `input` over all steps. */
export function repeatSteps(input: Operator, steps: number): Operator {
  if (steps === 1) return input;
  const out = createColumn(steps, noLabels);
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
        return steps === 0 ? undefined : out;
      }),
  };
}
