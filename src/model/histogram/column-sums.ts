import { combined, kahanAddTo, keepsLayout } from "./combine.ts";
import { clearHistogram, copyHistogram, createHistogram, type Histogram } from "./histogram.ts";
import type { HistogramColumn } from "./histogram-column.ts";

const sum = createHistogram();
const lost = createHistogram();
const ownSum = createHistogram();
const ownLost = createHistogram();

/**
 * Adds a histogram to row `row` of `sums`, which must hold one, and what is lost to the same row of `losses`, which
 * holds none before the first addition; flags of `combined`. As `kahanAddTo`, in place where the row has all buckets.
 * Both rows are to be changed here only, or alike; with `incompatible` they stay as they are.
 */
export function kahanAddToRow(
  sums: HistogramColumn,
  losses: HistogramColumn,
  row: number,
  other: Histogram,
): number {
  sums.lend(row, sum);
  if (losses.has(row) && keepsLayout(sum.layout, other.layout)) {
    losses.lend(row, lost);
    const flags = kahanAddTo(sum, lost, other);
    sums.setNumbers(row, sum);
    losses.setNumbers(row, lost);
    return flags;
  }
  copyHistogram(sum, ownSum);
  if (losses.has(row)) copyHistogram(losses.lend(row, lost), ownLost);
  else clearHistogram(ownLost);
  const flags = kahanAddTo(ownSum, ownLost, other);
  if ((flags & combined.incompatible) !== 0) return flags;
  sums.set(row, ownSum);
  losses.set(row, ownLost);
  return flags;
}
