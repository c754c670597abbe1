import type { MatcherType } from "../../model/matcher.ts";

/** Byte offsets into the query text, `end` exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export type ValueType = "scalar" | "vector" | "matrix" | "string" | "none";

export type AggregateOp =
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
  | "quantile"
  | "count_values"
  | "limitk"
  | "limit_ratio";

export type ArithmeticOp = "+" | "-" | "*" | "/" | "%" | "^" | "atan2";
export type ComparisonOp = "==" | "!=" | ">" | "<" | ">=" | "<=";
export type TrimOp = "</" | ">/";
export type SetOp = "and" | "or" | "unless";
export type BinaryOp = ArithmeticOp | ComparisonOp | TrimOp | SetOp;

export type Expr =
  | NumberLiteral
  | StringLiteral
  | VectorSelector
  | MatrixSelector
  | SubqueryExpr
  | AggregateExpr
  | BinaryExpr
  | UnaryExpr
  | Call
  | ParenExpr;

export interface NumberLiteral {
  readonly kind: "number";
  readonly value: number;
  /** Written as a duration (`5m`), value in seconds. */
  readonly duration: boolean;
  readonly span: Span;
}

export interface StringLiteral {
  readonly kind: "string";
  readonly value: string;
  readonly span: Span;
}

export interface SelectorMatcher {
  readonly type: MatcherType;
  readonly name: string;
  readonly value: string;
}

/** Where `@` pins time: Unix ms, or the query's start or end. */
export type AtModifier =
  | { readonly kind: "time"; readonly ms: number }
  | { readonly kind: "start" }
  | { readonly kind: "end" };

/** Parts shared by what can be shifted in time. `offset` is set only where it was written and not zero. */
export interface TimeModifiers {
  readonly at: AtModifier | undefined;
  /** Literal offset, ms; 0 where none or where `offsetExpr` decides. */
  readonly offsetMs: number;
  /** A duration expression to evaluate at query start; replaces `offsetMs`. */
  readonly offsetExpr: DurationExpr | undefined;
}

export interface VectorSelector extends TimeModifiers {
  readonly kind: "vector-selector";
  /** Metric name written before the braces, "" where none. It is among `matchers` as `__name__` too. */
  readonly name: string;
  readonly matchers: readonly SelectorMatcher[];
  readonly anchored: boolean;
  readonly smoothed: boolean;
  readonly span: Span;
}

export interface MatrixSelector {
  readonly kind: "matrix-selector";
  readonly selector: VectorSelector;
  /** 0 where `rangeExpr` decides. */
  readonly rangeMs: number;
  readonly rangeExpr: DurationExpr | undefined;
  readonly span: Span;
}

export interface SubqueryExpr extends TimeModifiers {
  readonly kind: "subquery";
  readonly expr: Expr;
  readonly rangeMs: number;
  readonly rangeExpr: DurationExpr | undefined;
  /** 0 for the default step. */
  readonly stepMs: number;
  readonly stepExpr: DurationExpr | undefined;
  readonly span: Span;
}

export interface AggregateExpr {
  readonly kind: "aggregate";
  readonly op: AggregateOp;
  readonly expr: Expr;
  /** k of topk, φ of quantile, label of count_values. */
  readonly param: Expr | undefined;
  readonly grouping: readonly string[];
  readonly without: boolean;
  readonly span: Span;
}

export type Cardinality = "one-to-one" | "many-to-one" | "one-to-many" | "many-to-many";

export interface VectorMatching {
  readonly card: Cardinality;
  /** Labels of `on` or `ignoring`. */
  readonly labels: readonly string[];
  readonly on: boolean;
  /** Labels of `group_left` or `group_right`. */
  readonly include: readonly string[];
  readonly fillLeft: number | undefined;
  readonly fillRight: number | undefined;
}

export interface BinaryExpr {
  readonly kind: "binary";
  readonly op: BinaryOp;
  readonly lhs: Expr;
  readonly rhs: Expr;
  /** Set where both sides are vectors. */
  readonly matching: VectorMatching | undefined;
  readonly bool: boolean;
  readonly span: Span;
}

export interface UnaryExpr {
  readonly kind: "unary";
  readonly op: "+" | "-";
  readonly expr: Expr;
  readonly span: Span;
}

export interface Call {
  readonly kind: "call";
  readonly func: string;
  readonly args: readonly Expr[];
  readonly span: Span;
}

export interface ParenExpr {
  readonly kind: "paren";
  readonly expr: Expr;
  readonly span: Span;
}

/**
 * A duration computed at query start from the query's step and range; all values in seconds. `wrapped`: written in
 * parentheses; a number in parentheses is a wrapped unary `+`.
 */
export type DurationExpr =
  | {
      readonly kind: "duration-number";
      readonly seconds: number;
      readonly duration: boolean;
      readonly span: Span;
    }
  | { readonly kind: "duration-step"; readonly wrapped: boolean; readonly span: Span }
  | { readonly kind: "duration-range"; readonly wrapped: boolean; readonly span: Span }
  | {
      readonly kind: "duration-unary";
      readonly op: "+" | "-";
      readonly expr: DurationExpr;
      readonly wrapped: boolean;
      readonly span: Span;
    }
  | {
      readonly kind: "duration-binary";
      readonly op: "+" | "-" | "*" | "/" | "%" | "^" | "min_of" | "max_of";
      readonly lhs: DurationExpr;
      readonly rhs: DurationExpr;
      readonly wrapped: boolean;
      readonly span: Span;
    };
