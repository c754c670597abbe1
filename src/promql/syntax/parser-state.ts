import type { CompiledMatcher } from "../../model/matches.ts";
import type { SelectorMatcher, Span } from "./ast.ts";
import { createLexer, type Lexer } from "./lexer.ts";
import type { Source } from "./source.ts";
import { describeToken, type TokenKind } from "./token.ts";

/** Parts of the language that are off unless asked for. */
export interface ParserOptions {
  readonly experimentalFunctions: boolean;
  readonly extendedRangeSelectors: boolean;
  readonly binopFillModifiers: boolean;
  readonly durationExpr: boolean;
  /** xrate, xincrease and xdelta. */
  readonly xFunctions?: boolean;
}

/** One finding about a query, with the bytes that it is about. */
export interface Diagnostic {
  readonly start: number;
  readonly end: number;
  readonly message: string;
}

/** What the parts of the parser share while one query is read. */
export interface ParserState {
  readonly source: Source;
  readonly lexer: Lexer;
  readonly options: ParserOptions;
  readonly diagnostics: Diagnostic[];
  /** Aggregations that are begun and not ended: they name themselves in messages. */
  openAggregates: number;
  /** Where reading stopped: in an expression, in something that may be left out, or for good. */
  stopped: "expression" | "part" | "end";
  /** Whether no token was passed since reading went on behind an error. */
  recovering: boolean;
  /** How deep the reading is nested. */
  depth: number;
  /** How high the tree of the expression read last is. */
  height: number;
  /** Where the token before the one in hand ends, in units. */
  passed: number;
  /** Tokens read so far. */
  tokens: number;
  /** Regular expressions that were compiled to see whether they can be. */
  readonly regexes: Map<SelectorMatcher, CompiledMatcher>;
}

/** Levels that parentheses, calls and signs may be nested; each takes several calls of the parser's functions. */
export const maxNesting = 500;

/** Levels that a tree may have, a chain of operators being one for each; trees are walked by recursion everywhere. */
export const maxHeight = 1000;

/** Tokens that a query may have: more than any person or template writes, and few enough to be read in a moment. */
export const maxTokens = 1 << 15;

/** Thrown once a diagnostic is noted that reading cannot go on from. */
export const syntaxStop = new Error("reading stopped at a syntax error");

export function createParserState(source: Source, options: ParserOptions): ParserState {
  const lexer = createLexer(source.text);
  const p: ParserState = {
    source,
    lexer,
    options,
    diagnostics: [],
    openAggregates: 0,
    stopped: "end",
    recovering: false,
    depth: 0,
    height: 0,
    passed: 0,
    tokens: 0,
    regexes: new Map(),
  };
  return p;
}

/** Goes to the next token, noting a lexer's error. */
export function advance(p: ParserState): void {
  p.recovering = false;
  p.passed = p.lexer.end;
  p.lexer.next();
  if (++p.tokens > maxTokens) {
    stop(p, `query has too many parts, wants at most ${maxTokens} names, values, operators and the like`);
  }
  if (p.lexer.kind === "error") note(p, tokenSpan(p), p.lexer.problem);
}

/** Kind of the token in hand; a call, so that the compiler does not take it for the one of before. */
export function kindOf(p: ParserState): TokenKind {
  return p.lexer.kind;
}

/** Bytes of the token in hand. */
export function tokenSpan(p: ParserState): Span {
  return spanOf(p, p.lexer.start, p.lexer.end);
}

/** Bytes of the text from unit `start` to unit `end`. */
export function spanOf(p: ParserState, start: number, end: number): Span {
  return { start: p.source.byteAt(start), end: p.source.byteAt(end) };
}

/** Text of the token in hand. */
export function tokenText(p: ParserState): string {
  return p.source.text.slice(p.lexer.start, p.lexer.end);
}

/** Adds a finding; reading goes on. */
export function note(p: ParserState, span: Span, message: string): void {
  p.diagnostics.push({ start: span.start, end: span.end, message });
}

/** Stops the reading: the token in hand does not belong here. `readPart` and aggregations may go on. */
export function unexpected(p: ParserState, context = "", expected = ""): never {
  noteUnexpected(p, context, expected);
  p.stopped = context === "" ? "expression" : "part";
  if (context === "" && p.openAggregates === 0) stopAtEnd(p);
  throw syntaxStop;
}

/** Notes that the token in hand does not belong here; reading goes on, and may go over it. */
export function passOver(p: ParserState, context: string, expected: string): void {
  noteUnexpected(p, context, expected);
  if (isEnd(p)) stopAtEnd(p);
  p.recovering = true;
}

/** A lexer's error is not reported twice. */
function noteUnexpected(p: ParserState, context: string, expected: string): void {
  if (p.lexer.kind === "error") return;
  const place = context !== "" ? context : p.openAggregates > 0 ? "aggregation" : "";
  const found = `unexpected ${describeToken(p.lexer.kind, tokenText(p))}`;
  note(p, tokenSpan(p), `${found}${place && ` in ${place}`}${expected && `, expected ${expected}`}`);
}

/** Reads something that may be left out: where it is broken, `fallback` stands for it and reading goes on. */
export function readPart<T>(p: ParserState, read: (p: ParserState, fallback: T) => T, fallback: T): T {
  const { depth } = p;
  try {
    return read(p, fallback);
  } catch (reason) {
    if (reason !== syntaxStop || p.stopped !== "part") throw reason;
    if (isEnd(p)) stopAtEnd(p);
    p.depth = depth;
    p.recovering = true;
    return fallback;
  }
}

/** Ends the reading as upstream does: over what is left of the text, where only the lexer has more to say. */
export function stopAtEnd(p: ParserState): never {
  while (!isEnd(p)) advance(p);
  p.stopped = "end";
  throw syntaxStop;
}

/** Whether there are no more tokens. */
export function isEnd(p: ParserState): boolean {
  return p.lexer.kind === "error" || p.lexer.kind === "eof";
}

/** Goes over tokens behind an error until one that is wanted. */
export function recover(p: ParserState, wanted: (kind: TokenKind) => boolean): void {
  while (p.recovering && !wanted(p.lexer.kind)) {
    if (isEnd(p)) stopAtEnd(p);
    advance(p);
    p.recovering = true;
  }
}

/** Passes the token `kind`, or ends the reading. */
export function expectToken(p: ParserState, kind: TokenKind, context = "", expected = ""): void {
  if (p.lexer.kind !== kind) unexpected(p, context, expected);
  advance(p);
}

/** Counts one level down; pair it with `leave`. */
export function enter(p: ParserState): void {
  if (++p.depth > maxNesting) tooDeep(p, maxNesting);
}

export function leave(p: ParserState): void {
  p.depth--;
}

/** Notes that the expression read last stands on parts of `height` levels. */
export function raise(p: ParserState, height: number): void {
  p.height = height + 1;
  if (p.height > maxHeight) tooDeep(p, maxHeight);
}

function tooDeep(p: ParserState, levels: number): never {
  stop(p, `expression nests too deeply, wants at most ${levels} levels`);
}

function stop(p: ParserState, message: string): never {
  note(p, tokenSpan(p), message);
  p.stopped = "end";
  throw syntaxStop;
}
