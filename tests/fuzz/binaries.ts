import type { Grammar } from "./grammar.ts";
import { node, type QueryNode } from "./query-node.ts";
import { labelNames } from "./selectors.ts";

const arithmetic = ["+", "-", "*", "/", "%", "^"];
const comparisons = ["==", "!=", ">", "<", ">=", "<="];
const sets = ["and", "or", "unless"];

/** Two vectors, or a vector and a number. */
export function binary(grammar: Grammar, budget: number): QueryNode {
  const { random } = grammar;
  const half = Math.max(1, Math.floor((budget - 1) / 2));
  switch (random.below(8)) {
    case 0:
      return joined(
        operand(grammar, grammar.vector(budget - 2)),
        operator(grammar),
        operand(grammar, grammar.scalar(2)),
      );
    case 1:
      return joined(
        operand(grammar, grammar.scalar(2)),
        operator(grammar),
        operand(grammar, grammar.vector(budget - 2)),
      );
    case 2:
      return setOperation(grammar, half);
    case 3:
      return grouped(grammar, half);
    case 4:
    case 5:
      return manyToOne(grammar, half);
    case 6:
      return oneToOne(grammar, half);
    default:
      return anyMatching(grammar, half);
  }
}

/** Two numbers. */
export function scalarBinary(grammar: Grammar, budget: number): QueryNode {
  const { random } = grammar;
  const half = Math.max(1, Math.floor((budget - 1) / 2));
  const op = random.chance(0.8)
    ? random.oneOf([...arithmetic, "atan2"])
    : `${random.oneOf(comparisons)} bool`;
  const text = node("clause", ` ${op} `);
  const left = operand(grammar, grammar.scalar(half));
  return { ...node("scalar", left, text, operand(grammar, grammar.scalar(half))) };
}

function operator({ random, modern }: Grammar): QueryNode {
  if (modern && random.chance(0.07)) return node("clause", " atan2 ");
  if (random.chance(0.5)) return node("clause", ` ${random.oneOf(arithmetic)} `);
  return node("clause", ` ${random.oneOf(comparisons)}${random.chance(0.4) ? " bool" : ""} `);
}

function joined(left: QueryNode, op: QueryNode, ...rest: readonly QueryNode[]): QueryNode {
  return node("vector", left, op, ...rest);
}

/** Values for what one side lacks. */
function fills({ random, modern, features }: Grammar): readonly QueryNode[] {
  if (!modern || !features.has("experimental") || random.chance(0.85)) return [];
  const value = random.oneOf(["0", "1", "-2.5", "NaN"]);
  const texts = [
    `fill (${value}) `,
    `fill_left (${value}) `,
    `fill_right (${value}) `,
    `fill_left (${value}) fill_right (7) `,
  ];
  return [node("clause", random.oneOf(texts))];
}

/** In parentheses, or sometimes not, so that precedence counts. */
function operand({ random }: Grammar, inner: QueryNode): QueryNode {
  if (
    random.chance(0.15) ||
    /^[\w.]+(\{[^}]*\})?$/.test(typeof inner.parts[0] === "string" ? inner.parts[0] : "(")
  ) {
    return inner;
  }
  return node(inner.kind === "scalar" ? "scalar" : "vector", "(", inner, ")");
}

function setOperation(grammar: Grammar, half: number): QueryNode {
  const { random } = grammar;
  const match = random.chance(0.6) ? [matching(grammar)] : [];
  const op = node("clause", ` ${random.oneOf(sets)} `);
  const [left, right] = [grammar.vector(half), grammar.vector(half)];
  return joined(operand(grammar, left), op, ...match, operand(grammar, right));
}

function matching({ random }: Grammar): QueryNode {
  const names = Array.from({ length: random.below(3) }, () => random.oneOf(labelNames));
  return node("clause", random.chance(0.6) ? "on (" : "ignoring (", names.join(", "), ") ");
}

/** Both sides summed by the same labels. */
function grouped(grammar: Grammar, half: number): QueryNode {
  const { random } = grammar;
  const labels = random.oneOf(["job", "instance", "job, instance", "", "az", "code"]);
  const side = () => {
    const op = random.oneOf(["sum", "max", "min", "count", "avg", "group"]);
    return node("vector", op, node("clause", ` by (${labels}) `), "(", grammar.vector(half), ")");
  };
  const match = random.chance(0.4) ? [node("clause", `on (${labels}) `)] : [];
  return joined(side(), operator(grammar), ...match, ...fills(grammar), side());
}

/** Series of one metric, on both sides. */
function oneToOne(grammar: Grammar, half: number): QueryNode {
  const { random } = grammar;
  const [left, right] = random.oneOf([
    ["http_requests_total", "http_requests_total"],
    ["memory_bytes", "memory_limit_bytes"],
    ["latency_seconds_sum", "latency_seconds_count"],
    ["temperature", "temperature"],
    ["queue", "queue"],
    ["up", "build_info"],
    ["queue", "rare"],
    ["odd_value", "odd_value"],
  ] as const);
  const side = (name: string) => {
    if (random.chance(0.3)) return node("selector", name);
    const text = random.oneOf(["$[5m]", "$[2m]", "$[10m]"]).replace("$", name);
    if (name.includes("_sum") || name.includes("_count") || name.includes("_total")) {
      return node("vector", random.oneOf(["rate(", "increase(", "irate("]), node("matrix", text), ")");
    }
    return half > 2
      ? node(
          "vector",
          random.oneOf(["abs(", "-(", "floor(", "("]),
          node("selector", name, random.oneOf(["", " offset 1m"])),
          ")",
        )
      : node(
          "vector",
          random.oneOf(["max_over_time(", "avg_over_time(", "delta("]),
          node("matrix", text),
          ")",
        );
  };
  const match =
    left === "up" ? [node("clause", random.oneOf(["on (job, instance) ", "ignoring (version) "]))] : [];
  return joined(side(left), operator(grammar), ...match, ...fills(grammar), side(right));
}

function manyToOne(grammar: Grammar, half: number): QueryNode {
  const { random } = grammar;
  const many = operand(
    grammar,
    random.chance(0.5) ? grammar.vectorOf("counter", half) : grammar.vectorOf("any", half),
  );
  const [one, on, include] = random.oneOf([
    ["build_info", "job, instance", "version"],
    ["target_info", "job, instance", "region, rack"],
    ["up", "job, instance", ""],
    ["memory_bytes", "instance", "job"],
    ["temperature", "instance", "az"],
    ["sum by (job) (up)", "job", ""],
    ["max by (instance) (memory_limit_bytes)", "instance", ""],
    ["vector(2)", "", ""],
    ["count(up)", "", "none"],
  ] as const);
  const right = node(one.includes("(") ? "vector" : "selector", one);
  const names = random.chance(0.7) ? include : random.chance(0.5) ? "" : random.oneOf(labelNames);
  const side = random.chance(0.8) ? "left" : "right";
  const match = node(
    "clause",
    `on (${on}) group_${side}${names === "" && random.chance(0.5) ? "" : ` (${names})`} `,
  );
  return side === "left"
    ? joined(many, operator(grammar), match, ...fills(grammar), right)
    : joined(right, operator(grammar), match, ...fills(grammar), many);
}

/** Whatever comes, which often is an error. */
function anyMatching(grammar: Grammar, half: number): QueryNode {
  const { random } = grammar;
  const group = random.chance(0.2)
    ? [node("clause", random.oneOf(["group_left ", "group_right ", "group_left (job) "]))]
    : [];
  const match = random.chance(0.7) || group.length > 0 ? [matching(grammar)] : [];
  const [left, right] = [grammar.vector(half), grammar.vector(half)];
  return joined(
    operand(grammar, left),
    operator(grammar),
    ...match,
    ...group,
    ...fills(grammar),
    operand(grammar, right),
  );
}
