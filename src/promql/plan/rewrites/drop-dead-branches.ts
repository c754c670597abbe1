import { comparisonKernel, isArithmetic, isComparison } from "../../functions/arithmetic.ts";
import { type BinaryNode, type PlanNode, spanOf, valueTypeOf } from "../node.ts";
import { mapNodes, type Rewrite } from "./rewrite.ts";

/**
 * Leaves out what cannot add to the answer, as `x` in `x and on () (vector(1) == 2) or y`: dashboards switch between
 * queries like that. What is left out is not read, so that its failures and annotations do not show either.
 */
export const dropDeadBranches: Rewrite = {
  name: "drop-dead-branches",
  apply: (plan) => mapNodes(plan, simplify),
};

function simplify(node: PlanNode): PlanNode {
  switch (node.kind) {
    case "binary":
      return simplifyBinary(node);
    case "negate":
      return node.expr.kind === "empty" ? emptied(node) : node;
    case "aggregate":
      if (node.param === undefined) return node.expr.kind === "empty" ? emptied(node) : node;
      return wantsNone(node.op, node.param) ? emptied(node) : node;
    default:
      return node;
  }
}

/** `topk(0, x)` and its kin. */
function wantsNone(op: string, param: PlanNode): boolean {
  return (op === "topk" || op === "bottomk" || op === "limitk") && param.kind === "number" && param.value < 1;
}

function emptied(node: PlanNode): PlanNode {
  return { kind: "empty", span: spanOf(node) };
}

function simplifyBinary(node: BinaryNode): PlanNode {
  const { op, lhs, rhs, matching } = node;
  const noLeft = lhs.kind === "empty";
  const noRight = rhs.kind === "empty";
  switch (op) {
    case "and":
      return noLeft || noRight ? emptied(node) : node;
    case "unless":
      return noLeft || noRight ? lhs : node;
    case "or":
      if (noLeft) return rhs;
      return noRight ? lhs : node;
  }
  if (matching?.fillLeft !== undefined || matching?.fillRight !== undefined) return node;
  if (noLeft || noRight) return emptied(node);
  return neverHolds(node) ? emptied(node) : node;
}

/** A comparison of numbers, one of them a vector's, that filters all away. */
function neverHolds({ op, bool, lhs, rhs }: BinaryNode): boolean {
  if (isArithmetic(op) || !isComparison(op) || bool) return false;
  if (valueTypeOf(lhs) === "scalar" && valueTypeOf(rhs) === "scalar") return false;
  const a = numberOf(lhs);
  const b = numberOf(rhs);
  if (a === undefined || b === undefined) return false;
  const holds = new Uint8Array(1);
  comparisonKernel(op)(Float64Array.of(a), Float64Array.of(b), holds);
  return holds[0] === 0;
}

/** The value of a number, or of `vector()` of one. */
function numberOf(node: PlanNode): number | undefined {
  if (node.kind === "number") return node.value;
  const inner = node.kind === "call" && node.func === "vector" ? node.args[0] : undefined;
  return inner?.kind === "number" ? inner.value : undefined;
}
