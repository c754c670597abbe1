import type { PlanNode } from "./node.ts";
import { childrenOf } from "./rewrites/rewrite.ts";

/**
 * Gives plans that say the same, wherever in the query they stand, the same short text, and no other plan that one. Texts
 * are good for one table: parts are numbered as they are met, so that a tall plan costs no more than its size.
 */
export function createPlanKeys(): (node: PlanNode) => string {
  const numbers = new Map<string, string>();
  const known = new WeakMap<PlanNode, string>();
  return function keyOf(node: PlanNode): string {
    const before = known.get(node);
    if (before !== undefined) return before;
    const text = ownText(node) + childrenOf(node).map(keyOf).join(" ");
    const key = numbers.get(text) ?? `#${numbers.size}`;
    numbers.set(text, key);
    known.set(node, key);
    return key;
  };
}

const children: ReadonlySet<string> = new Set(["expr", "param", "lhs", "rhs", "args"]);

/** All that a node says itself. */
function ownText(node: PlanNode): string {
  return JSON.stringify(node, (name, value: unknown) => {
    if (name === "span" || children.has(name)) return undefined;
    // JSON has no words for these.
    if (typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0)))
      return Object.is(value, -0) ? "-0" : String(value);
    return value;
  });
}
