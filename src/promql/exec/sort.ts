import { compareBytewise } from "../../lib/bytes.ts";
import { compareLabels } from "../../model/labels.ts";
import { type Column, heldSamples, keepColumn, type Operator } from "./operator.ts";
import { afterPreparing, drain } from "./pull.ts";
import type { Run } from "./run.ts";
import { fixedLabels } from "./series-labels.ts";

/** Holds all of `input` and gives it out in the order of `compare`. For one step only. */
export function createSort(run: Run, input: Operator, compare: (a: Column, b: Column) => number): Operator {
  const held: Column[] = [];
  let next = 0;
  return {
    names: input.names,
    ordered: false,
    repeats: input.repeats,
    next: afterPreparing(
      () => {
        const done = drain(input, (column: Column) => {
          run.hold(heldSamples(column));
          held.push(keepColumn(column, fixedLabels(column.labels.all())));
        });
        if (done !== undefined) return done.then(() => void held.sort(compare));
        held.sort(compare);
        return undefined;
      },
      () => held[next++],
    ),
  };
}

/** By value, NaN last either way. */
export function byValue(descending: boolean): (a: Column, b: Column) => number {
  return (a, b) => {
    const x = a.values[0] as number;
    const y = b.values[0] as number;
    if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
    if (x === y) return 0;
    return x < y === descending ? 1 : -1;
  };
}

/** By the values of `names` in turn, numbers in them by their size; then by all labels. */
export function byLabels(names: readonly string[], descending: boolean): (a: Column, b: Column) => number {
  const sign = descending ? -1 : 1;
  return (a, b) => {
    for (const name of names) {
      const order = naturalOrder(a.labels.get(name), b.labels.get(name));
      if (order !== 0) return sign * order;
    }
    return sign * compareLabels(a.labels.all(), b.labels.all());
  };
}

/** Chunks of digits compare as numbers, all else by bytes. */
function naturalOrder(a: string, b: string): number {
  if (a === b) return 0;
  const x = a.match(/\d+|\D+/g) ?? [];
  const y = b.match(/\d+|\D+/g) ?? [];
  for (let i = 0; i < x.length && i < y.length; i++) {
    const p = x[i] as string;
    const q = y[i] as string;
    if (p === q) continue;
    const order = /^\d/.test(p) && /^\d/.test(q) ? Number(p) - Number(q) : 0;
    return order !== 0 ? order : compareBytewise(p, q);
  }
  return x.length - y.length;
}
