import { copyHistogram, createHistogram } from "../../model/histogram/histogram.ts";
import { multiply } from "../../model/histogram/scale.ts";
import { createInstantCall } from "./instant-call.ts";
import type { Column, Operator } from "./operator.ts";
import type { Run } from "./run.ts";

/** Unary minus. */
export function createNegation(run: Run, input: Operator): Operator {
  return createInstantCall(run, {
    input,
    params: [],
    change(column) {
      const { values } = column;
      for (let k = 0; k < values.length; k++) values[k] = -(values[k] as number);
      if (column.histograms !== undefined) negateHistograms(column);
    },
    histograms: "keep",
    dropsName: true,
  });
}

const lent = createHistogram();
const negated = createHistogram();

function negateHistograms({ present, histograms }: Column): void {
  if (histograms === undefined) return;
  for (let k = 0; k < present.length; k++) {
    if (present[k] === 0 || !histograms.has(k)) continue;
    copyHistogram(histograms.lend(k, lent), negated);
    multiply(negated, -1);
    histograms.set(k, negated);
  }
}
