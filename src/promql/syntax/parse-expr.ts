import { quoteGo } from "../../model/quote.ts";
import type { AggregateExpr, AggregateOp, Call, Expr, Span } from "./ast.ts";
import { functions, xFunctions } from "./functions.ts";
import { binaryPrecedence, parseBinary, powerPrecedence } from "./parse-binary.ts";
import { parseGrouping } from "./parse-grouping.ts";
import { isModifier, parseModifiers } from "./parse-modifiers.ts";
import { tokenNumber } from "./parse-number.ts";
import { parseVectorSelector, selectorOf } from "./parse-selector.ts";
import {
  advance,
  enter,
  kindOf,
  leave,
  note,
  type ParserState,
  raise,
  recover,
  spanOf,
  syntaxStop,
  tokenSpan,
  tokenText,
  unexpected,
} from "./parser-state.ts";
import { isAggregate, isCallWord, startsExpr, type TokenKind } from "./token.ts";
import { unquote } from "./unquote.ts";

/** Reads an expression whose operators bind at least as tight as `minPrecedence`. */
export function parseExpression(p: ParserState, minPrecedence: number): Expr {
  enter(p);
  const expr = parseOperators(p, parseOperand(p), minPrecedence);
  leave(p);
  return expr;
}

function parseOperators(p: ParserState, operand: Expr, minPrecedence: number): Expr {
  let lhs = operand;
  for (;;) {
    const precedence = binaryPrecedence(kindOf(p));
    if (precedence === 0 || precedence < minPrecedence) return lhs;
    const height = p.height;
    lhs = parseBinary(p, lhs, parseExpression);
    raise(p, Math.max(height, p.height));
  }
}

function parseOperand(p: ParserState): Expr {
  const kind = kindOf(p);
  if (kind === "+" || kind === "-") return parseUnary(p, kind);
  return parseModifiers(p, parsePrimary(p));
}

/** Signs bind like `*`, so that `-a ^ b` is `-(a ^ b)`; a sign before a literal becomes part of it. */
function parseUnary(p: ParserState, op: "+" | "-"): Expr {
  const { start } = tokenSpan(p);
  advance(p);
  const expr = parseExpression(p, powerPrecedence);
  const span = { start, end: expr.span.end };
  if (expr.kind === "number") return { ...expr, value: op === "-" ? -expr.value : expr.value, span };
  raise(p, p.height);
  return { kind: "unary", op, expr, span };
}

function parsePrimary(p: ParserState): Expr {
  const kind = kindOf(p);
  switch (kind) {
    case "number":
    case "duration":
      return parseLiteral(p, kind === "duration");
    case "string": {
      const expr: Expr = { kind: "string", value: unquote(tokenText(p)), span: tokenSpan(p) };
      advance(p);
      p.height = 1;
      return expr;
    }
    case "(":
      return parseParens(p);
    case "identifier":
      return parseNameOrCall(p);
    default:
      if (isAggregate(kind)) return parseNameOrAggregate(p, kind);
      return isCallWord(kind) ? parseNameOrCall(p) : parseVectorSelector(p);
  }
}

function parseLiteral(p: ParserState, duration: boolean): Expr {
  const expr: Expr = { kind: "number", value: tokenNumber(p), duration, span: tokenSpan(p) };
  advance(p);
  p.height = 1;
  return expr;
}

function parseParens(p: ParserState): Expr {
  const { start } = tokenSpan(p);
  advance(p);
  let expr = parseExpression(p, 0);
  while (p.recovering) {
    recover(p, continuesParens);
    if (kindOf(p) === ")") break;
    expr = parseOperators(p, parseModifiers(p, expr), 0);
  }
  if (kindOf(p) !== ")") unexpected(p);
  const span = { start, end: tokenSpan(p).end };
  advance(p);
  raise(p, p.height);
  return { kind: "paren", expr, span };
}

function continuesParens(kind: TokenKind): boolean {
  return kind === ")" || binaryPrecedence(kind) > 0 || isModifier(kind);
}

function endsArgument(kind: TokenKind): boolean {
  return kind === "," || kind === ")";
}

function beginsArguments(kind: TokenKind): boolean {
  return kind === "(";
}

function parseNameOrCall(p: ParserState): Expr {
  const { start, end } = p.lexer;
  const name = tokenText(p);
  advance(p);
  if (kindOf(p) === "(") return parseCall(p, name, start, end);
  if (kindOf(p) === "{") return parseBracesOf(p, name, start);
  return selectorOf(p, { name, matchers: [], start, end });
}

/** A selector whose name is read; `{` is in hand. */
function parseBracesOf(p: ParserState, name: string, start: number): Expr {
  const braces = parseVectorSelector(p);
  const selector = { ...braces, name, span: { start: p.source.byteAt(start), end: braces.span.end } };
  return { ...selector, matchers: [...braces.matchers, { type: "=", name: "__name__", value: name }] };
}

function parseCall(p: ParserState, name: string, start: number, nameEnd: number): Call {
  const args = parseArguments(p);
  // `)` is in hand; what is wrong with the call comes before what is wrong behind it.
  const nameSpan = spanOf(p, start, nameEnd);
  const signature = functions.get(name) ?? (p.options.xFunctions ? xFunctions.get(name) : undefined);
  if (signature === undefined) note(p, nameSpan, `unknown function with name ${quoteGo(name)}`);
  else if (signature.experimental && !p.options.experimentalFunctions) {
    note(p, nameSpan, `function ${quoteGo(name)} is not enabled`);
  }
  const span = { start: nameSpan.start, end: tokenSpan(p).end };
  advance(p);
  return { kind: "call", func: name, args, span };
}

/** Arguments in parentheses, `(` in hand; leaves `)` in hand. */
function parseArguments(p: ParserState): Expr[] {
  const args: Expr[] = [];
  let height = 0;
  advance(p);
  while (kindOf(p) !== ")") {
    if (args.length > 0) {
      if (kindOf(p) !== ",") unexpected(p);
      const comma = tokenSpan(p);
      advance(p);
      if (!startsExpr(kindOf(p))) {
        note(p, comma, "trailing commas not allowed in function call args");
        continue;
      }
    }
    args.push(parseExpression(p, 0));
    height = Math.max(height, p.height);
    recover(p, endsArgument);
  }
  raise(p, height);
  return args;
}

function parseNameOrAggregate(p: ParserState, op: AggregateOp): Expr {
  const { start, end } = p.lexer;
  const name = tokenText(p);
  advance(p);
  const kind = kindOf(p);
  if (kind === "(" || kind === "by" || kind === "without")
    return parseAggregate(p, op, p.source.byteAt(start));
  if (kind === "{") return parseBracesOf(p, name, start);
  return selectorOf(p, { name, matchers: [], start, end });
}

function parseAggregate(p: ParserState, op: AggregateOp, start: number): AggregateExpr {
  const { openAggregates, depth } = p;
  try {
    return parseWholeAggregate(p, op, start);
  } catch (reason) {
    if (reason !== syntaxStop || p.stopped !== "expression") throw reason;
    // Upstream goes on with an aggregation of nothing.
    p.stopped = "end";
    const span = { start, end: p.source.byteAt(p.lexer.lastClosing) };
    note(p, span, noArguments);
    Object.assign(p, { openAggregates, depth, height: 1, recovering: true });
    const nothing: Expr = { kind: "string", value: "", span };
    return { kind: "aggregate", op, expr: nothing, param: undefined, grouping: [], without: false, span };
  }
}

const noArguments = "no arguments for aggregate expression provided";

function parseWholeAggregate(p: ParserState, op: AggregateOp, start: number): AggregateExpr {
  p.openAggregates++;
  const before = parseAggregateModifier(p);
  if (before?.whole) advance(p);
  recover(p, beginsArguments);
  if (kindOf(p) !== "(") unexpected(p);
  const args = parseArguments(p);
  const { height } = p;
  let { end } = tokenSpan(p);
  const closed = p.lexer.end;
  if (before === undefined) advance(p);
  const after = before === undefined ? parseAggregateModifier(p) : undefined;
  if (after !== undefined) end = p.source.byteAt(p.lexer.lastClosing);
  else if (before === undefined) end = p.source.byteAt(closingBefore(p, closed));
  p.openAggregates--;
  const { grouping, without } = before ?? after ?? { grouping: [], without: false };
  const expr = aggregateOf(p, { op, args, grouping, without, span: { start, end } });
  // What is wrong with the aggregation comes before what is wrong behind its last parenthesis.
  if (before !== undefined || after?.whole) advance(p);
  p.height = height;
  return expr;
}

/** Where upstream takes the parenthesis to be that it had to read beyond: it looks back over spaces, but from `)` only. */
function closingBefore({ lexer, source }: ParserState, closed: number): number {
  if (lexer.kind !== ")") return lexer.lastClosing;
  const blank = lexer.start === closed || source.text.slice(closed, lexer.start).trim() === "";
  return blank ? closed : lexer.lastClosing;
}

interface AggregateModifier {
  readonly grouping: readonly string[];
  readonly without: boolean;
  /** Whether the labels' last parenthesis is there, and in hand. */
  readonly whole: boolean;
}

/** `by (…)` or `without (…)`, leaving `)` in hand; undefined where there is none. */
function parseAggregateModifier(p: ParserState): AggregateModifier | undefined {
  const kind = kindOf(p);
  if (kind !== "by" && kind !== "without") return undefined;
  advance(p);
  const grouping = parseGrouping(p);
  return { grouping: grouping ?? [], without: kind === "without", whole: grouping !== undefined };
}

const withParameter: ReadonlySet<AggregateOp> = new Set([
  "topk",
  "bottomk",
  "count_values",
  "quantile",
  "limitk",
  "limit_ratio",
]);

function aggregateOf(
  p: ParserState,
  parts: {
    readonly op: AggregateOp;
    readonly args: readonly Expr[];
    readonly grouping: readonly string[];
    readonly without: boolean;
    readonly span: Span;
  },
): AggregateExpr {
  const { op, args, grouping, without, span } = parts;
  const hasParameter = withParameter.has(op);
  const wanted = hasParameter ? 2 : 1;
  if (args.length === 0) note(p, span, noArguments);
  else if ((op === "limitk" || op === "limit_ratio") && !p.options.experimentalFunctions) {
    const flag = "--enable-feature=promql-experimental-functions";
    note(p, span, `${op}() is experimental and must be enabled with ${flag}`);
  } else if (args.length !== wanted) {
    const what = "wrong number of arguments for aggregate expression provided";
    note(p, span, `${what}, expected ${wanted}, got ${args.length}`);
  }
  const expr = args[wanted - 1] ?? { kind: "string", value: "", span };
  return { kind: "aggregate", op, expr, param: hasParameter ? args[0] : undefined, grouping, without, span };
}
