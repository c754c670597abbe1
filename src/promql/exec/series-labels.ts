import { compareBytewise } from "../../lib/bytes.ts";
import { type Label, type Labels, labelValue } from "../../model/labels.ts";
import type { SeriesLabels } from "../../store/samples.ts";

/** A label set that is already decoded. */
export function fixedLabels(labels: Labels): SeriesLabels {
  return { get: (name) => labelValue(labels, name) ?? "", all: () => labels };
}

export const noLabels: SeriesLabels = fixedLabels([]);

/** Labels that describe the metric and go with its name. */
function isReserved(name: string): boolean {
  return name === "__name__" || name === "__type__" || name === "__unit__";
}

/** The same labels without metric name, type and unit; decodes nothing until asked. */
export function withoutName(labels: SeriesLabels): SeriesLabels {
  return {
    get: (name) => (isReserved(name) ? "" : labels.get(name)),
    all: () => withoutReserved(labels.all()),
  };
}

/** The same labels without the metric name alone. */
export function withoutMetricName(labels: SeriesLabels): SeriesLabels {
  return {
    get: (name) => (name === "__name__" ? "" : labels.get(name)),
    all: () => labels.all().filter((label) => label.name !== "__name__"),
  };
}

/** Leaves out metric name, type and unit. */
export function withoutReserved(labels: Labels): Labels {
  return labels.filter((label) => !isReserved(label.name));
}

/** Leaves out the labels of `names`. */
export function withoutLabels(labels: Labels, names: ReadonlySet<string>): Labels {
  return labels.filter((label) => !names.has(label.name));
}

/** Keeps the labels of `names` only. */
export function onlyLabels(labels: Labels, names: ReadonlySet<string>): Labels {
  return labels.filter((label) => names.has(label.name));
}

/** Sets one label, or takes it away where `value` is empty. */
export function withLabel(labels: Labels, name: string, value: string): Labels {
  const out: Label[] = [];
  let pending = value !== "";
  for (const label of labels) {
    if (label.name === name) continue;
    if (pending && compareBytewise(name, label.name) < 0) {
      out.push({ name, value });
      pending = false;
    }
    out.push(label);
  }
  if (pending) out.push({ name, value });
  return out;
}

/** A text that is equal for equal label sets only. */
export function labelsKey(labels: Labels): string {
  let key = "";
  for (const { name, value } of labels) key += `${name.length}:${name}${value.length}:${value}`;
  return key;
}

/** A text that is equal for label sets that agree on `names` only. Decodes nothing else. */
export function keyOf(labels: SeriesLabels, names: readonly string[]): string {
  if (names.length === 1) return labels.get(names[0] as string);
  let key = "";
  for (const name of names) {
    const value = labels.get(name);
    key += `${value.length}:${value}`;
  }
  return key;
}

/** The labels of `names` that are there; `names` sorted by bytes. */
export function pickLabels(labels: SeriesLabels, names: readonly string[]): Labels {
  const out: Label[] = [];
  for (const name of names) {
    const value = labels.get(name);
    if (value !== "") out.push({ name, value });
  }
  return out;
}

/** Names sorted by bytes, each once. */
export function sortedNames(names: readonly string[]): readonly string[] {
  return [...new Set(names)].sort(compareBytewise);
}
