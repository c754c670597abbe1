import { GatewayError } from "../../lib/errors.ts";
import type { AggregateExpr, Call, DurationExpr, Expr, UnaryExpr, VectorSelector } from "./ast.ts";
import { printAggregateHead, printExpr, printOperator, printSubqueryTime } from "./printer.ts";

/** Bytes that an expression may have on one line. */
const maxLineBytes = 100;

/** Bytes that a formatted query may have: indentation multiplies. */
const maxPrettyBytes = 1 << 23;

const encoder = new TextEncoder();

/**
 * The query over several lines, as upstream's Prettify() lays it out: what is longer than 100 bytes on one line is split at its
 * outermost node, its parts indented by two spaces a level. Selectors and literals are never split. Throws GatewayError
 * `bad_data` where that gives more than 8 MiB.
 */
export function prettyExpr(expr: Expr): string {
  return pretty(expr, 0);
}

function pretty(expr: Expr, level: number): string {
  const indent = "  ".repeat(level);
  if (expr.kind === "unary") return indent + expr.op + pretty(expr.expr, level).trim();
  if (roomLeft(expr, maxLineBytes) >= 0) {
    const line = printExpr(expr);
    // Upstream does not indent subqueries that fit.
    if (encoder.encode(line).length <= maxLineBytes) return expr.kind === "subquery" ? line : indent + line;
  }
  return checked(split(expr, level, indent));
}

function split(expr: Exclude<Expr, UnaryExpr>, level: number, indent: string): string {
  switch (expr.kind) {
    case "aggregate":
      return `${indent}${printAggregateHead(expr)}(\n${list(partsOf(expr), level + 1)}\n${indent})`;
    case "binary":
      return `${pretty(expr.lhs, level + 1)}\n${indent}${printOperator(expr)}\n${pretty(expr.rhs, level + 1)}`;
    case "call":
      return `${indent}${expr.func}(\n${list(expr.args, level + 1)}\n${indent})`;
    case "paren":
      return `${indent}(\n${pretty(expr.expr, level + 1)}\n${indent})`;
    case "subquery":
      return pretty(expr.expr, level) + printSubqueryTime(expr);
    default:
      return indent + printExpr(expr);
  }
}

function checked(text: string): string {
  if (text.length <= maxPrettyBytes) return text;
  throw new GatewayError("bad_data", `formatted query is too long, wants at most ${maxPrettyBytes} bytes`);
}

/** What is left of `room` bytes at most once the expression is printed; negative as soon as it is known not to fit. */
function roomLeft(expr: Expr, room: number): number {
  if (room <= 0) return -1;
  switch (expr.kind) {
    case "aggregate":
      return roomForAll(partsOf(expr), room - 1 - lengthOf(expr.grouping));
    case "call":
      return roomForAll(expr.args, room - 1);
    case "binary": {
      const { labels = [], include = [] } = expr.matching ?? {};
      return roomLeft(expr.rhs, roomLeft(expr.lhs, room - 1 - lengthOf(labels) - lengthOf(include)));
    }
    case "unary":
    case "paren":
      return roomLeft(expr.expr, room - 1);
    case "subquery":
      return roomLeft(expr.expr, roomForDurations([expr.rangeExpr, expr.stepExpr, expr.offsetExpr], room));
    case "string":
      return room - expr.value.length;
    case "vector-selector":
      return roomForDurations([expr.offsetExpr], room - sizeOf(expr));
    case "matrix-selector":
      return roomForDurations([expr.rangeExpr, expr.selector.offsetExpr], room - sizeOf(expr.selector));
    case "number":
      return room - 1;
  }
}

function roomForAll(exprs: readonly Expr[], room: number): number {
  return exprs.reduce((left, expr) => (left < 0 ? left : roomLeft(expr, left)), room);
}

function roomForDurations(exprs: readonly (DurationExpr | undefined)[], room: number): number {
  return exprs.reduce((left, expr) => (expr === undefined ? left : roomForDuration(expr, left)), room);
}

function roomForDuration(expr: DurationExpr, room: number): number {
  if (room < 0) return room;
  if (expr.kind === "duration-unary") return roomForDuration(expr.expr, room - 1);
  if (expr.kind !== "duration-binary") return room - 1;
  return roomForDuration(expr.rhs, roomForDuration(expr.lhs, room - 1));
}

function sizeOf({ name, matchers }: VectorSelector): number {
  const written = name === "" ? matchers : matchers.slice(0, -1);
  return written.reduce((size, matcher) => size + matcher.name.length + matcher.value.length, name.length);
}

function lengthOf(names: readonly string[]): number {
  return names.reduce((size, name) => size + name.length, 0);
}

function partsOf(expr: AggregateExpr | Call): readonly Expr[] {
  if (expr.kind === "call") return expr.args;
  return expr.param === undefined ? [expr.expr] : [expr.param, expr.expr];
}

function list(exprs: readonly Expr[], level: number): string {
  return exprs.map((expr) => pretty(expr, level)).join(",\n");
}
