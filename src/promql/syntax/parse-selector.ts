import { messageOf } from "../../lib/errors.ts";
import type { MatcherType } from "../../model/matcher.ts";
import { createMatcher } from "../../model/matches.ts";
import type { SelectorMatcher, VectorSelector } from "./ast.ts";
import {
  advance,
  kindOf,
  note,
  type ParserState,
  passOver,
  recover,
  spanOf,
  tokenSpan,
  tokenText,
  unexpected,
} from "./parser-state.ts";
import { isMetricName, type TokenKind } from "./token.ts";
import { unquote } from "./unquote.ts";

/** A selector: a name, matchers in braces, or both. The token in hand begins one. */
export function parseVectorSelector(p: ParserState): VectorSelector {
  const start = p.lexer.start;
  let { end } = p.lexer;
  let name = "";
  let matchers: SelectorMatcher[] = [];
  if (isMetricName(kindOf(p))) {
    name = tokenText(p);
    advance(p);
  } else if (kindOf(p) !== "{") unexpected(p);
  if (kindOf(p) === "{") {
    const braces = parseBraces(p);
    matchers = braces.matchers;
    end = braces.end;
  }
  return selectorOf(p, { name, matchers, start, end });
}

/** Makes the node; the name written before the braces is the last of the matchers. */
export function selectorOf(
  p: ParserState,
  parts: { readonly name: string; matchers: SelectorMatcher[]; readonly start: number; readonly end: number },
): VectorSelector {
  const { name, matchers, start, end } = parts;
  if (name !== "") matchers.push({ type: "=", name: "__name__", value: name });
  p.height = 1;
  return {
    kind: "vector-selector",
    name,
    matchers,
    anchored: false,
    smoothed: false,
    at: undefined,
    offsetMs: 0,
    offsetExpr: undefined,
    span: spanOf(p, start, end),
  };
}

function parseBraces(p: ParserState): { readonly matchers: SelectorMatcher[]; readonly end: number } {
  const matchers: SelectorMatcher[] = [];
  advance(p);
  for (let first = true; kindOf(p) !== "}"; first = false) {
    if (!first) {
      if (kindOf(p) !== ",") passOver(p, "label matching", '"," or "}"');
      recover(p, endsMatcher);
      if (kindOf(p) === "}") break;
      advance(p);
      if (kindOf(p) === "}") break;
    }
    const matcher = parseMatcher(p);
    if (matcher !== undefined) matchers.push(matcher);
    recover(p, endsMatcher);
  }
  const { end } = p.lexer;
  advance(p);
  return { matchers, end };
}

function endsMatcher(kind: TokenKind): boolean {
  return kind === "," || kind === "}";
}

/** Undefined where it is broken, which is noted. */
function parseMatcher(p: ParserState): SelectorMatcher | undefined {
  const kind = kindOf(p);
  const { start } = p.lexer;
  if (kind !== "identifier" && kind !== "string") return broken(p, 'identifier or "}"');
  const name = kind === "string" ? unquote(tokenText(p)) : tokenText(p);
  advance(p);
  const type = matcherType(kindOf(p));
  if (type === undefined) {
    if (kind === "identifier") return broken(p, "label matching operator");
    return { type: "=", name: "__name__", value: name };
  }
  advance(p);
  if (kindOf(p) !== "string") return broken(p, "string");
  const matcher: SelectorMatcher = { type, name, value: unquote(tokenText(p)) };
  if (type === "=~" || type === "!~") checkRegex(p, matcher, start);
  advance(p);
  return matcher;
}

function broken(p: ParserState, expected: string): undefined {
  passOver(p, "label matching", expected);
}

function matcherType(kind: TokenKind): MatcherType | undefined {
  return kind === "=" || kind === "!=" || kind === "=~" || kind === "!~" ? kind : undefined;
}

function checkRegex(p: ParserState, matcher: SelectorMatcher, start: number): void {
  try {
    p.regexes.set(matcher, createMatcher(matcher));
  } catch (error) {
    note(p, { start: p.source.byteAt(start), end: tokenSpan(p).end }, messageOf(error));
  }
}
