import { quoteGo } from "../../model/quote.ts";

/** What a token is. Keywords, operators and punctuation are called by their lower-case text. */
export type TokenKind =
  | "eof"
  | "error"
  | "identifier"
  | "metric-identifier"
  | "string"
  | "number"
  | "duration"
  | Punctuation
  | OperatorToken
  | AggregateToken
  | KeywordToken
  | CallToken;

type Punctuation = "(" | ")" | "{" | "}" | "[" | "]" | "," | "=" | ":";

type OperatorToken =
  | "+"
  | "-"
  | "*"
  | "/"
  | "%"
  | "^"
  | "=="
  | "!="
  | "<="
  | "<"
  | ">="
  | ">"
  | "</"
  | ">/"
  | "=~"
  | "!~"
  | "@"
  | "and"
  | "or"
  | "unless"
  | "atan2";

type AggregateToken =
  | "sum"
  | "avg"
  | "count"
  | "min"
  | "max"
  | "group"
  | "stddev"
  | "stdvar"
  | "topk"
  | "bottomk"
  | "count_values"
  | "quantile"
  | "limitk"
  | "limit_ratio";

type KeywordToken =
  | "offset"
  | "smoothed"
  | "anchored"
  | "by"
  | "without"
  | "on"
  | "ignoring"
  | "group_left"
  | "group_right"
  | "fill"
  | "fill_left"
  | "fill_right"
  | "bool";

type CallToken = "start" | "end" | "step" | "range" | "max_of" | "min_of";

const operatorWords = ["and", "or", "unless", "atan2"] as const;

const aggregateWords: readonly AggregateToken[] = [
  "sum",
  "avg",
  "count",
  "min",
  "max",
  "group",
  "stddev",
  "stdvar",
  "topk",
  "bottomk",
  "count_values",
  "quantile",
  "limitk",
  "limit_ratio",
];

const keywordWords: readonly KeywordToken[] = [
  "offset",
  "smoothed",
  "anchored",
  "by",
  "without",
  "on",
  "ignoring",
  "group_left",
  "group_right",
  "fill",
  "fill_left",
  "fill_right",
  "bool",
];

const callWords: readonly CallToken[] = ["start", "end", "step", "range", "max_of", "min_of"];

/** Words with a meaning of their own, in lower case; written in any case. */
export const keywords: ReadonlyMap<string, TokenKind> = new Map<string, TokenKind>([
  ...[...operatorWords, ...aggregateWords, ...keywordWords, ...callWords].map(
    (word) => [word, word] as const,
  ),
  ["inf", "number"],
  ["nan", "number"],
]);

const aggregates: ReadonlySet<string> = new Set(aggregateWords);
const keywordTokens: ReadonlySet<string> = new Set(keywordWords);
const callTokens: ReadonlySet<string> = new Set(callWords);

/** Whether the token names an aggregation. */
export function isAggregate(kind: TokenKind): kind is AggregateToken {
  return aggregates.has(kind);
}

/** Whether the token is a keyword that may be called like a function. */
export function isCallWord(kind: TokenKind): kind is CallToken {
  return callTokens.has(kind);
}

const neverMetrics: ReadonlySet<string> = new Set(["bool", "on", "ignoring", "group_left", "group_right"]);

/** Whether the token can stand as a metric's name. */
export function isMetricName(kind: TokenKind): boolean {
  if (kind === "identifier" || kind === "metric-identifier") return true;
  if (kind === "and" || kind === "or" || kind === "unless") return true;
  return aggregates.has(kind) || callTokens.has(kind) || (keywordTokens.has(kind) && !neverMetrics.has(kind));
}

/** Whether the token can stand as a label's name in a list in parentheses. */
export function isLabelName(kind: TokenKind): boolean {
  if (kind === "without") return false; // As upstream's grammar has it.
  return isMetricName(kind) || neverMetrics.has(kind) || kind === "atan2";
}

/** Whether an expression can begin with the token. */
export function startsExpr(kind: TokenKind): boolean {
  switch (kind) {
    case "number":
    case "duration":
    case "string":
    case "(":
    case "{":
    case "+":
    case "-":
      return true;
    default:
      return isMetricName(kind);
  }
}

/** How messages name a token: `identifier "x"`, `<op:+>`, `<by>`, `")"`. */
export function describeToken(kind: TokenKind, text: string): string {
  switch (kind) {
    case "eof":
      return "end of input";
    case "error":
      return text;
    case "identifier":
      return `identifier ${quoteGo(text)}`;
    case "metric-identifier":
      return `metric identifier ${quoteGo(text)}`;
    case "string":
    case "number":
    case "duration":
      return `${kind} ${quoteStart(text)}`;
    default:
      if (keywordTokens.has(kind)) return `<${text}>`;
      if (aggregates.has(kind)) return `<aggr:${text}>`;
      if (callTokens.has(kind) || "(){}[],=:".includes(kind)) return quoteStart(text);
      return `<op:${text}>`;
  }
}

/** At most ten characters, quoted; longer texts by their bytes end in dots. */
function quoteStart(text: string): string {
  if (new TextEncoder().encode(text.slice(0, 11)).length <= 10 && text.length <= 10) return quoteGo(text);
  return `${quoteGo([...text.slice(0, 20)].slice(0, 10).join(""))}...`;
}
