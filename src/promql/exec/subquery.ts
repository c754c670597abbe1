import { resetHints } from "../../model/histogram/histogram.ts";
import { HistogramColumn } from "../../model/histogram/histogram-column.ts";
import type { StepGrid } from "../engine.ts";
import { createGrowthCount } from "./growth.ts";
import type { Column, Operator, Samples, SamplesOperator } from "./operator.ts";
import { pullMapped } from "./pull.ts";
import type { Run } from "./run.ts";

interface Scratch {
  readonly times: Float64Array;
  readonly values: Float64Array;
  readonly histograms: HistogramColumn;
}

/** The steps of an inner expression as samples; `input` must not repeat label sets. */
export function createSubquery(run: Run, input: Operator, grid: StepGrid): SamplesOperator {
  const steps = Float64Array.from({ length: grid.count }, (_, k) => grid.startMs + k * grid.stepMs);
  const scratch: Scratch = {
    times: new Float64Array(grid.count),
    values: new Float64Array(grid.count),
    histograms: new HistogramColumn(),
  };
  const countGrowth = createGrowthCount(run);
  const lend = (column: Column): Samples => {
    const { labels, dropName, histograms } = column;
    const shared = { labels, dropName, startTimesMs: undefined };
    if (column.count === grid.count) {
      return { ...shared, length: column.count, times: steps, values: column.values, histograms };
    }
    const length = compact(column, steps, scratch);
    countGrowth(scratch.histograms);
    return {
      ...shared,
      length,
      times: scratch.times,
      values: scratch.values,
      histograms: histograms && scratch.histograms,
    };
  };
  return { names: input.names, ordered: input.ordered, next: () => pullMapped(input, lend) };
}

/**
 * Takes from the histograms of a subquery what is known of resets before them: that is of samples which its steps may
 * have left out or seen twice. Functions read subqueries so; as an answer of their own they keep it.
 */
export function forgetResets(subquery: SamplesOperator): SamplesOperator {
  const forget = (samples: Samples): Samples => {
    const { histograms, length } = samples;
    if (histograms === undefined) return samples;
    for (let i = 0; i < length; i++) {
      if (histograms.has(i) && histograms.hintAt(i) !== resetHints.gauge) {
        histograms.setHint(i, resetHints.unknown);
      }
    }
    return samples;
  };
  return { ...subquery, next: () => pullMapped(subquery, forget) };
}

function compact({ values, present, histograms }: Column, steps: Float64Array, into: Scratch): number {
  if (histograms !== undefined) into.histograms.clear();
  let length = 0;
  for (let k = 0; k < steps.length; k++) {
    if (present[k] === 0) continue;
    into.times[length] = steps[k] as number;
    if (histograms?.has(k)) into.histograms.setFrom(length, histograms, k);
    else into.values[length] = values[k] as number;
    length++;
  }
  return length;
}
