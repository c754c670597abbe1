import { compareLabels } from "../../model/labels.ts";
import { type Column, heldSamples, keepColumn, type Operator } from "./operator.ts";
import type { Run } from "./run.ts";
import { fixedLabels } from "./series-labels.ts";

/**
 * Restores label order after one name was taken off all series of a sorted input. Only labels that sort before
 * `__name__` can have upset it: series that have such a label came first, and may have to let others pass.
 *
 *   came as   {A="1", __name__, …}  {A="1", B="2", __name__}  {__name__}  {__name__, a="1"}
 *   held      all until the first that begins with a later label; then sorted, {} before them
 */
export function orderAfterDrop(run: Run, input: Operator): Operator {
  const held: Column[] = [];
  let collecting = true;
  let next = 0;
  const release = (last: Column | undefined): Column | undefined => {
    collecting = false;
    if (held.length === 0) return last;
    if (last !== undefined) held.push(kept(last));
    held.sort((a, b) => compareLabels(a.labels.all(), b.labels.all()));
    return held[next++];
  };
  const kept = (column: Column): Column => {
    run.hold(heldSamples(column));
    return keepColumn(column, fixedLabels(column.labels.all()));
  };
  /** Answers whether collecting goes on. */
  const collect = (column: Column | undefined): column is Column => {
    const [first] = column?.labels.all() ?? [];
    if (column === undefined || first === undefined || first.name >= "__name__") return false;
    held.push(kept(column));
    return true;
  };
  const collectLater = async (pending: Promise<Column | undefined>): Promise<Column | undefined> => {
    let column = await pending;
    while (collect(column)) column = await input.next();
    return release(column);
  };
  return {
    ...input,
    next() {
      while (collecting) {
        const column = input.next();
        if (column instanceof Promise) return collectLater(column);
        if (!collect(column)) return release(column);
      }
      return next < held.length ? held[next++] : input.next();
    },
  };
}
