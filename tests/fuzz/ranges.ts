import type { Grammar } from "./grammar.ts";
import { node, type QueryNode } from "./query-node.ts";
import { bareSelector, type MetricUse, modifiers } from "./selectors.ts";

const ranges = ["5m", "3m", "10m", "1m", "2m30s", "15m", "20m", "45s", "7m", "16s"];
/** Where a single sample, or none, or all of them are in the window. */
const modernRanges = ["15s", "30s", "1s", "1h", "3h"];
const subqueryRanges = ["5m", "10m", "15m", "3m", "30m", "7m30s"];
const subquerySteps = ["1m", "30s", "2m", "", "45s", "17s", "5m"];

/** `selector[range]` or a subquery, with modifiers. */
export function matrix(grammar: Grammar, use: MetricUse, budget: number): QueryNode {
  const { random } = grammar;
  if (budget > 2 && grammar.nested < 2 && random.chance(0.25)) return subquery(grammar, use, budget);
  const range = rangeText(grammar, ranges);
  return node("matrix", bareSelector(grammar, use), `[${range}]`, ...modifiers(grammar, 0.15).clauses);
}

function subquery(grammar: Grammar, use: MetricUse, budget: number): QueryNode {
  const { random, modern } = grammar;
  const { clauses, onGrid } = modifiers(grammar, 0.2);
  const range = rangeText(grammar, subqueryRanges);
  // Where a window's edges would lie on the grid, 2.42 takes one point more.
  const shifted = onGrid && !modern ? `${range}500ms` : range;
  const inner = grammar.at({ onGrid: true, nested: grammar.nested + 1 });
  return node(
    "matrix",
    subqueried(inner, use, budget - 2),
    `[${shifted}:${random.oneOf(subquerySteps)}]`,
    ...clauses,
  );
}

function subqueried(inner: Grammar, use: MetricUse, budget: number): QueryNode {
  const { random, modern } = inner;
  // Of a counter, rates are not extrapolated below zero.
  if (use === "counter" && !modern) return bareSelector(inner, "counter");
  const choice = random.next();
  if (choice < 0.35) return bareSelector(inner, use);
  if (choice < 0.45) return node("scalar", "(", inner.scalar(budget), ")");
  const vector = inner.vector(budget);
  return node("vector", "(", vector, ")");
}

function rangeText({ random, features, modern }: Grammar, texts: readonly string[]): string {
  if (modern && features.has("experimental") && random.chance(0.1)) return random.oneOf(expressions);
  return random.oneOf(modern && random.chance(0.1) ? modernRanges : texts);
}

const expressions = [
  "5m + 30s",
  "2 * 90",
  "10m / 2",
  "max_of(1m, 150)",
  "1m * 2 ^ 2",
  "min_of(step() + 1m, 10m)",
  "7m % 4m",
  "-(1m - 6m)",
];

const plainFunctions = [
  "avg_over_time",
  "min_over_time",
  "max_over_time",
  "sum_over_time",
  "count_over_time",
  "last_over_time",
  "present_over_time",
  "stddev_over_time",
  "stdvar_over_time",
  "changes",
  "resets",
  "delta",
  "idelta",
  "irate",
  "deriv",
];
const modernFunctions = ["first_over_time"];
const experimentalFunctions = [
  "mad_over_time",
  "ts_of_first_over_time",
  "ts_of_last_over_time",
  "ts_of_max_over_time",
  "ts_of_min_over_time",
];

/** A function over a range vector. */
export function rangeCall(grammar: Grammar, use: MetricUse, budget: number): QueryNode {
  const { random, modern, features } = grammar;
  const experimental = modern && features.has("experimental");
  if (experimental && random.chance(0.06)) return extendedCall(grammar, use);
  if (use === "counter" || use === "bucket" || random.chance(0.25)) {
    const name = random.oneOf(["rate", "increase"]);
    return node("vector", `${name}(`, grammar.matrix(use === "bucket" ? use : "counter", budget - 1), ")");
  }
  if (random.chance(0.12)) {
    const phi = random.chance(0.9)
      ? random.oneOf(["0.5", "0.9", "0", "1", "0.25"])
      : random.oneOf(["-1", "1.5", "NaN"]);
    return node(
      "vector",
      "quantile_over_time(",
      node("scalar", phi),
      ", ",
      grammar.matrix(use, budget - 1),
      ")",
    );
  }
  if (random.chance(0.06)) {
    const ahead = node("scalar", random.oneOf(["60", "3600", "-300", "0"]));
    return node("vector", "predict_linear(", grammar.matrix(use, budget - 1), ", ", ahead, ")");
  }
  if (experimental && random.chance(0.05)) {
    const factors = random.oneOf(["0.3, 0.4", "0.9, 0.1", "0.5, 0.5"]);
    return node("vector", "double_exponential_smoothing(", grammar.matrix(use, budget - 1), `, ${factors})`);
  }
  const names = [
    ...plainFunctions,
    ...(modern ? modernFunctions : []),
    ...(experimental ? experimentalFunctions : []),
  ];
  return node("vector", `${random.oneOf(names)}(`, grammar.matrix(use, budget - 1), ")");
}

/** A range that is extended to its edges. */
function extendedCall(grammar: Grammar, use: MetricUse): QueryNode {
  const { random } = grammar;
  const [word, names] = random.oneOf([
    ["anchored", ["changes", "resets", "delta", "increase", "rate"]],
    ["smoothed", ["delta", "increase", "rate"]],
  ] as const);
  const range = `[${rangeText(grammar, ranges)}] ${word}`;
  const matrix = node("matrix", bareSelector(grammar, use), range, ...modifiers(grammar, 0.15).clauses);
  return node("vector", `${random.oneOf(names)}(`, matrix, ")");
}
