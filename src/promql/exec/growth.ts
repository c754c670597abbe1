import type { HistogramColumn } from "../../model/histogram/histogram-column.ts";
import type { Run } from "./run.ts";

/** Counts the bytes of a column of histograms that an operator fills again and again, where it has grown. */
export function createGrowthCount(run: Run): (column: HistogramColumn) => void {
  let counted = 0;
  return ({ sizeBytes }) => {
    if (sizeBytes <= counted) return;
    run.holdBytes(sizeBytes - counted);
    counted = sizeBytes;
  };
}
