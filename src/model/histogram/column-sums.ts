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
  const { layout } = other;
  if (
    sums.layoutAt(row) === layout &&
    losses.layoutAt(row) === layout &&
    sums.hintAt(row) === other.resetHint &&
    addsByBucket(layout)
  ) {
    addCounts(sums, losses, row, other);
    return 0;
  }
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

/** The addition of most rows: of one layout and hint, of which all counts are added. */
function addCounts(sums: HistogramColumn, losses: HistogramColumn, row: number, other: Histogram): void {
  const into = sums.buckets;
  const lostInto = losses.buckets;
  const values = other.buckets;
  let from = other.at;
  let at = sums.startAt(row);
  let lostAt = losses.startAt(row);
  const end = from + bucketCount(other.layout);
  while (from < end) {
    const before = into[at] as number;
    const value = values[from++] as number;
    const total = before + value;
    into[at++] = total;
    lostInto[lostAt] = lostWith(before, value, total, lostInto[lostAt] as number);
    lostAt++;
  }
  const count = sums.countAt(row);
  const sumBefore = sums.sumAt(row);
  const zeroCount = sums.zeroCountAt(row);
  const isCustom = other.layout.schema === customSchema;
  sum.count = count + other.count;
  sum.sum = sumBefore + other.sum;
  // A zero bucket is added, and then what it lost, which is nothing but makes a zero of minus zero.
  sum.zeroCount = isCustom ? zeroCount : zeroCount + other.zeroCount + 0;
  sum.resetHint = other.resetHint;
  lost.count = lostWith(count, other.count, sum.count, losses.countAt(row));
  lost.sum = lostWith(sumBefore, other.sum, sum.sum, losses.sumAt(row));
  lost.zeroCount = isCustom
    ? losses.zeroCountAt(row)
    : lostWith(zeroCount, other.zeroCount, sum.zeroCount, losses.zeroCountAt(row));
  lost.resetHint = losses.hintAt(row);
  sums.setNumbers(row, sum);
  losses.setNumbers(row, lost);
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
