import { compareBytewise } from "../lib/bytes.ts";
import { quoteGo } from "./quote.ts";

const plainName = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** One label. Names and values are any UTF-8. */
export interface Label {
  readonly name: string;
  readonly value: string;
}

/** A label set: sorted by name in byte order, names unique, no empty values. */
export type Labels = readonly Label[];

/** Labels of a record; empty values are left out, as Prometheus treats them as absent. */
export function labelsOf(record: Readonly<Record<string, string>>): Labels {
  return sortLabels(Object.entries(record).map(([name, value]) => ({ name, value })));
}

/** Sorts by name and leaves out empty values. */
export function sortLabels(labels: readonly Label[]): Labels {
  return labels.filter((label) => label.value !== "").sort((a, b) => compareBytewise(a.name, b.name));
}

/** Value of one label, `undefined` where the set lacks it. */
export function labelValue(labels: Labels, name: string): string | undefined {
  for (const label of labels) if (label.name === name) return label.value;
  return undefined;
}

/** Order of Prometheus's `labels.Compare`: name, then value, pairwise in byte order, then fewer labels first. */
export function compareLabels(a: Labels, b: Labels): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const x = a[i] as Label;
    const y = b[i] as Label;
    if (x.name !== y.name) return compareBytewise(x.name, y.name);
    if (x.value !== y.value) return compareBytewise(x.value, y.value);
  }
  return a.length - b.length;
}

/** Prometheus's text form, `{a="b", c="d"}`; values quoted as Go's strconv.Quote does for plain text. */
export function formatLabels(labels: Labels): string {
  const name = (text: string) => (plainName.test(text) ? text : quoteGo(text));
  return `{${labels.map((label) => `${name(label.name)}=${quoteGo(label.value)}`).join(", ")}}`;
}
