import { mapNodes, type Rewrite } from "./rewrite.ts";

/**
 * Lets selectors inside of subqueries begin to read where the first inner step looks, not where the subquery's range
 * begins. Where replicas are merged it is left alone: what dedup keeps depends on where it starts.
 */
export const trimSubqueries: Rewrite = {
  name: "trim-subqueries",
  apply: (plan, { replicaLabels }) =>
    replicaLabels === undefined || replicaLabels.length > 0
      ? plan
      : mapNodes(plan, (node) => (node.kind === "subquery" ? { ...node, trimmed: true } : node)),
};
