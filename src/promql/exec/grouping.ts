import type { Labels } from "../../model/labels.ts";
import type { SeriesLabels } from "../../store/samples.ts";
import { keyOf, labelsKey, pickLabels, sortedNames, withoutLabels } from "./series-labels.ts";

/** Which group a series belongs to. */
export interface Grouping {
  keyOf(labels: SeriesLabels): string;
  /** Labels of the group; asked once a group. */
  labelsOf(labels: SeriesLabels): Labels;
}

/** `by` reads the named labels only; `without` leaves them and the name out. */
export function createGrouping(names: readonly string[], without: boolean): Grouping {
  if (without) {
    const dropped = new Set([...names, "__name__"]);
    const labelsOf = (labels: SeriesLabels) => withoutLabels(labels.all(), dropped);
    return { keyOf: (labels) => labelsKey(labelsOf(labels)), labelsOf };
  }
  const sorted = sortedNames(names);
  return {
    keyOf: sorted.length === 0 ? () => "" : (labels) => keyOf(labels, sorted),
    labelsOf: (labels) => pickLabels(labels, sorted),
  };
}
