import type { Grammar } from "./grammar.ts";
import { node, type QueryNode } from "./query-node.ts";
import { labelNames } from "./selectors.ts";

const plain = ["sum", "avg", "count", "min", "max", "group", "stddev", "stdvar", "sum", "count", "max"];

/** An aggregation, with a grouping clause before or after its arguments or none. */
export function aggregation(grammar: Grammar, budget: number): QueryNode {
  const { random } = grammar;
  const clause = random.chance(0.7) ? [grouping(grammar)] : [];
  const { name, param } = aggregator(grammar);
  const inner =
    /^((top|bottom)k|std.*)$/.test(name) && !grammar.modern
      ? plainMetric(grammar)
      : grammar.vector(budget - 1);
  const args: readonly (string | QueryNode)[] =
    param === undefined ? ["(", inner, ")"] : ["(", param, ", ", inner, ")"];
  return random.chance(0.7)
    ? node("vector", name, ...clause, ...args)
    : node("vector", name, ...args, ...clause);
}

/** Which of equal values topk keeps has changed since 2.42, and so has the deviation of infinite ones: here are none. */
function plainMetric({ random }: Grammar): QueryNode {
  const inner = random.oneOf(["temperature", "memory_bytes", "latency_seconds_sum"]);
  return node("vector", inner);
}

function aggregator(grammar: Grammar): { readonly name: string; readonly param?: QueryNode } {
  const { random, modern, features } = grammar;
  const choice = random.next();
  const count = () =>
    random.chance(0.9)
      ? node("scalar", random.oneOf(["1", "2", "3", "5"]))
      : random.chance(0.7)
        ? node("scalar", random.oneOf(["0", "-1", "1.9", "1e3"]))
        : grammar.scalar(2);
  if (choice < 0.14) return { name: random.oneOf(["topk", "bottomk"]), param: count() };
  if (choice < 0.22) {
    const phi = random.oneOf(["0.5", "0.9", "0", "1", "0.3", "-1", "2", "NaN"]);
    return { name: "quantile", param: node("scalar", phi) };
  }
  if (choice < 0.28)
    return { name: "count_values", param: node("string", random.oneOf(['"v"', '"job"', '"le"'])) };
  if (modern && features.has("experimental") && choice < 0.34) {
    if (random.chance(0.5)) return { name: "limitk", param: count() };
    return {
      name: "limit_ratio",
      param: node("scalar", random.oneOf(["0.5", "0.1", "-0.5", "-0.9", "1", "2"])),
    };
  }
  return { name: random.oneOf(plain) };
}

function grouping({ random, modern }: Grammar): QueryNode {
  const names = Array.from({ length: random.below(4) }, () => random.oneOf(labelNames));
  if (random.chance(0.05)) names.push("__name__");
  if (modern && random.chance(0.02)) names.push('"l.x"');
  return node("clause", random.chance(0.65) ? " by (" : " without (", names.join(", "), ") ");
}
