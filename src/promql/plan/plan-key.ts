import type { PlanNode } from "./node.ts";

/** A text that is equal for plans that say the same, wherever in the query they stand. */
export function planKey(node: PlanNode): string {
  return JSON.stringify(node, (name, value: unknown) => {
    if (name === "span") return undefined;
    // JSON has no words for these.
    if (typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0)))
      return Object.is(value, -0) ? "-0" : String(value);
    return value;
  });
}
