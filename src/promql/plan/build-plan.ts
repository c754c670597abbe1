import type { AtModifier, Call, Expr, SubqueryExpr, TimeModifiers, VectorSelector } from "../syntax/ast.ts";
import { type DurationScope, evaluateDuration } from "./duration.ts";
import type { PlanNode, SelectorNode } from "./node.ts";

/** The times a plan is made for. */
export interface PlanTimes {
  readonly startMs: number;
  readonly endMs: number;
  /** 0 for an instant query. */
  readonly stepMs: number;
  readonly defaultSubqueryStepMs: number;
}

/**
 * The plan of a checked expression: parentheses gone, durations and `@` resolved, start() and its kin folded. Follows Prometheus's PreprocessExpr. Throws GatewayError `execution`.
 */
export function buildPlan(expr: Expr, times: PlanTimes): PlanNode {
  const scope: DurationScope = {
    stepSeconds: times.stepMs / 1000,
    rangeSeconds: (times.endMs - times.startMs) / 1000,
  };
  return convert(expr, { times, scope, func: "", histograms: "whole" });
}

interface Scope {
  readonly times: PlanTimes;
  readonly scope: DurationScope;
  readonly func: string;
  readonly histograms: HistogramParts;
}

/** What of native histograms is looked at further up: their counts and sums, or, whatever else is said, all of them. */
type HistogramParts = "whole" | "stats" | "buckets";

const statsFunctions: ReadonlySet<string> = new Set(["histogram_avg", "histogram_count", "histogram_sum"]);
const bucketFunctions: ReadonlySet<string> = new Set([
  "histogram_fraction",
  "histogram_quantile",
  "histogram_quantiles",
]);

/** Follows Prometheus's detectHistogramStatsDecoding. */
function partsFor(func: string, above: HistogramParts): HistogramParts {
  if (above === "buckets" || bucketFunctions.has(func)) return "buckets";
  return statsFunctions.has(func) ? "stats" : above;
}

function convert(expr: Expr, scope: Scope): PlanNode {
  switch (expr.kind) {
    case "number":
    case "string":
      return expr.kind === "number"
        ? { kind: "number", value: expr.value, span: expr.span }
        : { kind: "string", value: expr.value, span: expr.span };
    case "paren":
      return convert(expr.expr, scope);
    case "vector-selector":
      return selector(expr, scope);
    case "matrix-selector":
      return {
        kind: "matrix",
        span: expr.span,
        selector: selector(expr.selector, scope),
        rangeMs: expr.rangeExpr ? evaluateDuration(expr.rangeExpr, scope.scope, false) : expr.rangeMs,
      };
    case "subquery":
      return subquery(expr, scope);
    case "aggregate": {
      const inside = { ...scope, func: expr.op };
      return {
        kind: "aggregate",
        span: expr.span,
        op: expr.op,
        expr: convert(expr.expr, inside),
        param: expr.param && convert(expr.param, inside),
        grouping: expr.grouping,
        without: expr.without,
      };
    }
    case "binary": {
      const trims = expr.op === "</" || expr.op === ">/";
      const inside = { ...scope, func: "", histograms: trims ? "buckets" : scope.histograms } as const;
      const lhs = convert(expr.lhs, inside);
      const rhs = convert(expr.rhs, inside);
      const { op, matching, bool, span } = expr;
      return { kind: "binary", op, lhs, rhs, matching, bool, span };
    }
    case "unary": {
      const inner = convert(expr.expr, scope);
      if (expr.op === "+") {
        if (inner.kind === "selector") return { ...inner, signed: expr.span };
        return inner.kind === "invariant" || inner.kind === "shared" ? inner : { ...inner, span: expr.span };
      }
      return inner.kind === "number"
        ? { kind: "number", value: -inner.value, span: expr.span }
        : { kind: "negate", expr: inner, span: expr.span };
    }
    case "call":
      return call(expr, scope);
  }
}

function call({ func, args, span }: Call, scope: Scope): PlanNode {
  const { startMs, endMs, stepMs } = scope.times;
  switch (func) {
    case "start":
      return { kind: "number", value: startMs / 1000, span };
    case "end":
      return { kind: "number", value: endMs / 1000, span };
    case "range":
      return { kind: "number", value: (endMs - startMs) / 1000, span };
    case "step":
      // A range of one step has none, as upstream, though a duration may name it.
      return { kind: "number", value: startMs === endMs ? 0 : stepMs / 1000, span };
    default: {
      const inside = { ...scope, func, histograms: partsFor(func, scope.histograms) };
      return { kind: "call", func, args: args.map((arg) => convert(arg, inside)), span };
    }
  }
}

function selector(expr: VectorSelector, scope: Scope): SelectorNode {
  const extension = expr.anchored ? "anchored" : expr.smoothed ? "smoothed" : undefined;
  const { matchers, span } = expr;
  return {
    kind: "selector",
    matchers,
    projection: undefined,
    func: scope.func,
    statsOnly: scope.histograms === "stats",
    extension,
    ...placed(expr, scope),
    span,
  };
}

function subquery(expr: SubqueryExpr, scope: Scope): PlanNode {
  const stepMs = expr.stepExpr ? evaluateDuration(expr.stepExpr, scope.scope, false) : expr.stepMs;
  return {
    kind: "subquery",
    span: expr.span,
    // Its steps may pass resets by, which buckets alone tell.
    expr: convert(expr.expr, { ...scope, histograms: "buckets" }),
    rangeMs: expr.rangeExpr ? evaluateDuration(expr.rangeExpr, scope.scope, false) : expr.rangeMs,
    stepMs: stepMs > 0 ? stepMs : scope.times.defaultSubqueryStepMs,
    trimmed: false,
    ...placed(expr, scope),
  };
}

function placed(expr: TimeModifiers, scope: Scope) {
  return {
    atMs: atTime(expr.at, scope.times),
    offsetMs: expr.offsetExpr ? evaluateDuration(expr.offsetExpr, scope.scope, true) : expr.offsetMs,
  };
}

function atTime(at: AtModifier | undefined, times: PlanTimes): number | undefined {
  if (at === undefined) return undefined;
  return at.kind === "time" ? at.ms : at.kind === "start" ? times.startMs : times.endMs;
}
