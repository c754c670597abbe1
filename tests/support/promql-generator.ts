import type {
  AggregateExpr,
  AggregateOp,
  AtModifier,
  BinaryExpr,
  BinaryOp,
  DurationExpr,
  Expr,
  NumberLiteral,
  SelectorMatcher,
  StringLiteral,
  TimeModifiers,
  ValueType,
  VectorMatching,
  VectorSelector,
} from "../../src/promql/syntax/ast.ts";
import { type FunctionSignature, functions } from "../../src/promql/syntax/functions.ts";
import { withParens } from "./promql-parens.ts";
import type { SeededRandom } from "./seeded-random.ts";

export interface PromqlGeneratorOptions {
  readonly random: SeededRandom;
  /** Names of metrics; those that are no identifiers are written as matchers. */
  readonly metrics: readonly string[];
  /** Labels with values that are worth asking for. */
  readonly labels: Readonly<Record<string, readonly string[]>>;
  /** Functions, aggregations, operators and the parts of `promqlParts` that shall not be used. */
  readonly leaveOut?: ReadonlySet<string>;
  /** Ranges of selectors and subqueries, ms. */
  readonly rangesMs?: readonly number[];
  /** Steps of subqueries, ms; 0 for the default step. */
  readonly stepsMs?: readonly number[];
  readonly offsetsMs?: readonly number[];
  /** Times for `@`, ms. */
  readonly timesMs?: readonly number[];
  /** Numbers for arithmetic and parameters. */
  readonly numbers?: readonly number[];
}

/** Parts of the language that `leaveOut` knows by these names, besides functions, aggregations and operators. */
export const promqlParts = [
  "@",
  "offset",
  "subquery",
  "regex",
  "anchored",
  "smoothed",
  "fill",
  "bool",
  "group_left",
  "group_right",
  "duration-literal",
  "duration-expression",
  "experimental",
] as const;

/** Makes typed trees, at most `depth` nodes high before parentheses; each prints to a query that the parser accepts. */
export interface PromqlGenerator {
  /** A vector or a scalar. */
  expr(depth: number): Expr;
  vector(depth: number): Expr;
  scalar(depth: number): Expr;
  matrix(depth: number): Expr;
}

const span = { start: 0, end: 0 };

const aggregations: readonly AggregateOp[] = [
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
  "quantile",
  "count_values",
  "limitk",
  "limit_ratio",
];
const arithmetic: readonly BinaryOp[] = ["+", "-", "*", "/", "%", "^", "atan2"];
const comparisons: readonly BinaryOp[] = ["==", "!=", ">", "<", ">=", "<="];
const trims: readonly BinaryOp[] = ["</", ">/"];
const sets: readonly BinaryOp[] = ["and", "or", "unless"];

export function createPromqlGenerator(options: PromqlGeneratorOptions): PromqlGenerator {
  const { random, metrics } = options;
  const {
    leaveOut = new Set<string>(),
    rangesMs = [60_000, 300_000, 90_000, 3_600_000],
    stepsMs = [0, 30_000, 60_000],
    offsetsMs = [60_000, 300_000, -60_000],
    timesMs = [0, 1_500, 1_000_000],
    numbers = [0, 1, 2, 0.5, -1, 3, 0.9, 100, 1e-7],
  } = options;
  const labelNames = Object.keys(options.labels);
  const uses = (name: string) => !leaveOut.has(name);
  const may = (name: string, probability: number) => uses(name) && random.chance(probability);
  const callable = [...functions.values()].filter(
    ({ name, experimental }) => uses(name) && (!experimental || uses("experimental")),
  );
  const giving = (type: ValueType) => callable.filter(({ returnType }) => returnType === type);
  const vectorFunctions = giving("vector");
  const scalarFunctions = giving("scalar");
  const usableAggregations = aggregations.filter(
    (op) => uses(op) && (uses("experimental") || !op.startsWith("limit")),
  );
  const usable = (ops: readonly BinaryOp[]) => ops.filter(uses);
  const scalarOps = usable([...arithmetic, ...comparisons]);
  const vectorOps = usable([...arithmetic, ...comparisons, ...trims, ...sets]);

  const number = (): NumberLiteral => {
    const duration = may("duration-literal", 0.1);
    const value = duration ? random.oneOf(rangesMs) / 1000 : random.oneOf(numbers);
    return { kind: "number", value, duration, span };
  };
  const string = (value: string): StringLiteral => ({ kind: "string", value, span });
  const someLabels = () => labelNames.filter(() => random.chance(0.4));

  function matcher(name: string): SelectorMatcher {
    const values = options.labels[name] ?? [""];
    const value = random.oneOf(values);
    if (!may("regex", 0.4)) return { type: random.oneOf(["=", "!="] as const), name, value };
    const other = random.oneOf(values);
    const pattern = random.oneOf([
      ".*",
      ".+",
      quoteRegex(value),
      `${quoteRegex(value)}|${quoteRegex(other)}`,
    ]);
    return { type: random.oneOf(["=~", "!~"] as const), name, value: pattern };
  }

  function durationExpr(depth: number): DurationExpr {
    if (depth === 0 || random.chance(0.3)) {
      const seconds = random.oneOf(rangesMs) / 1000;
      const kind = random.below(3);
      if (kind === 0) return { kind: "duration-step", wrapped: false, span };
      if (kind === 1) return { kind: "duration-range", wrapped: false, span };
      return { kind: "duration-number", seconds, duration: random.chance(0.8), span };
    }
    const lhs = wrapDuration(durationExpr(depth - 1));
    if (random.chance(0.2)) return minus(lhs);
    const op = random.oneOf(["+", "-", "*", "/", "%", "^", "min_of", "max_of"] as const);
    const rhs = wrapDuration(durationExpr(depth - 1));
    return { kind: "duration-binary", op, lhs, rhs, wrapped: false, span };
  }

  /** What reads back as an offset: a call or something in parentheses, either with a sign. */
  function offsetExpr(): DurationExpr {
    const inner = wrapDuration(durationExpr(1));
    const closed = inner.kind === "duration-number" ? wrapNumber(inner) : inner;
    return random.chance(0.5) ? closed : minus(closed);
  }

  function at(): AtModifier | undefined {
    if (!may("@", 0.1)) return undefined;
    const kind = random.oneOf(["time", "start", "end"] as const);
    return kind === "time" ? { kind, ms: random.oneOf(timesMs) } : { kind };
  }

  function times(): TimeModifiers {
    const byExpr = uses("offset") && may("duration-expression", 0.03);
    return {
      at: at(),
      offsetMs: !byExpr && may("offset", 0.15) ? random.oneOf(offsetsMs) : 0,
      offsetExpr: byExpr ? offsetExpr() : undefined,
    };
  }

  function range(): { readonly rangeMs: number; readonly rangeExpr: DurationExpr | undefined } {
    if (!may("duration-expression", 0.05)) return { rangeMs: random.oneOf(rangesMs), rangeExpr: undefined };
    const expr = durationExpr(2);
    return { rangeMs: 0, rangeExpr: expr.kind === "duration-number" ? wrapNumber(expr) : expr };
  }

  /** Upstream's lexer wants a number somewhere before the colon. */
  function subqueryRange(): ReturnType<typeof range> {
    const chosen = range();
    if (chosen.rangeExpr === undefined || hasNumber(chosen.rangeExpr)) return chosen;
    return { rangeMs: random.oneOf(rangesMs), rangeExpr: undefined };
  }

  function selector(): VectorSelector {
    const metric = random.oneOf(metrics);
    const name = /^[A-Za-z_:][A-Za-z0-9_:]*$/.test(metric) ? metric : "";
    const own = labelNames.filter(() => random.chance(0.2)).map(matcher);
    const matchers = [...own, { type: "=", name: "__name__", value: metric } as const];
    return { kind: "vector-selector", name, matchers, anchored: false, smoothed: false, ...times(), span };
  }

  function matrix(depth: number): Expr {
    if (depth > 0 && may("subquery", 0.25)) {
      const expr = vector(depth - 1);
      const stepMs = random.oneOf(stepsMs);
      return { kind: "subquery", expr, ...subqueryRange(), stepMs, stepExpr: undefined, ...times(), span };
    }
    const extended = may("anchored", 0.05) ? "anchored" : may("smoothed", 0.05) ? "smoothed" : undefined;
    const inner = { ...selector(), anchored: extended === "anchored", smoothed: extended === "smoothed" };
    return { kind: "matrix-selector", selector: inner, ...range(), span };
  }

  function argument(signature: FunctionSignature, index: number, depth: number): Expr {
    const type = signature.argTypes[Math.min(index, signature.argTypes.length - 1)] ?? "vector";
    if (signature.name === "info" && index === 1) {
      const matchers = labelNames.slice(0, 1).map(matcher);
      return { ...selector(), name: "", matchers, at: undefined, offsetMs: 0, offsetExpr: undefined };
    }
    if (type === "matrix") return matrix(depth);
    if (type === "scalar") return random.chance(0.6) ? number() : scalar(depth);
    return type === "string" ? string(argumentText(signature.name, index)) : vector(depth);
  }

  /** Labels where labels are wanted, else what the function makes something of. */
  function argumentText(name: string, index: number): string {
    const label = random.oneOf(labelNames);
    if (name === "label_join" && index === 2) return random.oneOf(["", "-", "\t☺", '"'.concat("\\")]);
    if (name !== "label_replace" || index === 1 || index === 3) return label;
    return index === 2
      ? random.oneOf(["", "$1", "x-$1"])
      : random.oneOf(["(.*)", "", "(.)(?P<a>.*)", "[^0-9]+"]);
  }

  function call(signature: FunctionSignature, depth: number): Expr {
    const { argTypes, variadic } = signature;
    const least = variadic === 0 ? argTypes.length : argTypes.length - 1;
    const most = variadic === 0 ? least : least + (variadic < 0 ? 3 : variadic);
    // A series needs its own labels: label_join without sources and sorts without labels are legal, too.
    const count = least + random.below(most - least + 1);
    const args = Array.from({ length: count }, (_, i) => argument(signature, i, depth));
    return { kind: "call", func: signature.name, args, span };
  }

  function aggregate(depth: number): AggregateExpr {
    const op = random.oneOf(usableAggregations);
    return {
      kind: "aggregate",
      op,
      expr: vector(depth),
      param: parameter(op),
      grouping: someLabels(),
      without: random.chance(0.3),
      span,
    };
  }

  function parameter(op: AggregateOp): Expr | undefined {
    if (op === "count_values") return string(random.oneOf([...labelNames, "value"]));
    if (op === "quantile")
      return { ...number(), value: random.oneOf([0, 0.1, 0.5, 0.9, 1, -1]), duration: false };
    if (op === "limit_ratio") return { ...number(), value: random.oneOf([0.5, -0.5, 1]), duration: false };
    const counts = op === "topk" || op === "bottomk" || op === "limitk";
    return counts ? { ...number(), value: random.oneOf([1, 2, 5]), duration: false } : undefined;
  }

  function matching(op: BinaryOp): VectorMatching {
    const set = sets.includes(op);
    const on = random.chance(0.5);
    const labels = random.chance(0.6) ? someLabels() : [];
    const grouped = !set && labels.length > 0 && random.chance(0.3);
    const left = grouped && uses("group_left") && (random.chance(0.5) || !uses("group_right"));
    const card = left ? "many-to-one" : grouped && uses("group_right") ? "one-to-many" : "one-to-one";
    const include = card === "one-to-one" ? [] : someLabels().filter((label) => !labels.includes(label));
    const fills = !set && may("fill", 0.1);
    return {
      card: set ? "many-to-many" : card,
      labels,
      on,
      include,
      fillLeft: fills && random.chance(0.7) ? random.oneOf(numbers) : undefined,
      fillRight: fills && random.chance(0.7) ? random.oneOf(numbers) : undefined,
    };
  }

  function vectorBinary(depth: number): BinaryExpr {
    const op = random.oneOf(vectorOps);
    const scalarSide = sets.includes(op) ? 2 : random.below(4);
    const lhs = scalarSide === 0 ? scalar(depth) : vector(depth);
    const rhs = scalarSide === 1 ? scalar(depth) : vector(depth);
    const bool = comparisons.includes(op) && may("bool", 0.3);
    return { kind: "binary", op, lhs, rhs, matching: scalarSide > 1 ? matching(op) : undefined, bool, span };
  }

  function vector(depth: number): Expr {
    if (depth <= 0 || random.chance(0.1)) return selector();
    const pick = random.next();
    if (pick < 0.4) return call(random.oneOf(vectorFunctions), depth - 1);
    if (pick < 0.65) return aggregate(depth - 1);
    if (pick < 0.9) return vectorBinary(depth - 1);
    if (pick < 0.95) return { kind: "unary", op: "-", expr: vector(depth - 1), span };
    return { kind: "paren", expr: vector(depth - 1), span };
  }

  function scalar(depth: number): Expr {
    if (depth <= 0 || random.chance(0.4)) return number();
    const pick = random.next();
    if (pick < 0.4 && scalarFunctions.length > 0) return call(random.oneOf(scalarFunctions), depth - 1);
    if (pick < 0.8) {
      const op = random.oneOf(
        uses("bool") ? scalarOps : scalarOps.filter((name) => !comparisons.includes(name)),
      );
      const [lhs, rhs] = [scalar(depth - 1), scalar(depth - 1)];
      return { kind: "binary", op, lhs, rhs, matching: undefined, bool: comparisons.includes(op), span };
    }
    const inner = scalar(depth - 1);
    if (pick < 0.9 && inner.kind !== "number") return { kind: "unary", op: "-", expr: inner, span };
    return { kind: "paren", expr: inner, span };
  }

  return {
    expr: (depth) => withParens(random.chance(0.9) ? vector(depth) : scalar(depth)),
    vector: (depth) => withParens(vector(depth)),
    scalar: (depth) => withParens(scalar(depth)),
    matrix: (depth) => withParens(matrix(depth)),
  };
}

function quoteRegex(text: string): string {
  return text.replace(/[\\.+*?()|[\]{}^$]/g, "\\$&");
}

function hasNumber(expr: DurationExpr): boolean {
  if (expr.kind === "duration-binary") return hasNumber(expr.lhs) || hasNumber(expr.rhs);
  return expr.kind === "duration-unary" ? hasNumber(expr.expr) : expr.kind === "duration-number";
}

function wrapNumber(expr: DurationExpr): DurationExpr {
  return { kind: "duration-unary", op: "+", expr, wrapped: true, span };
}

/** A sign before a literal would become part of it. */
function minus(inner: DurationExpr): DurationExpr {
  const expr = inner.kind === "duration-number" ? wrapNumber(inner) : inner;
  return { kind: "duration-unary", op: "-", expr, wrapped: false, span };
}

/** Parentheses around operators, so that no precedence matters. */
function wrapDuration(expr: DurationExpr): DurationExpr {
  if (expr.kind === "duration-binary" && expr.op !== "min_of" && expr.op !== "max_of") {
    return { ...expr, wrapped: true };
  }
  return expr.kind === "duration-unary" ? { ...expr, wrapped: true } : expr;
}
