import {
  bucketCount,
  createHistogram,
  type Histogram,
  type HistogramLayout,
  type ResetHint,
} from "./histogram.ts";

/**
 * Native histograms in columns, one row for each sample or step; a row without one is a float, or nothing. All bucket
 * counts lie in one array; layouts are shared, so that no object is made for a row.
 */
export class HistogramColumn {
  /** Kept as long as it was once, as an array that shrinks gives its memory away. */
  readonly #layouts: (HistogramLayout | undefined)[] = [];
  /** No row from here on has a histogram. */
  #rows = 0;
  #hints: Uint8Array;
  #counts: Float64Array;
  #sums: Float64Array;
  #zeroCounts: Float64Array;
  #starts: Int32Array;
  /** Bucket counts that fit at the row's start. */
  #rooms: Int32Array;
  #buckets = new Float64Array(0);
  #used = 0;

  /** Room for `rows` rows at first; rows past it make it grow. */
  constructor(rows = 0) {
    this.#hints = new Uint8Array(rows);
    this.#counts = new Float64Array(rows);
    this.#sums = new Float64Array(rows);
    this.#zeroCounts = new Float64Array(rows);
    this.#starts = new Int32Array(rows);
    this.#rooms = new Int32Array(rows);
  }

  /** Takes all histograms away and forgets their buckets; what was lent is junk from then on. */
  clear(): void {
    this.#layouts.fill(undefined, 0, this.#rows);
    this.#rows = 0;
    this.#used = 0;
    this.#rooms.fill(0);
  }

  /** Whether row `row` holds a histogram. */
  has(row: number): boolean {
    return this.#layouts[row] !== undefined;
  }

  /** Layout of a row, `undefined` where it holds no histogram. */
  layoutAt(row: number): HistogramLayout | undefined {
    return this.#layouts[row];
  }

  /** Where the buckets of a row begin in `buckets`. */
  startAt(row: number): number {
    return this.#starts[row] as number;
  }

  countAt(row: number): number {
    return this.#counts[row] as number;
  }

  sumAt(row: number): number {
    return this.#sums[row] as number;
  }

  zeroCountAt(row: number): number {
    return this.#zeroCounts[row] as number;
  }

  hintAt(row: number): ResetHint {
    return this.#hints[row] as ResetHint;
  }

  setHint(row: number, hint: ResetHint): void {
    this.#hints[row] = hint;
  }

  /** Points `into` at a row, which must hold a histogram. Lent until the column changes: read only. */
  lend(row: number, into: Histogram): Histogram {
    const layout = this.#layouts[row];
    if (layout === undefined) throw new Error(`assertion failed: row ${row} holds no histogram`);
    into.layout = layout;
    into.resetHint = this.#hints[row] as ResetHint;
    into.count = this.#counts[row] as number;
    into.sum = this.#sums[row] as number;
    into.zeroCount = this.#zeroCounts[row] as number;
    into.buckets = this.#buckets;
    into.at = this.#starts[row] as number;
    return into;
  }

  /** Copies a histogram into a row. It may be lent by another column, or by this one. */
  set(row: number, histogram: Histogram): void {
    const { layout, buckets, at } = histogram;
    const wanted = bucketCount(layout);
    const start = this.place(row, layout);
    if (buckets !== this.#buckets || at !== start) {
      for (let i = 0; i < wanted; i++) this.#buckets[start + i] = buckets[at + i] as number;
    }
    this.setNumbers(row, histogram);
  }

  /** Copies a row of another column, or takes the histogram away where that has none. */
  setFrom(row: number, from: HistogramColumn, fromRow: number): void {
    if (!from.has(fromRow)) {
      this.remove(row);
      return;
    }
    this.set(row, from.lend(fromRow, lent));
  }

  /** Copies rows [fromRow, toRow) of another column to row `row` and those after it, at once where they are alike. */
  setRowsFrom(row: number, from: HistogramColumn, fromRow: number, toRow: number): void {
    for (let at = fromRow; at < toRow; ) {
      const to = row + at - fromRow;
      const end = from.runEnd(at, toRow);
      if (end - at > 1 && this.#isFresh(to, to + end - at)) {
        this.#setRun(to, from, at, end);
        at = end;
      } else {
        this.setFrom(to, from, at++);
      }
    }
  }

  /** The row behind those from `row` on, up to `to`, whose buckets are of one layout and lie one after the other. */
  runEnd(row: number, to: number): number {
    const layout = this.#layouts[row];
    if (layout === undefined) return row;
    const width = bucketCount(layout);
    const starts = this.#starts;
    const most = Math.min(to, this.#rows);
    let start = starts[row] as number;
    let end = row + 1;
    while (end < most && this.#layouts[end] === layout && starts[end] === start + width) {
      start += width;
      end++;
    }
    return end;
  }

  remove(row: number): void {
    if (row < this.#rows) this.#layouts[row] = undefined;
  }

  /** Takes rows [from, to) out; those after them move down. What was lent is junk from then on. */
  removeRows(from: number, to: number): void {
    const rows = this.#rows;
    if (from >= rows) return;
    this.#rows = Math.max(from, rows - (to - from));
    this.#layouts.copyWithin(from, to, rows);
    this.#layouts.fill(undefined, this.#rows, rows);
    if (to >= rows) return;
    for (const column of [this.#hints, this.#counts, this.#sums, this.#zeroCounts, this.#starts, this.#rooms])
      column.copyWithin(from, to, rows);
    // Their places belong to the rows that moved.
    this.#rooms.fill(0, rows - (to - from), rows);
  }

  /**
   * Gives a row the layout and room for its buckets, and answers where in `buckets` their counts are to be written.
   * The row's numbers are junk until `setNumbers`.
   */
  place(row: number, layout: HistogramLayout): number {
    this.#growRows(row + 1);
    const wanted = bucketCount(layout);
    const had = this.#rooms[row] as number;
    if (had < wanted) {
      // A row that grows leaves its old place: twice the room, lest a sum that gains bucket after bucket waste more.
      const room = had === 0 ? wanted : Math.max(wanted, 2 * had);
      this.#growBuckets(room);
      this.#starts[row] = this.#used;
      this.#rooms[row] = room;
      this.#used += room;
    }
    while (this.#layouts.length <= row) this.#layouts.push(undefined);
    this.#layouts[row] = layout;
    if (row >= this.#rows) this.#rows = row + 1;
    return this.#starts[row] as number;
  }

  /** The array that `place` speaks of. Another one after the next `place` or `set`. */
  get buckets(): Float64Array {
    return this.#buckets;
  }

  /** Counts of all rows; another array after the next `place` or `set`, as are the two below. */
  get counts(): Float64Array {
    return this.#counts;
  }

  get sums(): Float64Array {
    return this.#sums;
  }

  get zeroCounts(): Float64Array {
    return this.#zeroCounts;
  }

  /** Writes what a row has besides its buckets. */
  setNumbers(row: number, numbers: Pick<Histogram, "count" | "sum" | "zeroCount" | "resetHint">): void {
    this.#counts[row] = numbers.count;
    this.#sums[row] = numbers.sum;
    this.#zeroCounts[row] = numbers.zeroCount;
    this.#hints[row] = numbers.resetHint;
  }

  /** Bytes of the arrays. */
  get sizeBytes(): number {
    return 41 * this.#counts.length + 8 * this.#buckets.length;
  }

  /** Whether no row of [from, to) has a place yet. */
  #isFresh(from: number, to: number): boolean {
    const end = Math.min(to, this.#rooms.length);
    for (let row = from; row < end; row++) if (this.#rooms[row] !== 0) return false;
    return true;
  }

  #setRun(row: number, from: HistogramColumn, fromRow: number, toRow: number): void {
    const layout = from.#layouts[fromRow] as HistogramLayout;
    const width = bucketCount(layout);
    const rows = toRow - fromRow;
    const end = row + rows;
    this.#growRows(end);
    this.#growBuckets(rows * width);
    const start = from.#starts[fromRow] as number;
    this.#buckets.set(from.#buckets.subarray(start, start + rows * width), this.#used);
    this.#hints.set(from.#hints.subarray(fromRow, toRow), row);
    this.#counts.set(from.#counts.subarray(fromRow, toRow), row);
    this.#sums.set(from.#sums.subarray(fromRow, toRow), row);
    this.#zeroCounts.set(from.#zeroCounts.subarray(fromRow, toRow), row);
    while (this.#layouts.length < end) this.#layouts.push(undefined);
    for (let to = row; to < end; to++) {
      this.#layouts[to] = layout;
      this.#starts[to] = this.#used;
      this.#rooms[to] = width;
      this.#used += width;
    }
    if (end > this.#rows) this.#rows = end;
  }

  #growRows(rows: number): void {
    const room = this.#counts.length;
    if (rows <= room) return;
    const wanted = Math.max(rows, 2 * room, 8);
    this.#hints = copied(this.#hints, new Uint8Array(wanted));
    this.#counts = copied(this.#counts, new Float64Array(wanted));
    this.#sums = copied(this.#sums, new Float64Array(wanted));
    this.#zeroCounts = copied(this.#zeroCounts, new Float64Array(wanted));
    this.#starts = copied(this.#starts, new Int32Array(wanted));
    this.#rooms = copied(this.#rooms, new Int32Array(wanted));
  }

  #growBuckets(more: number): void {
    const wanted = this.#used + more;
    if (wanted <= this.#buckets.length) return;
    this.#buckets = copied(this.#buckets, new Float64Array(Math.max(wanted, 2 * this.#buckets.length, 64)));
  }
}

function copied<T extends Uint8Array | Float64Array | Int32Array>(from: T, into: T): T {
  into.set(from);
  return into;
}

const lent = createHistogram();
