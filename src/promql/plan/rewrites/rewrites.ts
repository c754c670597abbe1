import type { PlanNode } from "../node.ts";
import { stepInvariants } from "../step-invariant.ts";
import { dropDeadBranches } from "./drop-dead-branches.ts";
import { foldConstants } from "./fold-constants.ts";
import { projectLabels } from "./project-labels.ts";
import { propagateMatchers } from "./propagate-matchers.ts";
import type { Rewrite, RewriteContext } from "./rewrite.ts";
import { shareCommon } from "./share-common.ts";
import { trimSubqueries } from "./trim-subqueries.ts";

/** All rewrites in the order in which they are applied. */
export const rewrites: readonly Rewrite[] = [
  foldConstants,
  dropDeadBranches,
  propagateMatchers,
  projectLabels,
  stepInvariants,
  trimSubqueries,
  shareCommon,
];

/** The plan after all rewrites but those named in `disabled`. */
export function rewritePlan(
  plan: PlanNode,
  context: RewriteContext,
  disabled: ReadonlySet<string> = new Set(),
): PlanNode {
  return rewrites
    .filter(({ name }) => !disabled.has(name))
    .reduce((rewritten, rewrite) => rewrite.apply(rewritten, context), plan);
}
