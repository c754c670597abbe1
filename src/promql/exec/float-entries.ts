import type { Column } from "./operator.ts";

/** Takes the native histograms of a column away, floats stay. Answers how many went. */
export function dropHistograms(column: Column): number {
  const { histograms, present } = column;
  if (histograms === undefined) return 0;
  let dropped = 0;
  for (let k = 0; k < present.length; k++) {
    if (present[k] === 0 || !histograms.has(k)) continue;
    present[k] = 0;
    dropped++;
  }
  column.count -= dropped;
  column.histograms = undefined;
  return dropped;
}
