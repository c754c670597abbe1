import type { AggregateExpr, BinaryExpr, Expr } from "./ast.ts";
import { printAggregateHead, printExpr, printOperator, printSubqueryTime } from "./printer.ts";

/** Bytes that an expression may have on one line. */
const maxLineBytes = 100;

const encoder = new TextEncoder();

/**
 * The query over several lines, as upstream's Prettify() lays it out: what is longer than 100 bytes on one line is split at its
 * outermost node, its parts indented by two spaces a level. Selectors and literals are never split.
 */
export function prettyExpr(expr: Expr): string {
  return pretty(expr, 0);
}

function pretty(expr: Expr, level: number): string {
  const indent = "  ".repeat(level);
  if (expr.kind === "unary") return indent + expr.op + pretty(expr.expr, level).trim();
  const line = printExpr(expr);
  if (fits(line)) return expr.kind === "subquery" ? line : indent + line; // Upstream does not indent subqueries that fit.
  switch (expr.kind) {
    case "aggregate":
      return `${indent}${printAggregateHead(expr)}(\n${aggregateArguments(expr, level + 1)}\n${indent})`;
    case "binary":
      return binary(expr, level, indent);
    case "call":
      return `${indent}${expr.func}(\n${list(expr.args, level + 1)}\n${indent})`;
    case "paren":
      return `${indent}(\n${pretty(expr.expr, level + 1)}\n${indent})`;
    case "subquery":
      return pretty(expr.expr, level) + printSubqueryTime(expr);
    default:
      return indent + line;
  }
}

function fits(line: string): boolean {
  return line.length <= maxLineBytes && encoder.encode(line).length <= maxLineBytes;
}

function list(exprs: readonly Expr[], level: number): string {
  return exprs.map((expr) => pretty(expr, level)).join(",\n");
}

function aggregateArguments({ param, expr }: AggregateExpr, level: number): string {
  return list(param === undefined ? [expr] : [param, expr], level);
}

function binary(expr: BinaryExpr, level: number, indent: string): string {
  return `${pretty(expr.lhs, level + 1)}\n${indent}${printOperator(expr)}\n${pretty(expr.rhs, level + 1)}`;
}
