import { type Column, heldSamples, keepColumn, type Operator } from "./operator.ts";
import { afterPreparing, drain } from "./pull.ts";
import type { Run } from "./run.ts";
import { fixedLabels } from "./series-labels.ts";

/** A vector that several operators read; it is worked out when the first of them asks, and held. */
export interface SharedVector {
  /** One more reader. */
  read(): Operator;
}

export function createSharedVector(run: Run, input: Operator): SharedVector {
  const { names, ordered, repeats } = input;
  const held: Column[] = [];
  let filling: Promise<void> | undefined;
  let filled = false;
  const hold = (column: Column): void => {
    run.hold(heldSamples(column));
    held.push(keepColumn(column, fixedLabels(column.labels.all())));
  };
  const fill = (): undefined | Promise<void> => {
    if (filled) return undefined;
    if (filling !== undefined) return filling;
    const pending = drain(input, hold);
    if (pending === undefined) {
      filled = true;
      return undefined;
    }
    filling = pending.then(() => {
      filled = true;
    });
    return filling;
  };
  return {
    read() {
      let next = 0;
      return {
        names,
        ordered,
        repeats,
        next: afterPreparing(fill, () => {
          const column = held[next++];
          // Whoever reads may overwrite what it gets.
          return column && keepColumn(column, column.labels);
        }),
      };
    },
  };
}

export function createEmptyVector(): Operator {
  return { names: "none", ordered: true, repeats: false, next: () => undefined };
}
