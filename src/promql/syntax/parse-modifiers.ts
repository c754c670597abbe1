import type { AtModifier, DurationExpr, Expr, MatrixSelector, SubqueryExpr, VectorSelector } from "./ast.ts";
import { formatFixed } from "./format-number.ts";
import { literalMs, parseOffset, parsePositiveDuration } from "./parse-duration-expr.ts";
import { tokenNumber } from "./parse-number.ts";
import {
  advance,
  kindOf,
  note,
  type ParserState,
  passOver,
  raise,
  readPart,
  tokenSpan,
  unexpected,
} from "./parser-state.ts";
import type { TokenKind } from "./token.ts";

type Writable<T> = { -readonly [K in keyof T]: T[K] };

const noSelector: VectorSelector = {
  kind: "vector-selector",
  name: "",
  matchers: [],
  anchored: false,
  smoothed: false,
  at: undefined,
  offsetMs: 0,
  offsetExpr: undefined,
  span: { start: 0, end: 0 },
};

/** Whether the token begins what parseModifiers reads. */
export function isModifier(kind: TokenKind): boolean {
  return kind === "[" || kind === "offset" || kind === "@" || kind === "anchored" || kind === "smoothed";
}

/** Reads what may stand behind an expression: ranges, subqueries, `offset`, `@`, `anchored`, `smoothed`. */
export function parseModifiers(p: ParserState, operand: Expr): Expr {
  let expr = operand;
  for (;;) {
    const kind = kindOf(p);
    switch (kind) {
      case "[":
        expr = readPart(p, parseRange, expr);
        break;
      case "offset":
        readPart(p, parseOffsetOf, expr);
        break;
      case "@":
        parseAt(p, expr);
        break;
      case "anchored":
      case "smoothed":
        setExtended(p, expr, kind);
        advance(p);
        break;
      default:
        return expr;
    }
  }
}

function parseRange(p: ParserState, expr: Expr): Expr {
  const start = p.source.byteAt(p.lexer.start);
  advance(p);
  const range = parsePositiveDuration(p, {
    context: "subquery or range selector",
    expected: "number, duration, step(), or range()",
  });
  if (kindOf(p) === ":") return parseSubquery(p, expr, range);
  if (kindOf(p) !== "]") unexpected(p, "subquery or range", '":" or "]"');
  const { end } = tokenSpan(p);
  const problem = rangeProblem(expr);
  if (problem !== undefined) note(p, { start, end }, problem);
  const matrix: MatrixSelector = {
    kind: "matrix-selector",
    selector: expr.kind === "vector-selector" ? expr : noSelector,
    ...rangeParts(range),
    span: { start: expr.span.start, end },
  };
  advance(p);
  p.height = 1;
  return matrix;
}

function rangeProblem(expr: Expr): string | undefined {
  if (expr.kind !== "vector-selector") return "ranges only allowed for vector selectors";
  if (expr.offsetMs !== 0 || expr.offsetExpr !== undefined) return "no offset modifiers allowed before range";
  return expr.at !== undefined ? "no @ modifiers allowed before range" : undefined;
}

function rangeParts(range: DurationExpr): Pick<MatrixSelector, "rangeMs" | "rangeExpr"> {
  if (range.kind !== "duration-number") return { rangeMs: 0, rangeExpr: range };
  return { rangeMs: literalMs(range.seconds), rangeExpr: undefined };
}

function parseSubquery(p: ParserState, expr: Expr, range: DurationExpr): SubqueryExpr {
  advance(p);
  let step: DurationExpr | undefined;
  if (kindOf(p) !== "]") {
    step = parsePositiveDuration(p, {
      context: "subquery selector",
      expected: 'number, duration, step(), range(), or "]"',
    });
    if (kindOf(p) !== "]") unexpected(p, "subquery selector", '"]"');
  }
  const { end } = tokenSpan(p);
  advance(p);
  raise(p, p.height);
  return {
    kind: "subquery",
    expr,
    ...rangeParts(range),
    stepMs: step?.kind === "duration-number" ? literalMs(step.seconds) : 0,
    stepExpr: step?.kind === "duration-number" ? undefined : step,
    at: undefined,
    offsetMs: 0,
    offsetExpr: undefined,
    span: { start: expr.span.start, end },
  };
}

/** The node that carries time modifiers for `expr`; notes what is wrong where there is none. */
function timeTarget(
  p: ParserState,
  expr: Expr,
  modifier: "offset" | "@",
): Writable<VectorSelector> | Writable<SubqueryExpr> | undefined {
  // Nodes are still being built here: nobody else has seen them.
  switch (expr.kind) {
    case "vector-selector":
    case "subquery":
      return expr;
    case "matrix-selector":
      if (expr.selector !== noSelector) return expr.selector;
      note(p, expr.span, "ranges only allowed for vector selectors");
      return undefined;
    default: {
      const wanted = "must be preceded by an instant vector selector or range vector selector or a subquery";
      note(p, expr.span, `${modifier} modifier ${wanted}`);
      return undefined;
    }
  }
}

function extendSpan(expr: Writable<Expr>, end: number): void {
  expr.span = { start: expr.span.start, end };
}

function parseOffsetOf(p: ParserState, expr: Expr): Expr {
  advance(p);
  parseOffset(p, (offset, end) => setOffset(p, expr, offset, end));
  return expr;
}

function setOffset(p: ParserState, expr: Expr, offset: DurationExpr, end: number): void {
  const target = timeTarget(p, expr, "offset");
  if (target === undefined) return;
  if (target.offsetMs !== 0 || target.offsetExpr !== undefined) {
    note(p, expr.span, "offset may not be set multiple times");
  }
  if (offset.kind === "duration-number") target.offsetMs = literalMs(offset.seconds);
  else target.offsetExpr = offset;
  extendSpan(expr, end);
}

function parseAt(p: ParserState, expr: Expr): void {
  advance(p);
  const at = readTimestamp(p, expr);
  if (at === undefined) {
    passOver(p, "@", "timestamp");
    return;
  }
  setAt(p, expr, at);
  advance(p);
}

/** The modifier's last token stays in hand; undefined where the one in hand does not belong there. */
function readTimestamp(p: ParserState, expr: Expr): AtModifier | undefined {
  const kind = kindOf(p);
  if (kind === "start" || kind === "end") {
    advance(p);
    if (kindOf(p) !== "(") return undefined;
    advance(p);
    return kindOf(p) === ")" ? { kind } : undefined;
  }
  if (kind === "-" || kind === "+") advance(p);
  if (kindOf(p) !== "number" && kindOf(p) !== "duration") return undefined;
  const seconds = tokenNumber(p) * (kind === "-" ? -1 : 1);
  if (!(Math.abs(seconds) < 2 ** 63)) {
    note(p, expr.span, `timestamp out of bounds for @ modifier: ${formatFixed(seconds, 6)}`);
  }
  return { kind: "time", ms: wholeMs(seconds) };
}

/** Rounded half away from zero; what 64 bits cannot hold becomes their smallest number, as Go has it. */
function wholeMs(seconds: number): number {
  const ms = Math.sign(seconds) * Math.round(Math.abs(seconds) * 1000);
  return Math.abs(ms) < 2 ** 63 ? ms : -(2 ** 63);
}

/** The token in hand is the modifier's last. */
function setAt(p: ParserState, expr: Expr, at: AtModifier): void {
  const target = timeTarget(p, expr, "@");
  if (target === undefined) return;
  if (target.at !== undefined) {
    note(p, expr.span, "@ <timestamp> may not be set multiple times");
    return;
  }
  target.at = at;
  extendSpan(expr, tokenSpan(p).end);
}

function setExtended(p: ParserState, expr: Expr, modifier: "anchored" | "smoothed"): void {
  if (!p.options.extendedRangeSelectors) {
    note(p, expr.span, `${modifier} modifier is experimental and not enabled`);
    return;
  }
  const target = expr.kind === "matrix-selector" ? expr.selector : expr;
  if (target === noSelector) return;
  if (target.kind === "vector-selector") {
    const selector: Writable<VectorSelector> = target;
    selector[modifier] = true;
    if (selector.anchored && selector.smoothed) {
      note(p, expr.span, "anchored and smoothed modifiers cannot be used together");
    }
  } else if (target.kind === "subquery") {
    note(p, expr.span, `${modifier} modifier is not supported for subqueries`);
  } else note(p, expr.span, `${modifier} modifier not implemented`);
}
