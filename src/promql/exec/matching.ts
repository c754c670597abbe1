import { formatLabels, type Labels } from "../../model/labels.ts";
import type { SeriesLabels } from "../../store/samples.ts";
import type { VectorMatching } from "../syntax/ast.ts";
import { keyOf, labelsKey, onlyLabels, sortedNames, withoutLabels } from "./series-labels.ts";

/** Which series of two sides belong together. */
export interface Signature {
  keyOf(labels: SeriesLabels): string;
  /** The match group's labels, for error texts. */
  textOf(labels: Labels): string;
}

/** `on` reads the named labels only; `ignoring` all but them and the name. */
export function createSignature(matching: VectorMatching): Signature {
  if (matching.on) {
    const names = sortedNames(matching.labels);
    const kept = new Set(names);
    return {
      keyOf: names.length === 0 ? () => "" : (labels) => keyOf(labels, names),
      textOf: (labels) => formatLabels(onlyLabels(labels, kept)),
    };
  }
  const dropped = new Set([...matching.labels, "__name__"]);
  return {
    keyOf: (labels) => labelsKey(withoutLabels(labels.all(), dropped)),
    textOf: (labels) => formatLabels(withoutLabels(labels, dropped)),
  };
}
