import {
  arithmeticKernel,
  comparisonKernel,
  isArithmetic,
  isComparison,
} from "../../functions/arithmetic.ts";
import { goMax, goMin } from "../../functions/go-math.ts";
import type { BinaryOp } from "../../syntax/ast.ts";
import type { PlanNode } from "../node.ts";
import { mapNodes, type Rewrite } from "./rewrite.ts";

/** Works out scalars that consist of numbers: `60 * 5` becomes `300`. */
export const foldConstants: Rewrite = {
  name: "fold-constants",
  apply: (plan) => mapNodes(plan, fold),
};

function fold(node: PlanNode): PlanNode {
  if (node.kind === "negate" && node.expr.kind === "number") {
    return { ...node.expr, value: -node.expr.value, span: node.span };
  }
  if (node.kind === "binary" && node.lhs.kind === "number" && node.rhs.kind === "number") {
    const value = evaluate(node.op, node.lhs.value, node.rhs.value);
    return value === undefined ? node : { kind: "number", value, span: node.span };
  }
  if (node.kind !== "call") return node;
  const [first, second] = node.args;
  if (node.func === "pi") return { kind: "number", value: Math.PI, span: node.span };
  if (first?.kind !== "number" || second?.kind !== "number") return node;
  if (node.func === "min_of") return { ...first, value: goMin(first.value, second.value), span: node.span };
  if (node.func === "max_of") return { ...first, value: goMax(first.value, second.value), span: node.span };
  return node;
}

function evaluate(op: BinaryOp, lhs: number, rhs: number): number | undefined {
  const a = Float64Array.of(lhs);
  const b = Float64Array.of(rhs);
  if (isArithmetic(op)) {
    const out = new Float64Array(1);
    arithmeticKernel(op)(a, b, out);
    return out[0];
  }
  if (!isComparison(op)) return undefined;
  const holds = new Uint8Array(1);
  comparisonKernel(op)(a, b, holds);
  return holds[0];
}
