import type { Histogram } from "../../src/model/histogram/histogram.ts";
import { createHistogram } from "../../src/model/histogram/histogram.ts";
import { HistogramColumn } from "../../src/model/histogram/histogram-column.ts";
import { labelsOf } from "../../src/model/labels.ts";
import { type Column, createColumn, type Operator } from "../../src/promql/exec/operator.ts";
import { fixedLabels } from "../../src/promql/exec/series-labels.ts";
import { type PlainHistogram, toPlain } from "./histograms.ts";

/** A step as a test writes it: a float, a histogram, or nothing. */
export type Entry = number | Histogram | undefined;

/** A column of its own, as an operator lends it: junk where nothing counts. */
export function columnOf(entries: readonly Entry[], labels: Readonly<Record<string, string>> = {}): Column {
  const column = createColumn(entries.length, fixedLabels(labelsOf(labels)));
  column.values.fill(-7e77);
  entries.forEach((entry, k) => {
    if (entry === undefined) return;
    column.present[k] = 1;
    column.count++;
    if (typeof entry === "number") {
      column.values[k] = entry;
      return;
    }
    column.histograms ??= new HistogramColumn(entries.length);
    column.histograms.set(k, entry);
  });
  return column;
}

/** What a column says at each step. Checks that its count is right. */
export function entriesOf({
  values,
  present,
  histograms,
  count,
}: Column): (number | PlainHistogram | undefined)[] {
  const there = present.reduce((sum, one) => sum + one, 0);
  if (there !== count) throw new Error(`a column of ${there} entries says that it has ${count}`);
  return Array.from(present, (one, k) => {
    if (one === 0) return undefined;
    if (!histograms?.has(k)) return values[k];
    return toPlain(histograms.lend(k, createHistogram()));
  });
}

/** Lends columns one after the other. */
export function operatorOf(columns: readonly Column[], properties: Partial<Operator> = {}): Operator {
  let next = 0;
  return { names: "many", ordered: false, repeats: false, ...properties, next: () => columns[next++] };
}

/** Pulls all of an operator; every column is read before the next is asked for. */
export async function pullAll<T>(operator: Operator, read: (column: Column) => T): Promise<T[]> {
  const out: T[] = [];
  for (let column = await operator.next(); column !== undefined; column = await operator.next()) {
    out.push(read(column));
  }
  return out;
}
