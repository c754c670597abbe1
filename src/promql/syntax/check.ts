import { createMatcher } from "../../model/matches.ts";
import { quoteGo } from "../../model/quote.ts";
import type {
  AggregateExpr,
  BinaryExpr,
  BinaryOp,
  Call,
  Expr,
  SelectorMatcher,
  Span,
  ValueType,
  VectorSelector,
} from "./ast.ts";
import { signatureOf } from "./functions.ts";
import { note, type ParserState } from "./parser-state.ts";

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * Checks types and rules that grammar leaves open, noting what is wrong, and settles how vectors are matched: set operators
 * become many-to-many, and there is no matching where a side is no vector. Gives the type of the expression.
 */
export function check(p: ParserState, expr: Expr): ValueType {
  switch (expr.kind) {
    case "number":
      return "scalar";
    case "string":
      return "string";
    case "vector-selector":
      checkSelector(p, expr, false);
      return "vector";
    case "matrix-selector":
      checkSelector(p, expr.selector, false);
      return "matrix";
    case "subquery": {
      const type = check(p, expr.expr);
      if (type !== "vector") {
        note(p, expr.span, `subquery is only allowed on instant vector, got ${type} instead`);
      }
      return "matrix";
    }
    case "aggregate":
      checkAggregate(p, expr);
      return "vector";
    case "binary":
      return checkBinary(p, expr);
    case "unary": {
      const type = check(p, expr.expr);
      if (type !== "scalar" && type !== "vector") {
        const what = "unary expression only allowed on expressions of type scalar or instant vector";
        note(p, expr.span, `${what}, got ${quoteGo(typeName(type))}`);
      }
      return type;
    }
    case "call":
      return checkCall(p, expr);
    case "paren":
      return check(p, expr.expr);
  }
}

function typeName(type: ValueType): string {
  return type === "vector" ? "instant vector" : type === "matrix" ? "range vector" : type;
}

function expectType(p: ParserState, expr: Expr, wanted: ValueType, context: string): void {
  const type = check(p, expr);
  if (type === wanted) return;
  note(p, expr.span, `expected type ${typeName(wanted)} in ${context}, got ${typeName(type)}`);
}

function checkSelector(p: ParserState, selector: VectorSelector, mayBeEmpty: boolean): void {
  if (selector.name !== "") {
    for (const matcher of selector.matchers.slice(0, -1)) {
      if (matcher.name !== "__name__") continue;
      const names = `${quoteGo(selector.name)} or ${quoteGo(matcher.value)}`;
      note(p, selector.span, `metric name must not be set twice: ${names}`);
    }
    return;
  }
  if (mayBeEmpty || selector.matchers.some((matcher) => !matchesNothing(p, matcher))) return;
  note(p, selector.span, "vector selector must contain at least one non-empty matcher");
}

function matchesNothing(p: ParserState, matcher: SelectorMatcher): boolean {
  return (p.regexes.get(matcher) ?? createMatcher(matcher)).matches("");
}

function checkAggregate(p: ParserState, expr: AggregateExpr): void {
  expectType(p, expr.expr, "vector", "aggregation expression");
  if (expr.param === undefined) return;
  const wanted = expr.op === "count_values" ? "string" : "scalar";
  expectType(p, expr.param, wanted, "aggregation parameter");
}

function checkBinary(p: ParserState, expr: Writable<BinaryExpr>): ValueType {
  const left = check(p, expr.lhs);
  const right = check(p, expr.rhs);
  const bothScalar = left === "scalar" && right === "scalar";
  if (expr.bool && !isComparison(expr.op)) {
    note(p, operatorSpan(p, expr), "bool modifier can only be used on comparison operators");
  }
  if (isComparison(expr.op) && !expr.bool && bothScalar) {
    note(p, operatorSpan(p, expr), "comparisons between scalars must use BOOL modifier");
  }
  const { matching } = expr;
  if (matching?.on === true && matching.include.length > 0) {
    const include = new Set(matching.include);
    for (const label of matching.labels) {
      if (!include.has(label)) continue;
      const what = `label ${quoteGo(label)} must not occur in ON and GROUP clause at once`;
      note(p, operatorSpan(p, expr), what);
    }
  }
  for (const [type, side] of [
    [left, expr.lhs],
    [right, expr.rhs],
  ] as const) {
    if (type === "scalar" || type === "vector") continue;
    note(p, side.span, "binary expression must contain only scalar and instant vector types");
  }
  checkMatching(p, expr, left === "vector" && right === "vector");
  if ((left === "scalar" || right === "scalar") && isSet(expr.op)) {
    note(p, expr.span, `set operator ${quoteGo(expr.op)} not allowed in binary scalar expression`);
  }
  return bothScalar ? "scalar" : "vector";
}

function checkMatching(p: ParserState, expr: Writable<BinaryExpr>, bothVectors: boolean): void {
  const { matching } = expr;
  if (matching === undefined) return;
  const fills = matching.fillLeft !== undefined || matching.fillRight !== undefined;
  if (!bothVectors) {
    if (matching.labels.length > 0)
      note(p, expr.span, "vector matching only allowed between instant vectors");
    if (fills) note(p, expr.span, "filling in missing series only allowed between instant vectors");
    expr.matching = undefined;
  } else if (isSet(expr.op)) {
    if (matching.card !== "one-to-one" && matching.card !== "many-to-many") {
      note(p, expr.span, `no grouping allowed for ${quoteGo(expr.op)} operation`);
      note(p, expr.span, "set operations must always be many-to-many");
    }
    if (fills) note(p, expr.span, "filling in missing series not allowed for set operators");
    expr.matching = { ...matching, card: "many-to-many" };
  }
}

function isComparison(op: BinaryOp): boolean {
  return op === "==" || op === "!=" || op === "<" || op === "<=" || op === ">" || op === ">=";
}

function isSet(op: BinaryOp): boolean {
  return op === "and" || op === "or" || op === "unless";
}

/** From the operator to the last character before the right side. */
function operatorSpan(p: ParserState, expr: BinaryExpr): Span {
  let { end: start } = expr.lhs.span;
  while (p.source.isSpaceByte(start)) start++;
  let end = expr.rhs.span.start - 1;
  while (p.source.isSpaceByte(end)) end--;
  return { start, end };
}

function checkCall(p: ParserState, call: Call): ValueType {
  const signature = signatureOf(call.func);
  if (signature === undefined) return "none"; // Noted when it was read.
  const { argTypes, variadic } = signature;
  checkCount(p, call, argTypes.length, variadic);
  const isInfo = call.func === "info";
  if (isInfo && call.args.length > 1) checkInfoSelector(p, call);
  for (const [i, arg] of call.args.entries()) {
    if (i >= argTypes.length && variadic === 0) break;
    const wanted = argTypes[Math.min(i, argTypes.length - 1)] ?? "none";
    if (isInfo && i === 1 && arg.kind === "vector-selector") checkSelector(p, arg, true);
    else expectType(p, arg, wanted, `call to function ${quoteGo(call.func)}`);
  }
  return signature.returnType;
}

function checkCount(p: ParserState, call: Call, declared: number, variadic: number): void {
  const count = call.args.length;
  const say = (wanted: string) =>
    note(p, call.span, `expected ${wanted} argument(s) in call to ${quoteGo(call.func)}, got ${count}`);
  if (variadic === 0) {
    if (count !== declared) say(`${declared}`);
  } else if (count < declared - 1) say(`at least ${declared - 1}`);
  else if (variadic > 0 && count > declared - 1 + variadic) say(`at most ${declared - 1 + variadic}`);
}

/** The second argument of info() is a set of matchers, not a metric. */
function checkInfoSelector(p: ParserState, call: Call): void {
  const [, selector] = call.args;
  if (selector === undefined) return;
  const type = typeOf(selector);
  if (type !== "vector") {
    const context = `call to function ${quoteGo(call.func)}`;
    note(p, call.span, `expected type instant vector in ${context}, got ${typeName(type)}`);
  }
  if (selector.kind !== "vector-selector") note(p, selector.span, "expected label selectors only");
  else if (selector.name !== "") {
    note(p, selector.span, "expected label selectors only, got vector selector instead");
  }
}

/** Type of an expression that has been checked. */
export function typeOf(expr: Expr): ValueType {
  switch (expr.kind) {
    case "number":
      return "scalar";
    case "string":
      return "string";
    case "vector-selector":
    case "aggregate":
      return "vector";
    case "matrix-selector":
    case "subquery":
      return "matrix";
    case "binary":
      return typeOf(expr.lhs) === "scalar" && typeOf(expr.rhs) === "scalar" ? "scalar" : "vector";
    case "unary":
    case "paren":
      return typeOf(expr.expr);
    case "call":
      return signatureOf(expr.func)?.returnType ?? "none";
  }
}
