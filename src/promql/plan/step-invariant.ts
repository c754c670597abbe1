import type { PlanNode } from "./node.ts";
import type { Rewrite } from "./rewrites/rewrite.ts";

/** Functions whose value depends on the time of evaluation itself. */
const timeDependent: ReadonlySet<string> = new Set([
  "days_in_month",
  "day_of_month",
  "day_of_week",
  "day_of_year",
  "end",
  "hour",
  "minute",
  "month",
  "predict_linear",
  "range",
  "start",
  "step",
  "time",
  "timestamp",
  "year",
]);

/** Wraps the largest subtrees that have one value for all steps. Follows Prometheus's preprocessExprHelper. */
export const stepInvariants: Rewrite = {
  name: "step-invariants",
  apply: (plan) => wrapped(mark(plan)),
};

interface Marked {
  readonly node: PlanNode;
  readonly invariant: boolean;
  /** Literals and range selectors are invariant and yet need no wrapper. */
  readonly wrap: boolean;
}

function wrapped(marked: Marked): PlanNode {
  return marked.wrap ? { kind: "invariant", expr: marked.node } : marked.node;
}

function mark(node: PlanNode): Marked {
  switch (node.kind) {
    case "number":
    case "string":
      return { node, invariant: true, wrap: false };
    case "selector": {
      const pinned = node.atMs !== undefined;
      return { node, invariant: pinned, wrap: pinned };
    }
    case "matrix":
      return { node, invariant: node.selector.atMs !== undefined, wrap: false };
    case "subquery": {
      const inner = mark(node.expr);
      const pinned = node.atMs !== undefined;
      const expr: PlanNode = inner.invariant ? { kind: "invariant", expr: inner.node } : inner.node;
      return { node: { ...node, expr }, invariant: pinned, wrap: pinned };
    }
    case "negate": {
      const inner = mark(node.expr);
      return { ...inner, node: { ...node, expr: inner.node } };
    }
    case "aggregate": {
      const inner = mark(node.expr);
      const param = node.param && mark(node.param);
      // Upstream asks the expression only, so that a varying parameter of a pinned vector is read at the first step.
      return { ...inner, node: { ...node, expr: inner.node, param: param?.node } };
    }
    case "binary": {
      const lhs = mark(node.lhs);
      const rhs = mark(node.rhs);
      if (lhs.invariant && rhs.invariant) {
        return { node: { ...node, lhs: lhs.node, rhs: rhs.node }, invariant: true, wrap: true };
      }
      return { node: { ...node, lhs: wrapped(lhs), rhs: wrapped(rhs) }, invariant: false, wrap: false };
    }
    case "call":
      return markCall(node);
    case "empty":
      return { node, invariant: false, wrap: false };
    case "invariant":
    case "shared":
      return { node, invariant: true, wrap: false };
  }
}

function markCall(node: PlanNode & { kind: "call" }): Marked {
  const args = node.args.map(mark);
  if (!timeDependent.has(node.func) && args.every((arg) => arg.invariant)) {
    return { node: { ...node, args: args.map((arg) => arg.node) }, invariant: true, wrap: true };
  }
  return { node: { ...node, args: args.map(wrapped) }, invariant: false, wrap: false };
}
