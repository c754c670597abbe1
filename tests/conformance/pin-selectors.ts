import type { AtModifier, Expr, VectorSelector } from "../../src/promql/syntax/ast.ts";

/** Functions whose result depends on the evaluation's time even when all they read is pinned. */
const unpinnable: ReadonlySet<string> = new Set([
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

/**
 * The expression with `@ timeMs` on every selector and subquery that has none; what stands inside a pinned subquery stays.
 * Undefined where a function makes pinning pointless.
 */
export function pinSelectors(expr: Expr, timeMs: number): Expr | undefined {
  let pinnable = true;
  const at: AtModifier = { kind: "time", ms: timeMs };

  function pinSelector(selector: VectorSelector): VectorSelector {
    return selector.at?.kind === "time" ? selector : { ...selector, at };
  }

  function pin(node: Expr): Expr {
    switch (node.kind) {
      case "vector-selector":
        return pinSelector(node);
      case "matrix-selector":
        return { ...node, selector: pinSelector(node.selector) };
      case "subquery":
        // Functions below it no longer count: upstream does not look there.
        return node.at?.kind === "time" ? node : { ...node, at };
      case "call":
        if (unpinnable.has(node.func)) pinnable = false;
        return { ...node, args: node.args.map(pin) };
      case "aggregate":
        return {
          ...node,
          expr: pin(node.expr),
          param: node.param === undefined ? undefined : pin(node.param),
        };
      case "binary":
        return { ...node, lhs: pin(node.lhs), rhs: pin(node.rhs) };
      case "unary":
      case "paren":
        return { ...node, expr: pin(node.expr) };
      default:
        return node;
    }
  }

  const pinned = pin(expr);
  return pinnable ? pinned : undefined;
}
