import { type PlanNode, valueTypeOf } from "../node.ts";
import { createPlanKeys } from "../plan-key.ts";
import { childrenOf, mapChildren, type Rewrite } from "./rewrite.ts";

/**
 * Works out once what a query says more than once, as the sum in `sum(x) / (sum(x) + sum(y))`. Only what its operator
 * holds anyway is shared, aggregations and what is made of them: to share series that stream they would have to be held.
 */
export const shareCommon: Rewrite = {
  name: "share-common",
  apply(plan) {
    const seen: Seen = { keyOf: createPlanKeys(), parts: new Map() };
    count(plan, "", seen);
    return [...seen.parts.values()].some(({ times }) => times > 1) ? share(plan, "", seen) : plan;
  },
};

interface Seen {
  readonly keyOf: (node: PlanNode) => string;
  readonly parts: Map<string, Part>;
}

interface Part {
  readonly times: number;
  /** Where it stands last: as upstream has it, annotations point there. */
  readonly last: PlanNode;
}

function count(node: PlanNode, scope: string, seen: Seen): void {
  if (isHeld(node)) {
    const { keyOf, parts } = seen;
    const key = scope + keyOf(node);
    const times = (parts.get(key)?.times ?? 0) + 1;
    parts.set(key, { times, last: node });
    // What is inside of a repeated part is worked out with it.
    if (times > 1) return;
  }
  for (const child of childrenOf(node)) count(child, scopeInside(node, scope), seen);
}

function share(node: PlanNode, scope: string, seen: Seen): PlanNode {
  const inside = (child: PlanNode) => share(child, scopeInside(node, scope), seen);
  if (!isHeld(node)) return mapChildren(node, inside);
  const key = scope + seen.keyOf(node);
  const part = seen.parts.get(key);
  if (part === undefined || part.times === 1) return mapChildren(node, inside);
  return { kind: "shared", key, expr: mapChildren(part.last, inside) };
}

/** Equal parts are the same only over the same steps: subqueries and what is evaluated once have steps of their own. */
function scopeInside(node: PlanNode, scope: string): string {
  if (node.kind === "invariant") return `${scope}once `;
  if (node.kind !== "subquery") return scope;
  const { rangeMs, stepMs, atMs, offsetMs } = node;
  return `${scope}[${rangeMs}:${stepMs} ${atMs} ${offsetMs}] `;
}

/** Answers to isHeld, which is asked at every level. */
const heldNodes = new WeakMap<PlanNode, boolean>();

function isHeld(node: PlanNode): boolean {
  let answer = heldNodes.get(node);
  if (answer === undefined) {
    answer = findHeld(node);
    heldNodes.set(node, answer);
  }
  return answer;
}

function findHeld(node: PlanNode): boolean {
  switch (node.kind) {
    case "aggregate":
      return true;
    case "negate":
      return isHeld(node.expr);
    case "binary":
      return valueTypeOf(node) === "vector" && held(node.lhs) && held(node.rhs);
    case "call":
      return valueTypeOf(node) === "vector" && node.args.some(isHeld) && node.args.every(held);
    default:
      return false;
  }
}

function held(node: PlanNode): boolean {
  return node.kind === "number" || node.kind === "string" || isHeld(node);
}
