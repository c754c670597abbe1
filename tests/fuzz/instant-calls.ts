import type { Grammar } from "./grammar.ts";
import { histogramCall } from "./histogram-calls.ts";
import { node, type QueryNode } from "./query-node.ts";
import { labelNames, type MetricUse } from "./selectors.ts";

const ofOne = [
  "abs ceil floor exp ln log2 log10 sgn sqrt",
  "acos acosh asin asinh atan atanh cos cosh deg rad sin sinh tan tanh",
  "day_of_month day_of_week day_of_year days_in_month hour minute month year",
  "timestamp abs ceil floor timestamp abs ceil floor",
]
  .join(" ")
  .split(" ");

/** A function that keeps the series of its vector. */
export function keepingCall(grammar: Grammar, use: MetricUse, budget: number): QueryNode {
  const { random } = grammar;
  const inner = grammar.vectorOf(use, budget - 1);
  const number = () => grammar.scalar(random.chance(0.8) ? 1 : 2);
  switch (random.below(8)) {
    case 0:
      return node("vector", "clamp(", inner, ", ", number(), ", ", number(), ")");
    case 1:
      return node("vector", random.oneOf(["clamp_min(", "clamp_max("]), inner, ", ", number(), ")");
    case 2:
      return random.chance(0.5)
        ? node("vector", "round(", inner, ")")
        : node(
            "vector",
            "round(",
            inner,
            ", ",
            node("scalar", random.oneOf(["0.5", "10", "3", "0.1", "-2"])),
            ")",
          );
    case 3:
      return node("vector", random.oneOf(["-", "-", "+"]), inner);
    case 4:
      return node("vector", "(", inner, ")");
    default:
      return node("vector", `${random.oneOf(ofOne)}(`, inner, ")");
  }
}

/** Functions that make other series of those they get. */
export function changingCall(grammar: Grammar, budget: number): QueryNode {
  const { random, modern, features } = grammar;
  const rest = Math.max(1, budget - 1);
  if (modern && features.has("histograms") && random.chance(0.4)) return histogramCall(grammar, rest);
  if (modern && features.has("experimental") && random.chance(0.1)) return experimentalCall(grammar, rest);
  switch (random.below(9)) {
    case 0:
      return labelReplace(grammar, rest);
    case 1:
      return labelJoin(grammar, rest);
    case 2:
      return node("vector", "absent(", grammar.vector(rest), ")");
    case 3:
      return node("vector", "absent_over_time(", grammar.matrix("any", rest), ")");
    case 4:
      return node("vector", "vector(", grammar.scalar(rest), ")");
    case 5:
      return node("vector", random.oneOf(["sort(", "sort_desc("]), grammar.vector(rest), ")");
    case 6:
      return node("vector", `${random.oneOf(["hour", "minute", "day_of_week", "year", "days_in_month"])}()`);
    default:
      return histogramQuantile(grammar, rest);
  }
}

const dataLabels = [
  "",
  '{region="eu"}',
  '{rack=~".+"}',
  '{__name__="build_info"}',
  '{__name__=~".*_info", version=~"1.*"}',
  '{none!=""}',
];

function experimentalCall(grammar: Grammar, budget: number): QueryNode {
  const { random } = grammar;
  if (random.chance(0.4)) {
    const names = Array.from({ length: random.below(3) + 1 }, () => `, "${random.oneOf(labelNames)}"`).join(
      "",
    );
    return node(
      "vector",
      random.oneOf(["sort_by_label(", "sort_by_label_desc("]),
      grammar.vector(budget),
      `${names})`,
    );
  }
  const labels = random.oneOf(dataLabels);
  const inner = random.chance(0.8) ? grammar.vectorOf("any", budget) : grammar.vector(budget);
  return node("vector", "info(", inner, labels === "" ? ")" : `, ${labels})`);
}

const replacements = [
  '"x", "$1", "job", "(.*)"',
  '"instance", "n-$1", "instance", "i(.*)"',
  '"job", "", "job", ".*"',
  `"az", "\${1}z$2", "instance", "(i)([0-9]+)"`,
  '"job", "same", "job", "a.*"',
  '"y", "$name", "instance", "(?P<name>.)."',
  '"code", "$0", "none", ""',
  '"instance", "all", "", ""',
  '"x", "$2$1", "path", "/(.)/(.*)"',
];

function labelReplace(grammar: Grammar, budget: number): QueryNode {
  const { random } = grammar;
  const inner = grammar.vector(budget);
  return node("vector", "label_replace(", inner, `, ${random.oneOf(replacements)})`);
}

function labelJoin(grammar: Grammar, budget: number): QueryNode {
  const { random } = grammar;
  const to = random.oneOf(["x", "job", "instance", "az"]);
  const sources = Array.from({ length: random.below(4) }, () => `, "${random.oneOf(labelNames)}"`);
  const separator = random.oneOf([",", "", "-"]);
  return node(
    "vector",
    "label_join(",
    grammar.vector(budget),
    `, "${to}", "${separator}"${sources.join("")})`,
  );
}

function histogramQuantile(grammar: Grammar, budget: number): QueryNode {
  const { random } = grammar;
  const phi = random.chance(0.9)
    ? random.oneOf(["0.5", "0.9", "0.99", "0", "1"])
    : random.oneOf(["-0.5", "2", "NaN"]);
  const buckets = random.chance(0.1)
    ? node("selector", "odd_bucket")
    : grammar.vectorOf("bucket", Math.max(1, budget - 1));
  const summed = random.chance(0.5)
    ? node(
        "vector",
        random.oneOf([
          "sum by (le) (",
          "sum by (job, le) (",
          "sum without (instance) (",
          "max by (le, kind) (",
        ]),
        buckets,
        ")",
      )
    : buckets;
  return node("vector", "histogram_quantile(", node("scalar", phi), ", ", summed, ")");
}
