import type { StepGrid } from "../engine.ts";
import type { Column, Operator, Samples, SamplesOperator } from "./operator.ts";
import { pullMapped } from "./pull.ts";

/** The steps of an inner expression as samples; `input` must not repeat label sets. */
export function createSubquery(input: Operator, grid: StepGrid): SamplesOperator {
  const steps = Float64Array.from({ length: grid.count }, (_, k) => grid.startMs + k * grid.stepMs);
  const scratch = { times: new Float64Array(grid.count), values: new Float64Array(grid.count) };
  const lend = (column: Column): Samples => {
    const { labels, dropName } = column;
    const shared = { labels, dropName, histograms: undefined, startTimesMs: undefined };
    if (column.count === grid.count) {
      return { ...shared, length: column.count, times: steps, values: column.values };
    }
    const length = compact(column, steps, scratch);
    return { ...shared, length, times: scratch.times, values: scratch.values };
  };
  return { names: input.names, ordered: input.ordered, next: () => pullMapped(input, lend) };
}

function compact(
  { values, present }: Column,
  steps: Float64Array,
  into: { readonly times: Float64Array; readonly values: Float64Array },
): number {
  let length = 0;
  for (let k = 0; k < steps.length; k++) {
    if (present[k] === 0) continue;
    into.times[length] = steps[k] as number;
    into.values[length] = values[k] as number;
    length++;
  }
  return length;
}
