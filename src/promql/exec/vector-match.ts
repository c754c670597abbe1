import { GatewayError } from "../../lib/errors.ts";
import { arithmeticKernel, comparisonKernel, isArithmetic, isComparison } from "../functions/arithmetic.ts";
import type { BinaryOp, VectorMatching } from "../syntax/ast.ts";
import { createSignature } from "./matching.ts";
import { createOneSide, type MatchGroup, type Member } from "./one-side.ts";
import { type Column, createColumn, type Operator } from "./operator.ts";
import { afterPreparing, drain, pullMapped } from "./pull.ts";
import { createRepeatGuard } from "./repeats.ts";
import { createResultLabels } from "./result-labels.ts";
import type { Run } from "./run.ts";
import { noLabels } from "./series-labels.ts";

export interface VectorMatch {
  readonly op: BinaryOp;
  readonly bool: boolean;
  readonly lhs: Operator;
  readonly rhs: Operator;
  readonly matching: VectorMatching;
  readonly steps: number;
}

/**
 * Arithmetic and comparison between two vectors. The "one" side (the right one of one-to-one) is held, the other flows
 * through. Upstream's errors for ambiguous matches, which count even where a comparison filters the sample out.
 */
export function createVectorMatch(run: Run, match: VectorMatch): Operator {
  const { matching, steps } = match;
  const swapped = matching.card === "one-to-many";
  const [many, one] = swapped ? [match.rhs, match.lhs] : [match.lhs, match.rhs];
  const signature = createSignature(matching);
  const side = createOneSide(run, {
    signature,
    side: swapped ? "left" : "right",
    joins: matching.include.length === 0,
  });
  const labels = createResultLabels(match, many.names, run.options.delayedNameRemoval);
  const out = createColumn(steps, noLabels);
  const compute = createPairing(match, swapped, out);
  const claim =
    matching.card === "one-to-one" ? claimOnce(labels.distinct) : claimLabels(run, labels.distinct);
  const pending: { readonly column: Column; readonly group: MatchGroup; member: number }[] = [];

  const pair = (column: Column, group: MatchGroup, member: Member): Column | undefined => {
    if (compute.meet(column, member) === 0) return undefined;
    out.labels = labels.of(column.labels, member.labels);
    claim(group, out);
    if (compute.finish(column, member) === 0) return undefined;
    out.dropName = run.options.delayedNameRemoval && match.bool;
    return out;
  };
  const next = (column: Column): Column | undefined => {
    side.check(column.present);
    const group = side.find(signature.keyOf(column.labels));
    if (group === undefined) return undefined;
    for (let i = 0; i < group.members.length; i++) {
      const made = pair(column, group, group.members[i] as Member);
      if (made === undefined) continue;
      if (i + 1 < group.members.length) pending.push({ column, group, member: i + 1 });
      return made;
    }
    return undefined;
  };
  const resume = (): Column | undefined => {
    for (let waiting = pending[0]; waiting !== undefined; waiting = pending[0]) {
      const member = waiting.group.members[waiting.member++];
      if (member === undefined) {
        pending.shift();
        continue;
      }
      const made = pair(waiting.column, waiting.group, member);
      if (made !== undefined) return made;
    }
    return undefined;
  };
  return {
    names: labels.names,
    ordered: many.ordered && labels.keepsOrder,
    repeats: many.repeats || !labels.distinct,
    next: afterPreparing(
      () => drain(one, (column: Column) => side.add(column)),
      () => (pending.length > 0 ? resume() : undefined) ?? pullMapped(many, next),
    ),
  };
}

/** Works out one pair of series into `out`: first where both are present, then the values there. */
function createPairing(match: VectorMatch, swapped: boolean, out: Column) {
  const { op, bool, steps } = match;
  const holds = new Uint8Array(steps);
  const meet = (column: Column, member: Member): number => {
    let count = 0;
    for (let k = 0; k < steps; k++) {
      const there = (column.present[k] as number) & (member.present[k] as number);
      out.present[k] = there;
      count += there;
    }
    out.count = count;
    return count;
  };
  const finish = (column: Column, member: Member): number => {
    const a = swapped ? member.values : column.values;
    const b = swapped ? column.values : member.values;
    if (isArithmetic(op)) {
      arithmeticKernel(op)(a, b, out.values);
      return out.count;
    }
    if (!isComparison(op)) throw new GatewayError("execution", `operator "${op}" is not supported yet`);
    comparisonKernel(op)(a, b, holds);
    if (bool) {
      out.values.set(holds);
      return out.count;
    }
    out.values.set(a);
    let count = 0;
    for (let k = 0; k < steps; k++) {
      const there = (out.present[k] as number) & (holds[k] as number);
      out.present[k] = there;
      count += there;
    }
    out.count = count;
    return count;
  };
  return { meet, finish };
}

/** Claims the steps of an outcome before it is given out; throws where another series had them. */
type Claim = (group: MatchGroup, out: Column) => void;

function claimOnce(distinct: boolean): Claim {
  if (distinct) return () => undefined;
  return (group, { present }) => {
    group.taken ??= new Uint8Array(present.length);
    for (let k = 0; k < present.length; k++) {
      if (present[k] === 0) continue;
      if (group.taken[k] === 1) {
        throw new GatewayError(
          "execution",
          "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)",
        );
      }
      group.taken[k] = 1;
    }
  };
}

function claimLabels(run: Run, distinct: boolean): Claim {
  if (distinct) return () => undefined;
  const guard = createRepeatGuard(run);
  return (_group, { labels, present }) =>
    guard.add(
      labels.all(),
      present,
      () =>
        new GatewayError(
          "execution",
          "multiple matches for labels: grouping labels must ensure unique matches",
        ),
    );
}
