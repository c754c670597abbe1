import { compareBytewise } from "../../lib/bytes.ts";
import { formatDuration } from "../../model/duration.ts";
import { quoteGo } from "../../model/quote.ts";
import type {
  AggregateExpr,
  BinaryExpr,
  DurationExpr,
  Expr,
  MatrixSelector,
  NumberLiteral,
  SelectorMatcher,
  SubqueryExpr,
  TimeModifiers,
  VectorMatching,
  VectorSelector,
} from "./ast.ts";
import { formatFixed, formatGeneral, formatShortest } from "./format-number.ts";

/** The query as PromQL on one line, as upstream's String() writes it; reading it gives the same expression. */
export function printExpr(expr: Expr): string {
  switch (expr.kind) {
    case "number":
      return printNumber(expr);
    case "string":
      return quoteGo(expr.value);
    case "vector-selector":
      return printBare(expr) + printAt(expr) + printExtended(expr) + printOffset(expr);
    case "matrix-selector":
      return printMatrix(expr);
    case "subquery":
      return printExpr(expr.expr) + printSubqueryTime(expr);
    case "aggregate":
      return printAggregate(expr);
    case "binary":
      return printBinary(expr);
    case "unary":
      return expr.op + printExpr(expr.expr);
    case "call":
      return `${expr.func}(${expr.args.map(printExpr).join(", ")})`;
    case "paren":
      return `(${printExpr(expr.expr)})`;
  }
}

function printNumber(expr: Pick<NumberLiteral, "value" | "duration">): string {
  // Cut to nanoseconds and then to milliseconds, as upstream converts.
  return expr.duration ? formatDuration(Math.trunc(expr.value * 1e9) / 1e6) : formatShortest(expr.value);
}

/** Name and matchers, in the order of their text; a matcher that only repeats the name is left out. */
function printBare(selector: VectorSelector): string {
  const matchers = selector.matchers
    .filter(
      ({ name, type, value }) =>
        name !== "__name__" || type !== "=" || value !== selector.name || value === "",
    )
    .map(printMatcher)
    .sort(compareBytewise);
  return matchers.length === 0 ? selector.name : `${selector.name}{${matchers.join(",")}}`;
}

/** `name="value"`, the name in quotes where it would not read back without. */
export function printMatcher(matcher: SelectorMatcher): string {
  return printLabel(matcher.name) + matcher.type + quoteGo(matcher.value);
}

function printLabel(name: string): string {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? name : quoteGo(name);
}

function printAt({ at }: TimeModifiers): string {
  if (at === undefined) return "";
  return at.kind === "time" ? ` @ ${formatFixed(at.ms / 1000, 3)}` : ` @ ${at.kind}()`;
}

function printExtended(selector: VectorSelector): string {
  if (selector.anchored) return " anchored";
  return selector.smoothed ? " smoothed" : "";
}

function printOffset({ offsetMs, offsetExpr }: TimeModifiers): string {
  if (offsetExpr !== undefined) return ` offset ${printDuration(offsetExpr)}`;
  return offsetMs === 0 ? "" : ` offset ${formatDuration(offsetMs)}`;
}

function printMatrix({ selector, rangeMs, rangeExpr }: MatrixSelector): string {
  const range = rangeExpr === undefined ? formatDuration(rangeMs) : printDuration(rangeExpr);
  return `${printBare(selector)}[${range}]${printExtended(selector)}${printAt(selector)}${printOffset(selector)}`;
}

/** Range, step and time modifiers of a subquery: `[1h:5m] @ end() offset 1d`. */
export function printSubqueryTime(expr: SubqueryExpr): string {
  const { rangeMs, rangeExpr, stepMs, stepExpr } = expr;
  const range = rangeExpr === undefined ? formatDuration(rangeMs) : printDuration(rangeExpr);
  const literalStep = stepMs === 0 ? "" : formatDuration(stepMs);
  const step = stepExpr === undefined ? literalStep : printDuration(stepExpr);
  return `[${range}:${step}]${printAt(expr)}${printOffset(expr)}`;
}

function printAggregate(expr: AggregateExpr): string {
  const param = expr.param === undefined ? "" : `${printExpr(expr.param)}, `;
  return `${printAggregateHead(expr)}(${param}${printExpr(expr.expr)})`;
}

/** Name and grouping of an aggregation: `sum by (a) `, the space at its end only behind a grouping. */
export function printAggregateHead({ op, without, grouping }: AggregateExpr): string {
  if (without) return `${op} without (${printLabels(grouping)}) `;
  return grouping.length === 0 ? op : `${op} by (${printLabels(grouping)}) `;
}

function printLabels(names: readonly string[]): string {
  return names.map(printLabel).join(", ");
}

function printBinary(expr: BinaryExpr): string {
  return `${printExpr(expr.lhs)} ${printOperator(expr)} ${printExpr(expr.rhs)}`;
}

/** An operator with its modifiers: `/ on (a) group_left (b)`. */
export function printOperator({ op, bool, matching }: BinaryExpr): string {
  return `${op}${bool ? " bool" : ""}${matching === undefined ? "" : printMatching(matching)}`;
}

function printMatching({ card, labels, on, include, fillLeft, fillRight }: VectorMatching): string {
  const grouped = card === "many-to-one" || card === "one-to-many";
  let text = "";
  if (labels.length > 0 || on || grouped) text += ` ${on ? "on" : "ignoring"} (${printLabels(labels)})`;
  if (grouped) text += ` group_${card === "many-to-one" ? "left" : "right"} (${printLabels(include)})`;
  if (fillLeft !== undefined && fillLeft === fillRight) return `${text} fill (${formatGeneral(fillLeft)})`;
  if (fillLeft !== undefined) text += ` fill_left (${formatGeneral(fillLeft)})`;
  if (fillRight !== undefined) text += ` fill_right (${formatGeneral(fillRight)})`;
  return text;
}

/** A duration expression as it stands in brackets or behind `offset`. */
export function printDuration(expr: DurationExpr): string {
  if (expr.kind === "duration-number") {
    return printNumber({ value: expr.seconds, duration: expr.duration });
  }
  const text = printDurationParts(expr);
  return expr.wrapped ? `(${text})` : text;
}

function printDurationParts(expr: Exclude<DurationExpr, { readonly kind: "duration-number" }>): string {
  switch (expr.kind) {
    case "duration-step":
      return "step()";
    case "duration-range":
      return "range()";
    case "duration-unary":
      return `${expr.op === "-" ? "-" : ""}${printDuration(expr.expr)}`;
    case "duration-binary": {
      const lhs = printDuration(expr.lhs);
      const rhs = printDuration(expr.rhs);
      if (expr.op === "min_of" || expr.op === "max_of") return `${expr.op}(${lhs}, ${rhs})`;
      return `${lhs} ${expr.op} ${rhs}`;
    }
  }
}
