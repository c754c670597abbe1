import type { BinaryExpr, BinaryOp, Cardinality, Expr, VectorMatching } from "./ast.ts";
import { parseGrouping } from "./parse-grouping.ts";
import { tokenNumber } from "./parse-number.ts";
import { advance, expectToken, kindOf, note, type ParserState, recover, unexpected } from "./parser-state.ts";
import { startsExpr, type TokenKind } from "./token.ts";

export const powerPrecedence = 6;

/** How tight a binary operator binds, 0 for what is none. */
export function binaryPrecedence(kind: TokenKind): number {
  switch (kind) {
    case "or":
      return 1;
    case "and":
    case "unless":
      return 2;
    case "==":
    case "!=":
    case "<":
    case "<=":
    case ">":
    case ">=":
    case "</":
    case ">/":
      return 3;
    case "+":
    case "-":
      return 4;
    case "*":
    case "/":
    case "%":
    case "atan2":
      return 5;
    case "^":
      return powerPrecedence;
    default:
      return 0;
  }
}

/** Reads expressions whose operators bind at least this tight. */
export type ExpressionParser = (p: ParserState, minPrecedence: number) => Expr;

/** Reads an operator, its modifiers and, by `parse`, the right side; only `^` binds to the right. */
export function parseBinary(p: ParserState, lhs: Expr, parse: ExpressionParser): BinaryExpr {
  const precedence = binaryPrecedence(kindOf(p));
  const op = kindOf(p) as BinaryOp; // The caller found a precedence for it.
  advance(p);
  const bool = kindOf(p) === "bool";
  if (bool) advance(p);
  const matching = parseMatching(p);
  const rhs = parse(p, op === "^" ? precedence : precedence + 1);
  const span = { start: lhs.span.start, end: rhs.span.end };
  if (
    !p.options.binopFillModifiers &&
    (matching.fillLeft !== undefined || matching.fillRight !== undefined)
  ) {
    note(p, span, "binop fill modifiers are experimental and not enabled");
  }
  return { kind: "binary", op, lhs, rhs, matching, bool, span };
}

function parseMatching(p: ParserState): VectorMatching {
  const kind = kindOf(p);
  let labels: readonly string[] = [];
  let include: readonly string[] = [];
  let card: Cardinality = "one-to-one";
  if (kind === "on" || kind === "ignoring") {
    advance(p);
    labels = parseLabels(p);
    const side = kindOf(p);
    if (side === "group_left" || side === "group_right") {
      card = side === "group_left" ? "many-to-one" : "one-to-many";
      advance(p);
      if (!startsRightSide(p) || kindOf(p) === "(") {
        include = parseLabels(p);
      }
    }
  }
  const on = kind === "on";
  if (p.recovering && !isFill(kindOf(p))) {
    recover(p, startsExpr); // What may be called fill from here on is a metric.
    return { card, labels, on, include, fillLeft: undefined, fillRight: undefined };
  }
  return { card, labels, on, include, ...parseFill(p) };
}

function parseLabels(p: ParserState): readonly string[] {
  const labels = parseGrouping(p);
  if (labels !== undefined) advance(p);
  return labels ?? [];
}

/** Whether the labels of group_left or group_right are left out. */
function startsRightSide(p: ParserState): boolean {
  return startsExpr(kindOf(p)) || isFill(kindOf(p));
}

function isFill(kind: TokenKind): boolean {
  return kind === "fill" || kind === "fill_left" || kind === "fill_right";
}

/** `fill(v)`, or `fill_left(v)` and `fill_right(v)` in any order, or nothing. */
function parseFill(p: ParserState): Pick<VectorMatching, "fillLeft" | "fillRight"> {
  let fillLeft: number | undefined;
  let fillRight: number | undefined;
  const first = kindOf(p);
  if (first === "fill") fillLeft = fillRight = parseFillValue(p);
  else if (first === "fill_left") {
    fillLeft = parseFillValue(p);
    if (kindOf(p) === "fill_right") fillRight = parseFillValue(p);
  } else if (first === "fill_right") {
    fillRight = parseFillValue(p);
    if (kindOf(p) === "fill_left") fillLeft = parseFillValue(p);
  }
  return { fillLeft, fillRight };
}

function parseFillValue(p: ParserState): number {
  advance(p);
  expectToken(p, "(");
  const sign = kindOf(p);
  if (sign === "+" || sign === "-") advance(p);
  if (kindOf(p) !== "number" && kindOf(p) !== "duration") unexpected(p);
  const value = tokenNumber(p) * (sign === "-" ? -1 : 1);
  advance(p);
  expectToken(p, ")");
  return value;
}
