import { createHistogram, type Histogram } from "../../model/histogram/histogram.ts";
import { varianceOfHistogram } from "../../model/histogram/variance.ts";
import type { Column } from "./operator.ts";

/** A number that tells something of a native histogram. */
export type HistogramFigure = (histogram: Histogram) => number;

/** Functions of native histograms without a parameter; floats have no answer. */
export const histogramFigures: ReadonlyMap<string, HistogramFigure> = new Map<string, HistogramFigure>([
  ["histogram_count", ({ count }) => count],
  ["histogram_sum", ({ sum }) => sum],
  ["histogram_avg", ({ sum, count }) => sum / count],
  ["histogram_stddev", (histogram) => Math.sqrt(varianceOfHistogram(histogram))],
  ["histogram_stdvar", varianceOfHistogram],
]);

const lent = createHistogram();

/** Puts the figure in the place of each histogram; floats go. */
export function toFigures(column: Column, figure: HistogramFigure): void {
  const { histograms, present, values } = column;
  column.histograms = undefined;
  column.count = 0;
  if (histograms === undefined) return;
  for (let k = 0; k < present.length; k++) {
    const there = present[k] === 1 && histograms.has(k) ? 1 : 0;
    present[k] = there;
    column.count += there;
    if (there === 1) values[k] = figure(histograms.lend(k, lent));
  }
}
