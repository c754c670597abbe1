import type { DurationExpr, Span } from "./ast.ts";
import { tokenNumber } from "./parse-number.ts";
import {
  advance,
  enter,
  expectToken,
  kindOf,
  leave,
  note,
  type ParserState,
  tokenSpan,
  unexpected,
} from "./parser-state.ts";
import type { TokenKind } from "./token.ts";

const maxSeconds = 2 ** 63 / 1e9;

/** Where a duration expression stands: its name and what belongs there, for messages. */
export interface DurationPlace {
  readonly context: string;
  readonly expected: string;
}

const offsetPlace: DurationPlace = { context: "offset", expected: "number, duration, step(), or range()" };

/** What stands for a literal that was refused; upstream gives it no place of its own. */
const nothing: DurationExpr = {
  kind: "duration-number",
  seconds: 0,
  duration: false,
  span: { start: 0, end: 0 },
};

/** A duration in brackets: any expression; a literal must be greater than 0. */
export function parsePositiveDuration(p: ParserState, place: DurationPlace): DurationExpr {
  const expr = parseDurationExpr(p, place, 0);
  if (expr.kind !== "duration-number" || expr.seconds > 0) return expr;
  note(p, expr.span, "duration must be greater than 0");
  return nothing;
}

/**
 * What follows `offset`: a literal, step(), range(), min_of(), max_of() or something in parentheses with a sign are the whole
 * of it, so that `foo offset -2^2` is `(foo offset -2) ^ 2`. Parentheses without a sign, and a second sign, begin a whole
 * expression. `apply` is told the offset and the byte where it ends, before the token behind it is read where that can be:
 * its problems come first. A whole expression ends for upstream where the last bracket or number does that it had read by then.
 */
export function parseOffset(p: ParserState, apply: (offset: DurationExpr, end: number) => void): void {
  const kind = kindOf(p);
  const sign = tokenSpan(p);
  const signed = kind === "+" || kind === "-";
  if (signed) advance(p);
  const next = kindOf(p);
  if (signed ? next === "+" || next === "-" : next === "(") {
    const offset = signed ? twiceSigned(p, kind, sign) : parseDurationExpr(p, offsetPlace, 0);
    apply(offset, p.source.byteAt(p.lexer.lastClosing));
  } else {
    const offset = signed ? signedOffset(p, kind, sign) : closedDuration(p, offsetPlace);
    apply(offset, tokenSpan(p).end);
    advance(p);
  }
}

function signedOffset(p: ParserState, op: "+" | "-", sign: Span): DurationExpr {
  if (isLiteral(kindOf(p))) return withSign(p, op, sign, literal(p, false));
  if (kindOf(p) === "(") return withSign(p, op, sign, parenthesized(p, offsetPlace));
  const expr = closedDuration(p, offsetPlace);
  return {
    kind: "duration-unary",
    op,
    expr,
    wrapped: false,
    span: { start: sign.start, end: expr.span.end },
  };
}

function twiceSigned(p: ParserState, op: "+" | "-", sign: Span): DurationExpr {
  const lhs = withSign(p, op, sign, parseDurationExpr(p, offsetPlace, unaryPrecedence));
  return durationTail(p, { place: offsetPlace, minPrecedence: 0, lhs });
}

function isLiteral(kind: TokenKind): boolean {
  return kind === "number" || kind === "duration";
}

const unaryPrecedence = 3;

function precedenceOf(kind: string): number {
  switch (kind) {
    case "+":
    case "-":
      return 1;
    case "*":
    case "/":
    case "%":
      return 2;
    case "^":
      return 3;
    default:
      return 0;
  }
}

function parseDurationExpr(p: ParserState, place: DurationPlace, minPrecedence: number): DurationExpr {
  enter(p);
  const lhs = durationOperand(p, place);
  const expr = durationTail(p, { place, minPrecedence, lhs });
  leave(p);
  return expr;
}

function durationTail(
  p: ParserState,
  from: { readonly place: DurationPlace; readonly minPrecedence: number; readonly lhs: DurationExpr },
): DurationExpr {
  let { lhs } = from;
  for (let levels = 0; ; levels++) {
    const op = kindOf(p);
    const precedence = precedenceOf(op);
    if (precedence === 0 || precedence < from.minPrecedence) {
      p.depth -= levels;
      return lhs;
    }
    enter(p); // A chain makes a tall tree, too.
    const opSpan = tokenSpan(p);
    advance(p);
    const rhs = parseDurationExpr(p, from.place, op === "^" ? precedence : precedence + 1);
    lhs = binary(p, { op: op as "+" | "-" | "*" | "/" | "%" | "^", opSpan, lhs, rhs });
  }
}

function binary(
  p: ParserState,
  parts: {
    readonly op: "+" | "-" | "*" | "/" | "%" | "^";
    readonly opSpan: Span;
    readonly lhs: DurationExpr;
    readonly rhs: DurationExpr;
  },
): DurationExpr {
  const { op, lhs, rhs } = parts;
  wantDurationExpr(p, lhs.span);
  if ((op === "/" || op === "%") && rhs.kind === "duration-number" && rhs.seconds === 0) {
    note(p, parts.opSpan, op === "/" ? "division by zero" : "modulo by zero");
    return nothing;
  }
  const span = { start: lhs.span.start, end: rhs.span.end };
  return { kind: "duration-binary", op, lhs, rhs, wrapped: false, span };
}

function durationOperand(p: ParserState, place: DurationPlace): DurationExpr {
  const kind = kindOf(p);
  if (kind === "+" || kind === "-") {
    const sign = tokenSpan(p);
    advance(p);
    return withSign(p, kind, sign, parseDurationExpr(p, place, unaryPrecedence));
  }
  const expr = closedDuration(p, place);
  advance(p);
  return expr;
}

/** What needs nothing behind it to be whole; leaves its last token in hand. */
function closedDuration(p: ParserState, place: DurationPlace): DurationExpr {
  const kind = kindOf(p);
  if (isLiteral(kind)) return literal(p, true);
  if (kind === "(") return parenthesized(p, place);
  return durationCall(p, place) ?? unexpected(p, place.context, place.expected);
}

/** The literal in hand, which stays there. */
function literal(p: ParserState, checked: boolean): DurationExpr {
  const span = tokenSpan(p);
  const duration = kindOf(p) === "duration";
  const seconds = tokenNumber(p);
  const outOfRange = checked && isOutOfRange(seconds);
  if (outOfRange) note(p, span, "duration out of range");
  return outOfRange ? nothing : { kind: "duration-number", seconds, duration, span };
}

function isOutOfRange(seconds: number): boolean {
  return seconds > maxSeconds || seconds < -maxSeconds;
}

/** Literals take the sign in; `+` before anything else says nothing. */
function withSign(p: ParserState, op: "+" | "-", sign: Span, expr: DurationExpr): DurationExpr {
  if (expr.kind !== "duration-number") {
    if (op === "+") return expr;
    return {
      kind: "duration-unary",
      op,
      expr,
      wrapped: false,
      span: { start: sign.start, end: expr.span.end },
    };
  }
  const seconds = op === "-" ? -expr.seconds : expr.seconds;
  if (isOutOfRange(seconds)) {
    note(p, sign, "duration out of range");
    return nothing;
  }
  return { ...expr, seconds, span: { start: sign.start, end: expr.span.end } };
}

/** Leaves `)` in hand. */
function parenthesized(p: ParserState, place: DurationPlace): DurationExpr {
  const { start } = tokenSpan(p);
  advance(p);
  const inner = parseDurationExpr(p, place, 0);
  if (kindOf(p) !== ")") unexpected(p, place.context, place.expected);
  wantDurationExpr(p, inner.span);
  return wrapped(inner, start);
}

/** The expression in parentheses; a number's place begins at `start`, everything else keeps its own. */
function wrapped(expr: DurationExpr, start: number): DurationExpr {
  if (expr.kind !== "duration-number") return { ...expr, wrapped: true };
  return { kind: "duration-unary", op: "+", expr, wrapped: true, span: { start, end: expr.span.end } };
}

/** step(), range(), min_of(…) or max_of(…), leaving `)` in hand; undefined where none begins here. */
function durationCall(p: ParserState, place: DurationPlace): DurationExpr | undefined {
  const kind = kindOf(p);
  const start = tokenSpan(p).start;
  const wrong = [place.context, place.expected] as const;
  if (kind === "step" || kind === "range") {
    advance(p);
    expectToken(p, "(", ...wrong);
    if (kindOf(p) !== ")") unexpected(p, ...wrong);
    const span = { start, end: tokenSpan(p).end };
    wantDurationExpr(p, span);
    return { kind: kind === "step" ? "duration-step" : "duration-range", wrapped: false, span };
  }
  if (kind !== "min_of" && kind !== "max_of") return undefined;
  advance(p);
  expectToken(p, "(", ...wrong);
  const lhs = parseDurationExpr(p, place, 0);
  expectToken(p, ",", ...wrong);
  const rhs = parseDurationExpr(p, place, 0);
  if (kindOf(p) !== ")") unexpected(p, ...wrong);
  // Upstream takes the place of the arguments for that of the whole.
  const span = { start: lhs.span.start, end: rhs.span.end };
  wantDurationExpr(p, span);
  return { kind: "duration-binary", op: kind, lhs, rhs, wrapped: false, span };
}

function wantDurationExpr(p: ParserState, span: Span): void {
  if (!p.options.durationExpr) note(p, span, "experimental duration expression is not enabled");
}

/**
 * Milliseconds of a literal, as upstream rounds: to nanoseconds, then down towards zero. What is no number becomes Go's
 * smallest one.
 */
export function literalMs(seconds: number): number {
  if (Number.isNaN(seconds)) return -9_223_372_036_854;
  const ns = Math.sign(seconds) * Math.round(Math.abs(seconds) * 1e9);
  return Math.trunc(ns / 1e6);
}
