import { GatewayError } from "../../lib/errors.ts";
import type { Matcher } from "../../model/matcher.ts";
import type { Expr } from "./ast.ts";
import { check } from "./check.ts";
import { parseExpression } from "./parse-expr.ts";
import { parseVectorSelector } from "./parse-selector.ts";
import {
  advance,
  createParserState,
  type Diagnostic,
  kindOf,
  note,
  type ParserOptions,
  type ParserState,
  stopAtEnd,
  syntaxStop,
  unexpected,
} from "./parser-state.ts";
import { createSource, lineAndColumn } from "./source.ts";

export type { Diagnostic, ParserOptions } from "./parser-state.ts";

/** Bytes that a query may have. */
export const maxQueryBytes = 1 << 20;

/** The whole language, as upstream's conformance scripts use it. */
export const allFeatures: ParserOptions = {
  experimentalFunctions: true,
  extendedRangeSelectors: true,
  binopFillModifiers: true,
  durationExpr: true,
};

/** The language of a server without feature flags. */
export const stableFeatures: ParserOptions = {
  experimentalFunctions: false,
  extendedRangeSelectors: false,
  binopFillModifiers: false,
  durationExpr: true,
};

/** A query as read: an expression, or what is wrong with it, the first finding first. */
export type ParseResult =
  | { readonly expr: Expr; readonly diagnostics: readonly [] }
  | {
      readonly expr: undefined;
      readonly diagnostics: readonly [Diagnostic, ...Diagnostic[]];
      readonly message: string;
    };

/** Reads and checks a query. Bytes may be given where the text may be broken UTF-8. */
export function parseQuery(query: string | Uint8Array, options: ParserOptions): ParseResult {
  return read(query, options, (p) => {
    if (kindOf(p) === "eof") {
      note(p, { start: 0, end: 0 }, "no expression found in input");
      throw syntaxStop;
    }
    const expr = parseExpression(p, 0);
    if (p.recovering) stopAtEnd(p);
    if (kindOf(p) !== "eof") unexpected(p);
    if (p.diagnostics.length === 0) check(p, expr);
    return expr;
  });
}

/** Reads and checks a query. Throws GatewayError `bad_data` with Prometheus's text, `1:5: parse error: …`. */
export function parseExpr(query: string | Uint8Array, options: ParserOptions): Expr {
  const result = parseQuery(query, options);
  if (result.expr === undefined) throw new GatewayError("bad_data", result.message);
  return result.expr;
}

/** Matchers of a series selector, as in `match[]`; `{}` gives none. Throws GatewayError `bad_data` with Prometheus's text. */
export function parseMetricSelector(text: string): readonly Matcher[] {
  const result = read(text, stableFeatures, (p) => {
    const selector = parseVectorSelector(p);
    if (kindOf(p) !== "eof") unexpected(p);
    return selector;
  });
  if (result.expr?.kind !== "vector-selector") {
    throw new GatewayError("bad_data", result.expr === undefined ? result.message : "not a selector");
  }
  return result.expr.matchers;
}

function read(
  query: string | Uint8Array,
  options: ParserOptions,
  parse: (p: ParserState) => Expr,
): ParseResult {
  const source = createSource(query.length > maxQueryBytes ? "" : query);
  const p = createParserState(source, options);
  if (query.length > maxQueryBytes) return tooLong(query.length);
  let expr: Expr | undefined;
  try {
    advance(p);
    expr = parse(p);
  } catch (error) {
    if (error !== syntaxStop) throw error;
  }
  const [first, ...more] = p.diagnostics;
  if (first === undefined) {
    if (expr === undefined) throw new Error("reading stopped without a finding");
    return { expr, diagnostics: [] };
  }
  const message = `${lineAndColumn(source, first.start)}: parse error: ${first.message}`;
  return { expr: undefined, diagnostics: [first, ...more], message };
}

function tooLong(length: number): ParseResult {
  const message = `query is too long: ${length} characters, wants at most ${maxQueryBytes}`;
  const whole = { start: 0, end: length, message };
  return { expr: undefined, diagnostics: [whole], message: `1:1: parse error: ${message}` };
}
