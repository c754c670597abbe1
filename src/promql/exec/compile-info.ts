import type { Matcher } from "../../model/matcher.ts";
import type { CallNode, PlanNode, SelectorNode } from "../plan/node.ts";
import { childrenOf } from "../plan/rewrites/rewrite.ts";
import type { Compiler } from "./compiler.ts";
import { createInfo } from "./info.ts";
import type { Operator } from "./operator.ts";
import { createSelector } from "./selector.ts";
import type { Span } from "./span.ts";

/** info(): its second argument is no vector, but what info series have to meet. */
export function compileInfo(compiler: Compiler, node: CallNode, span: Span): Operator {
  const [base, selector] = node.args;
  if (base === undefined) throw new Error("assertion failed: info without vector");
  const matchers = selector === undefined ? [] : (firstSelector(selector)?.selector.matchers ?? []);
  const placed = firstSelector(base) ?? { atMs: undefined, offsetMs: 0 };
  return createInfo(compiler.run, {
    input: compiler.vector(base, span, false),
    names: nameMatchers(matchers.filter(({ name }) => name === "__name__")),
    data: matchers.filter(({ name }) => name !== "__name__"),
    steps: span.grid.count,
    select(all) {
      const info: SelectorNode = {
        kind: "selector",
        span: node.span,
        matchers: all,
        projection: undefined,
        statsOnly: false,
        func: "info",
        extension: undefined,
        atMs: placed.atMs,
        offsetMs: placed.offsetMs,
      };
      return createSelector(compiler.run, info, span, "info-times");
    },
  });
}

/** Info metrics are named `target_info` unless something else is asked for; `.+_info` where only names are ruled out. */
function nameMatchers(asked: readonly Matcher[]): readonly Matcher[] {
  if (asked.some(({ type }) => type === "=" || type === "=~")) return asked;
  if (asked.length === 0) return [{ name: "__name__", type: "=", value: "target_info" }];
  return [{ name: "__name__", type: "=~", value: ".+_info" }, ...asked];
}

interface FoundSelector {
  readonly selector: SelectorNode;
  /** When it looks, with the subqueries around it: their offsets add up until an `@` settles the time. */
  readonly atMs: number | undefined;
  readonly offsetMs: number;
}

/** The first selector in the text of a plan. */
function firstSelector(node: PlanNode): FoundSelector | undefined {
  if (node.kind === "selector") return { selector: node, atMs: node.atMs, offsetMs: node.offsetMs };
  if (node.kind === "matrix") return firstSelector(node.selector);
  if (node.kind === "aggregate") {
    return firstSelector(node.expr) ?? (node.param && firstSelector(node.param));
  }
  for (const child of childrenOf(node)) {
    const found = firstSelector(child);
    if (found === undefined) continue;
    if (node.kind !== "subquery" || found.atMs !== undefined) return found;
    return { ...found, atMs: node.atMs, offsetMs: found.offsetMs + node.offsetMs };
  }
  return undefined;
}
