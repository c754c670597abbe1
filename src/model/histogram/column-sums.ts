import { addsByBucket, combined, kahanAddTo, keepsLayout } from "./combine.ts";
import { lostWith } from "./compensated.ts";
import {
  bucketCount,
  clearHistogram,
  copyHistogram,
  createHistogram,
  customSchema,
  type Histogram,
  resetHints,
} from "./histogram.ts";
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

/**
 * Adds rows of `others` from `row` on to the same rows of `sums` as `kahanAddToRow` does, as long as they are of one
 * layout and hint and lie one after the other; none past `to`, and none that has something to tell. Answers the row
 * behind the last that was added, and `row` where that is left to `kahanAddToRow`.
 */
export function kahanAddRows(
  sums: HistogramColumn,
  losses: HistogramColumn,
  others: HistogramColumn,
  { row, to }: { readonly row: number; readonly to: number },
): number {
  const layout = to > row ? others.layoutAt(row) : undefined;
  if (layout === undefined || !addsByBucket(layout)) return row;
  if (sums.layoutAt(row) !== layout || losses.layoutAt(row) !== layout) return row;
  let end = losses.runEnd(row, sums.runEnd(row, others.runEnd(row, to)));
  for (let i = row; i < end; i++) if (sums.hintAt(i) !== others.hintAt(i)) end = i;
  if (end === row) return row;
  const rows = end - row;
  const bucketRange = { at: sums.startAt(row), lostAt: losses.startAt(row), from: others.startAt(row) };
  addCompensatedRange(sums.buckets, losses.buckets, others.buckets, {
    ...bucketRange,
    count: rows * bucketCount(layout),
  });
  const range = { at: row, lostAt: row, from: row, count: rows };
  addCompensatedRange(sums.counts, losses.counts, others.counts, range);
  addCompensatedRange(sums.sums, losses.sums, others.sums, range);
  if (layout.schema === customSchema) return end;
  // No zero here is a minus zero: the first addition, which is never made here, leaves none.
  addCompensatedRange(sums.zeroCounts, losses.zeroCounts, others.zeroCounts, range);
  return end;
}

interface AddedRange {
  /** Where sums, their losses, and what is added begin. */
  readonly at: number;
  readonly lostAt: number;
  readonly from: number;
  readonly count: number;
}

function addCompensatedRange(
  sums: Float64Array,
  losses: Float64Array,
  values: Float64Array,
  { at, lostAt, from, count }: AddedRange,
): void {
  for (let i = 0; i < count; i++) {
    const before = sums[at + i] as number;
    const value = values[from + i] as number;
    const total = before + value;
    sums[at + i] = total;
    losses[lostAt + i] = lostWith(before, value, total, losses[lostAt + i] as number);
  }
}

/**
 * Puts row `last` of `from` less its row `first`, times `factor`, into row `row` of another column, as a gauge. Both
 * are of one layout, and that is one which `addsByBucket`.
 */
export function setScaledDifference(
  into: HistogramColumn,
  row: number,
  from: HistogramColumn,
  { first, last, factor }: { readonly first: number; readonly last: number; readonly factor: number },
): void {
  const layout = from.layoutAt(last);
  if (layout === undefined) throw new Error(`assertion failed: row ${last} holds no histogram`);
  let at = into.place(row, layout);
  const { buckets: differences } = into;
  const { buckets } = from;
  let firstAt = from.startAt(first);
  let lastAt = from.startAt(last);
  const end = at + bucketCount(layout);
  while (at < end) {
    differences[at++] = ((buckets[lastAt++] as number) - (buckets[firstAt++] as number)) * factor;
  }
  // Custom buckets have no zero bucket: what stands there is the last one's.
  const zeroCount = from.zeroCountAt(last);
  const isCustom = layout.schema === customSchema;
  sum.count = (from.countAt(last) - from.countAt(first)) * factor;
  sum.sum = (from.sumAt(last) - from.sumAt(first)) * factor;
  sum.zeroCount = (isCustom ? zeroCount : zeroCount - from.zeroCountAt(first)) * factor;
  sum.resetHint = resetHints.gauge;
  into.setNumbers(row, sum);
}
