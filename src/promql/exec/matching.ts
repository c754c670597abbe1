import type { Labels } from "../../model/labels.ts";
import type { SeriesLabels } from "../../store/samples.ts";
import type { VectorMatching } from "../syntax/ast.ts";
import { keyOf, labelsKey, onlyLabels, sortedNames, withoutLabels } from "./series-labels.ts";

/** Which series of two sides belong together. */
export interface Signature {
  keyOf(labels: SeriesLabels): string;
  /** The labels that the two sides have to share. */
  labelsOf(labels: Labels): Labels;
}

/** `on` reads the named labels only; `ignoring` all but them and the name. */
export function createSignature(matching: VectorMatching): Signature {
  if (matching.on) {
    const names = sortedNames(matching.labels);
    const kept = new Set(names);
    return {
      keyOf: names.length === 0 ? () => "" : (labels) => keyOf(labels, names),
      labelsOf: (labels) => onlyLabels(labels, kept),
    };
  }
  const dropped = new Set([...matching.labels, "__name__"]);
  return {
    keyOf: (labels) => labelsKey(withoutLabels(labels.all(), dropped)),
    labelsOf: (labels) => withoutLabels(labels, dropped),
  };
}
