import type { Projection } from "../../../store/samples.ts";
import { instantFunctions } from "../../functions/instant-functions.ts";
import { rangeFunctions } from "../../functions/range-functions.ts";
import { type AggregateNode, type PlanNode, valueTypeOf } from "../node.ts";
import { mapNodes, type Rewrite } from "./rewrite.ts";

/** Tells selectors right below an aggregation which labels of their series it looks at. */
export const projectLabels: Rewrite = {
  name: "project-labels",
  apply: (plan) => mapNodes(plan, (node) => (node.kind === "aggregate" ? project(node) : node)),
};

function project(node: AggregateNode): PlanNode {
  const projection: Projection = { labels: node.grouping, include: !node.without };
  const expr = pushed(node.expr, projection);
  return expr === node.expr ? node : { ...node, expr };
}

function pushed(node: PlanNode, projection: Projection): PlanNode {
  switch (node.kind) {
    case "selector":
      return { ...node, projection };
    case "matrix":
      return { ...node, selector: { ...node.selector, projection } };
    case "negate":
      return { ...node, expr: pushed(node.expr, projection) };
    case "call":
      if (!looksAtNoLabels(node.func)) return node;
      return {
        ...node,
        args: node.args.map((arg) => (valueTypeOf(arg) === "scalar" ? arg : pushed(arg, projection))),
      };
    default:
      return node;
  }
}

function looksAtNoLabels(func: string): boolean {
  return func !== "absent_over_time" && (rangeFunctions.has(func) || instantFunctions.has(func));
}
