import type { PlanNode } from "../node.ts";

/** What rewrites may build on. */
export interface RewriteContext {
  /**
   * Labels that dedup takes away, [] where there is none; `undefined` where that is not known. What a deduplicated
   * selector answers depends on where it starts to read: no rewrite may move that.
   */
  readonly replicaLabels: readonly string[] | undefined;
}

/** A small change of plans that never changes an answer. */
export interface Rewrite {
  readonly name: string;
  apply(plan: PlanNode, context: RewriteContext): PlanNode;
}

/** The plan with every node's direct children replaced. */
export function mapChildren(node: PlanNode, change: (child: PlanNode) => PlanNode): PlanNode {
  switch (node.kind) {
    case "invariant":
    case "negate":
    case "subquery":
    case "shared":
      return replaced(node, change(node.expr));
    case "aggregate": {
      const expr = change(node.expr);
      const param = node.param && change(node.param);
      return expr === node.expr && param === node.param ? node : { ...node, expr, param };
    }
    case "binary": {
      const lhs = change(node.lhs);
      const rhs = change(node.rhs);
      return lhs === node.lhs && rhs === node.rhs ? node : { ...node, lhs, rhs };
    }
    case "call": {
      const args = node.args.map(change);
      return args.every((arg, i) => arg === node.args[i]) ? node : { ...node, args };
    }
    default:
      return node;
  }
}

function replaced<N extends PlanNode & { readonly expr: PlanNode }>(node: N, expr: PlanNode): N {
  return expr === node.expr ? node : { ...node, expr };
}

/** The plan with `change` applied to every node, children first. */
export function mapNodes(plan: PlanNode, change: (node: PlanNode) => PlanNode): PlanNode {
  return change(mapChildren(plan, (child) => mapNodes(child, change)));
}

/** Direct children in order of evaluation. */
export function childrenOf(node: PlanNode): readonly PlanNode[] {
  switch (node.kind) {
    case "invariant":
    case "negate":
    case "subquery":
    case "shared":
      return [node.expr];
    case "aggregate":
      return node.param === undefined ? [node.expr] : [node.param, node.expr];
    case "binary":
      return [node.lhs, node.rhs];
    case "call":
      return node.args;
    default:
      return [];
  }
}
