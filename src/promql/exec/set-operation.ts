import type { SetOp, VectorMatching } from "../syntax/ast.ts";
import { filterColumn } from "./instant-call.ts";
import { createSignature, type Signature } from "./matching.ts";
import type { Column, Operator } from "./operator.ts";
import { afterPreparing, drain, pullMapped } from "./pull.ts";
import type { Run } from "./run.ts";

export interface SetOperation {
  readonly op: SetOp;
  readonly lhs: Operator;
  readonly rhs: Operator;
  readonly matching: VectorMatching;
}

/** `and`, `or` and `unless`: one side flows through, of the other only the presence of each match group is held. */
export function createSetOperation(run: Run, operation: SetOperation): Operator {
  return operation.op === "or" ? createOr(run, operation) : createFilter(run, operation);
}

/** Steps at which each match group has any series. */
type GroupPresence = Map<string, Uint8Array>;

function markGroup(run: Run, groups: GroupPresence, key: string, column: Column): void {
  const known = groups.get(key);
  if (known === undefined) {
    run.hold(Math.ceil(column.present.length / 8));
    groups.set(key, column.present.slice());
    return;
  }
  for (let k = 0; k < known.length; k++) {
    known[k] = (known[k] as number) | (column.present[k] as number);
  }
}

function createFilter(run: Run, { op, lhs, rhs, matching }: SetOperation): Operator {
  const signature = createSignature(matching);
  const groups: GroupPresence = new Map();
  const filter = (column: Column): Column | undefined => {
    const group = groups.get(signature.keyOf(column.labels));
    if (group === undefined) return op === "and" ? undefined : column;
    if (op === "and") filterColumn(column, group);
    else takeAway(column, group);
    return column.count === 0 ? undefined : column;
  };
  return {
    names: lhs.names,
    ordered: lhs.ordered,
    repeats: lhs.repeats,
    next: afterPreparing(
      () => drain(rhs, (column: Column) => markGroup(run, groups, signature.keyOf(column.labels), column)),
      () => pullMapped(lhs, filter),
    ),
  };
}

function takeAway(column: Column, group: Uint8Array): void {
  let count = 0;
  for (let k = 0; k < group.length; k++) {
    const there = (column.present[k] as number) & ~(group[k] as number) & 1;
    column.present[k] = there;
    count += there;
  }
  column.count = count;
}

function createOr(run: Run, { lhs, rhs, matching }: SetOperation): Operator {
  const signature: Signature = createSignature(matching);
  const groups: GroupPresence = new Map();
  let left = true;
  const sides = {
    next(): Column | undefined | Promise<Column | undefined> {
      if (!left) return rhs.next();
      const column = lhs.next();
      if (column instanceof Promise) return column.then((pulled) => pulled ?? turn());
      return column ?? turn();
    },
  };
  const turn = () => {
    left = false;
    return rhs.next();
  };
  const pick = (column: Column): Column | undefined => {
    const key = signature.keyOf(column.labels);
    if (left) {
      markGroup(run, groups, key, column);
      return column;
    }
    const group = groups.get(key);
    if (group !== undefined) takeAway(column, group);
    return column.count === 0 ? undefined : column;
  };
  return {
    names: lhs.names === "none" && rhs.names === "none" ? "none" : "many",
    ordered: false,
    repeats: true,
    next: () => pullMapped(sides, pick),
  };
}
