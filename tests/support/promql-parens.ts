import type { BinaryExpr, BinaryOp, DurationExpr, Expr, UnaryExpr } from "../../src/promql/syntax/ast.ts";
import { binaryPrecedence, powerPrecedence } from "../../src/promql/syntax/parse-binary.ts";

const nowhere = { start: 0, end: 0 };

/** The tree with parentheses put in wherever it would not read back from its printed form; those that are there stay. */
export function withParens(expr: Expr): Expr {
  switch (expr.kind) {
    case "subquery":
      return { ...expr, expr: primary(withParens(expr.expr)) };
    case "aggregate":
      return {
        ...expr,
        expr: withParens(expr.expr),
        param: expr.param === undefined ? undefined : withParens(expr.param),
      };
    case "call":
      return { ...expr, args: expr.args.map(withParens) };
    case "paren":
      return { ...expr, expr: withParens(expr.expr) };
    case "unary":
      return { ...expr, expr: unaryOperand(withParens(expr.expr)) };
    case "binary":
      return {
        ...expr,
        lhs: leftOf(expr.op, withParens(expr.lhs)),
        rhs: rightOf(expr.op, withParens(expr.rhs)),
      };
    default:
      return expr;
  }
}

function wrap(expr: Expr): Expr {
  return { kind: "paren", expr, span: nowhere };
}

/** What `[…]` may follow. */
function primary(expr: Expr): Expr {
  return expr.kind === "binary" || expr.kind === "unary" || isSigned(expr) ? wrap(expr) : expr;
}

/** A sign before a literal would become part of it. */
function unaryOperand(expr: Expr): Expr {
  if (expr.kind === "number") return wrap(expr);
  return expr.kind === "binary" && expr.op !== "^" ? wrap(expr) : expr;
}

function leftOf(op: BinaryOp, expr: Expr): Expr {
  const own = binaryPrecedence(op);
  if (takesArithmetic(expr)) return wrap(expr);
  if (op === "^" && (expr.kind === "unary" || isSigned(expr))) return wrap(expr);
  if (expr.kind !== "binary") return expr;
  const precedence = binaryPrecedence(expr.op);
  return precedence < own || (precedence === own && op === "^") ? wrap(expr) : expr;
}

function rightOf(op: BinaryOp, expr: Expr): Expr {
  const own = binaryPrecedence(op);
  if (expr.kind !== "binary") return expr;
  const precedence = binaryPrecedence(expr.op);
  return precedence < own || (precedence === own && own !== powerPrecedence) ? wrap(expr) : expr;
}

/** Literals that are printed with a sign. */
function isSigned(expr: Expr): boolean {
  if (expr.kind !== "number") return false;
  return expr.value < 0 || Object.is(expr.value, -0) || expr.value === Number.POSITIVE_INFINITY;
}

/** Whether the text ends in an offset in parentheses without a sign, which reads on over arithmetic. */
function takesArithmetic(expr: Expr): boolean {
  const last = lastOf(expr);
  return "offsetExpr" in last && last.offsetExpr !== undefined && isOpen(last.offsetExpr);
}

function isOpen(offset: DurationExpr): boolean {
  return offset.kind !== "duration-number" && offset.wrapped;
}

function lastOf(expr: Expr): Exclude<Expr, BinaryExpr | UnaryExpr> {
  switch (expr.kind) {
    case "binary":
      return lastOf(expr.rhs);
    case "unary":
      return lastOf(expr.expr);
    case "matrix-selector":
      return expr.selector;
    default:
      return expr;
  }
}
