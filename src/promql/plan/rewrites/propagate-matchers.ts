import type { Matcher } from "../../../model/matcher.ts";
import { instantFunctions } from "../../functions/instant-functions.ts";
import { rangeFunctions } from "../../functions/range-functions.ts";
import { type BinaryNode, type PlanNode, type SelectorNode, valueTypeOf } from "../node.ts";
import { mapNodes, type Rewrite } from "./rewrite.ts";

/**
 * Where series match by all their labels, what one side asks of a label the other one has to meet as well:
 * `a{x="1"} / b` reads only `b{x="1"}`. Labels that dedup takes away are left alone: they choose replicas.
 */
export const propagateMatchers: Rewrite = {
  name: "propagate-matchers",
  apply(plan, { replicaLabels }) {
    if (replicaLabels === undefined) return plan;
    return mapNodes(plan, (node) => (node.kind === "binary" ? propagate(node, replicaLabels) : node));
  },
};

function propagate(node: BinaryNode, replicaLabels: readonly string[]): PlanNode {
  const { op, lhs, rhs, matching } = node;
  if (op === "or" || matching === undefined || matching.on || matching.labels.length > 0) return node;
  if (matching.card !== "one-to-one" && op !== "and" && op !== "unless") return node;
  if (matching.fillLeft !== undefined || matching.fillRight !== undefined) return node;
  const left = selectorOf(lhs);
  const right = selectorOf(rhs);
  if (left === undefined || right === undefined || !hasOneName(left) || !hasOneName(right)) return node;
  const toLeft = op === "unless" ? [] : missing(left, right, replicaLabels);
  const toRight = missing(right, left, replicaLabels);
  if (toLeft.length === 0 && toRight.length === 0) return node;
  return { ...node, lhs: withMatchers(lhs, toLeft), rhs: withMatchers(rhs, toRight) };
}

/** The only selector of a node whose series keep all its labels but the name. */
function selectorOf(node: PlanNode): SelectorNode | undefined {
  switch (node.kind) {
    case "selector":
      return node;
    case "matrix":
      return node.selector;
    case "negate":
      return selectorOf(node.expr);
    case "call": {
      if (!keepsLabels(node.func)) return undefined;
      const [inner, ...more] = node.args.filter((arg) => valueTypeOf(arg) !== "scalar");
      return inner === undefined || more.length > 0 ? undefined : selectorOf(inner);
    }
    default:
      return undefined;
  }
}

function keepsLabels(func: string): boolean {
  return func !== "absent_over_time" && (rangeFunctions.has(func) || instantFunctions.has(func));
}

/** Series of one name that differ in other labels, so that no two of them match the same series. */
function hasOneName({ matchers }: SelectorNode): boolean {
  return matchers.some(({ name, type, value }) => name === "__name__" && type === "=" && value !== "");
}

function missing(
  selector: SelectorNode,
  other: SelectorNode,
  replicaLabels: readonly string[],
): readonly Matcher[] {
  return other.matchers.filter(
    (wanted) =>
      wanted.name !== "__name__" &&
      !replicaLabels.includes(wanted.name) &&
      !selector.matchers.some(
        ({ name, type, value }) => name === wanted.name && type === wanted.type && value === wanted.value,
      ),
  );
}

function withMatchers(node: PlanNode, matchers: readonly Matcher[]): PlanNode {
  if (matchers.length === 0) return node;
  return mapNodes(node, (inner) => {
    if (inner.kind === "selector") return added(inner, matchers);
    return inner.kind === "matrix" ? { ...inner, selector: added(inner.selector, matchers) } : inner;
  });
}

function added(selector: SelectorNode, matchers: readonly Matcher[]): SelectorNode {
  return { ...selector, matchers: [...selector.matchers, ...matchers] };
}
