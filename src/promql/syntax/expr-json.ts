import { GatewayError } from "../../lib/errors.ts";
import type {
  AtModifier,
  BinaryExpr,
  Call,
  DurationExpr,
  Expr,
  SelectorMatcher,
  VectorMatching,
  VectorSelector,
} from "./ast.ts";
import { formatGeneral, formatShortest } from "./format-number.ts";
import { signatureOf } from "./functions.ts";

/** What JSON can hold. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue };

/**
 * The expression as Prometheus's `/api/v1/parse_query` gives it to tree views: members by name, durations in milliseconds,
 * numbers as texts. Throws GatewayError `internal`, as Prometheus does, for a fill value that JSON cannot hold.
 */
export function exprJson(expr: Expr): JsonValue {
  switch (expr.kind) {
    case "number":
      return { type: "numberLiteral", val: formatShortest(expr.value) };
    case "string":
      return { type: "stringLiteral", val: expr.value };
    case "paren":
      return { expr: exprJson(expr.expr), type: "parenExpr" };
    case "unary":
      return { expr: exprJson(expr.expr), op: expr.op, type: "unaryExpr" };
    case "vector-selector":
      return selectorJson(expr, { type: "vectorSelector" });
    case "matrix-selector":
      return selectorJson(expr.selector, {
        range: expr.rangeMs,
        rangeExpr: durationJson(expr.rangeExpr),
        type: "matrixSelector",
      });
    case "subquery":
      return {
        expr: exprJson(expr.expr),
        offset: expr.offsetMs,
        offsetExpr: durationJson(expr.offsetExpr),
        range: expr.rangeMs,
        rangeExpr: durationJson(expr.rangeExpr),
        startOrEnd: startOrEnd(expr.at),
        step: expr.stepMs,
        stepExpr: durationJson(expr.stepExpr),
        timestamp: timestamp(expr.at),
        type: "subquery",
      };
    case "aggregate":
      return {
        expr: exprJson(expr.expr),
        grouping: expr.grouping,
        op: expr.op,
        param: expr.param === undefined ? null : exprJson(expr.param),
        type: "aggregation",
        without: expr.without,
      };
    case "binary":
      return binaryJson(expr);
    case "call":
      return callJson(expr);
  }
}

/** Members stand in the order of their names, whichever kind of selector it is. */
function selectorJson(
  selector: VectorSelector,
  kind: { readonly range?: number; readonly rangeExpr?: JsonValue; readonly type: string },
): JsonValue {
  const { type, ...range } = kind;
  return {
    anchored: selector.anchored,
    matchers: selector.matchers.map(matcherJson),
    name: selector.name,
    offset: selector.offsetMs,
    offsetExpr: durationJson(selector.offsetExpr),
    ...range,
    smoothed: selector.smoothed,
    startOrEnd: startOrEnd(selector.at),
    timestamp: timestamp(selector.at),
    type,
  };
}

function matcherJson({ name, type, value }: SelectorMatcher): JsonValue {
  return { name, type, value };
}

function startOrEnd(at: AtModifier | undefined): JsonValue {
  return at === undefined || at.kind === "time" ? null : at.kind;
}

function timestamp(at: AtModifier | undefined): JsonValue {
  return at?.kind === "time" ? at.ms : null;
}

function binaryJson(expr: BinaryExpr): JsonValue {
  return {
    bool: expr.bool,
    lhs: exprJson(expr.lhs),
    matching: expr.matching === undefined ? null : matchingJson(expr.matching),
    op: expr.op,
    rhs: exprJson(expr.rhs),
    type: "binaryExpr",
  };
}

function matchingJson({ card, fillLeft, fillRight, include, labels, on }: VectorMatching): JsonValue {
  const fillValues = { lhs: fillJson(fillLeft), rhs: fillJson(fillRight) };
  return { card, fillValues, include, labels, on };
}

function fillJson(value: number | undefined): JsonValue {
  if (value === undefined) return null;
  if (!Number.isFinite(value))
    throw new GatewayError("internal", `unsupported value: ${formatGeneral(value)}`);
  return value;
}

function callJson({ func, args }: Call): JsonValue {
  const signature = signatureOf(func);
  return {
    args: args.map(exprJson),
    func: {
      argTypes: signature?.argTypes ?? [],
      name: func,
      returnType: signature?.returnType ?? "none",
      variadic: signature?.variadic ?? 0,
    },
    type: "call",
  };
}

function durationJson(expr: DurationExpr | undefined): JsonValue {
  if (expr === undefined) return null;
  switch (expr.kind) {
    case "duration-number":
      return { duration: expr.duration, type: "numberLiteral", val: formatShortest(expr.seconds) };
    case "duration-step":
      return operation("step", expr.wrapped);
    case "duration-range":
      return operation("range", expr.wrapped);
    case "duration-unary":
      return operation(expr.op, expr.wrapped, { rhs: expr.expr });
    case "duration-binary":
      return operation(expr.op, expr.wrapped, expr);
  }
}

function operation(
  op: string,
  wrapped: boolean,
  { lhs, rhs }: { readonly lhs?: DurationExpr; readonly rhs?: DurationExpr } = {},
): JsonValue {
  return { lhs: durationJson(lhs), op, rhs: durationJson(rhs), type: "durationExpr", wrapped };
}
