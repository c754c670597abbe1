import type { Matcher } from "../../model/matcher.ts";
import type { Projection } from "../../store/samples.ts";
import type { AggregateOp, BinaryOp, Span, ValueType, VectorMatching } from "../syntax/ast.ts";

/**
 * A query with every time, duration and `@` resolved; what operators are built from. Nodes are values. Their spans say
 * what of the text they stand for, parentheses left out; annotations tell them.
 */
export type PlanNode =
  | { readonly kind: "number"; readonly value: number; readonly span: Span }
  | { readonly kind: "string"; readonly value: string; readonly span: Span }
  | SelectorNode
  | MatrixNode
  | SubqueryNode
  /** Does not depend on the step: evaluated once and repeated. */
  | { readonly kind: "invariant"; readonly expr: PlanNode }
  /** Worked out once for all places with the same key. */
  | { readonly kind: "shared"; readonly key: string; readonly expr: PlanNode }
  /** A vector without series. */
  | { readonly kind: "empty"; readonly span: Span }
  | AggregateNode
  | BinaryNode
  | { readonly kind: "negate"; readonly expr: PlanNode; readonly span: Span }
  | CallNode;

/** Where a selector or subquery looks: at `atMs` or, where undefined, at the step; `offsetMs` earlier. */
interface Placed {
  readonly atMs: number | undefined;
  readonly offsetMs: number;
}

export interface SelectorNode extends Placed {
  readonly kind: "selector";
  readonly span: Span;
  readonly matchers: readonly Matcher[];
  /** Which labels are looked at; `undefined` for all. */
  readonly projection: Projection | undefined;
  /** The nearest function or aggregation around it, for the select request. */
  readonly func: string;
  /** Whether of native histograms nothing but counts and sums is looked at. */
  readonly statsOnly: boolean;
  /** How it makes up values at the edges of its range. */
  readonly extension: "anchored" | "smoothed" | undefined;
  /** With the plus before it, where one is: no bare selector to `timestamp` and `absent`, which ask those for more. */
  readonly signed?: Span;
}

export interface MatrixNode {
  readonly kind: "matrix";
  readonly span: Span;
  readonly selector: SelectorNode;
  readonly rangeMs: number;
}

export interface SubqueryNode extends Placed {
  readonly kind: "subquery";
  readonly span: Span;
  readonly expr: PlanNode;
  readonly rangeMs: number;
  readonly stepMs: number;
  /** Whether selectors inside may begin to read at the first inner step. */
  readonly trimmed: boolean;
}

export interface AggregateNode {
  readonly kind: "aggregate";
  readonly span: Span;
  readonly op: AggregateOp;
  readonly expr: PlanNode;
  readonly param: PlanNode | undefined;
  readonly grouping: readonly string[];
  readonly without: boolean;
}

export interface BinaryNode {
  readonly kind: "binary";
  readonly span: Span;
  readonly op: BinaryOp;
  readonly lhs: PlanNode;
  readonly rhs: PlanNode;
  readonly matching: VectorMatching | undefined;
  readonly bool: boolean;
}

export interface CallNode {
  readonly kind: "call";
  readonly span: Span;
  readonly func: string;
  readonly args: readonly PlanNode[];
  /** Set while operators are built: who reads the histograms does not tell an empty bucket from none. */
  readonly mayKeepEmptyBuckets?: true;
}

/** Functions whose value is a scalar; all others answer instant vectors. */
const scalarFunctions: ReadonlySet<string> = new Set([
  "time",
  "pi",
  "scalar",
  "start",
  "end",
  "range",
  "step",
  "min_of",
  "max_of",
]);

/** The type of a plan's value. */
export function valueTypeOf(node: PlanNode): Exclude<ValueType, "none"> {
  switch (node.kind) {
    case "number":
      return "scalar";
    case "string":
      return "string";
    case "selector":
    case "aggregate":
    case "empty":
      return "vector";
    case "matrix":
    case "subquery":
      return "matrix";
    case "invariant":
    case "shared":
    case "negate":
      return valueTypeOf(node.expr);
    case "binary":
      return typeOfBinary(node);
    case "call":
      return scalarFunctions.has(node.func) ? "scalar" : "vector";
  }
}

/** Types of binary nodes that were asked for: each level of a chain asks, and asking all the way down each time adds up. */
const binaryTypes = new WeakMap<PlanNode, "scalar" | "vector">();

function typeOfBinary(node: Extract<PlanNode, { readonly kind: "binary" }>): "scalar" | "vector" {
  let type = binaryTypes.get(node);
  if (type === undefined) {
    const scalars = valueTypeOf(node.lhs) === "scalar" && valueTypeOf(node.rhs) === "scalar";
    type = scalars ? "scalar" : "vector";
    binaryTypes.set(node, type);
  }
  return type;
}

/** What of the text a node stands for. */
export function spanOf(node: PlanNode): Span {
  if (node.kind === "invariant" || node.kind === "shared") return spanOf(node.expr);
  return node.kind === "selector" ? (node.signed ?? node.span) : node.span;
}
