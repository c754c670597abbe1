import type { SeededRandom } from "../support/seeded-random.ts";
import { aggregation } from "./aggregations.ts";
import { binary, scalarBinary } from "./binaries.ts";
import { brokenQuery } from "./broken-query.ts";
import { endSeconds, headStartSeconds, startSeconds } from "./fuzz-data.ts";
import type { Feature, Grammar } from "./grammar.ts";
import { changingCall, keepingCall } from "./instant-calls.ts";
import { node, type QueryNode, textOf } from "./query-node.ts";
import { matrix, rangeCall } from "./ranges.ts";
import { bareSelector, type MetricUse, modifiers } from "./selectors.ts";

export interface GrammarOptions {
  readonly modern: boolean;
  readonly features: ReadonlySet<Feature>;
}

/** When a query is asked for: at a time, or at times; Unix seconds. */
export interface QueryTimes {
  readonly at: number;
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

export interface FuzzQuery {
  readonly query: QueryNode;
  readonly times: QueryTimes;
}

/** The next query of a random source: of any type, mostly an instant vector, of one to about twenty parts. */
export function nextQuery(random: SeededRandom, options: GrammarOptions): FuzzQuery {
  const grammar = createGrammar({ ...options, random, onGrid: false, nested: 0 });
  const budget = 1 + random.below(random.chance(0.03) ? 60 : random.chance(0.3) ? 20 : 9);
  const whole = topLevel(grammar, budget);
  const breaks = options.modern && options.features.has("broken") && random.chance(0.3);
  const query = breaks ? brokenQuery(random, textOf(whole)) : whole;
  return { query, times: timesOf(random, options) };
}

function topLevel(grammar: Grammar, budget: number): QueryNode {
  const choice = grammar.random.next();
  if (choice < 0.86) return grammar.vector(budget);
  if (choice < 0.94) return grammar.scalar(budget);
  if (choice < 0.99) return grammar.matrix("any", budget);
  return node("string", grammar.random.oneOf(['"text"', '"a\\n\\"b"', "`raw\\n`"]));
}

/** Half seconds, so that nothing lies on the grids of samples and subqueries; where edges are welcome, whole ones. */
function timesOf(random: SeededRandom, { modern, features }: GrammarOptions): QueryTimes {
  const edge = modern && random.chance(0.4);
  // Only the head has native histograms.
  const late = modern && features.has("histograms") && random.chance(0.7);
  const first = late ? headStartSeconds - 300 : startSeconds + 2700;
  const some = first + random.below(endSeconds - first + 400);
  const at = edge ? some - (some % 30) : some + 0.5;
  const step = random.oneOf([15, 60, 30, 1, 7, 300, 120, 900]);
  const steps = random.below(random.chance(0.8) ? 12 : 60);
  return { at, start: at, end: at + steps * step, step };
}

type GrammarState = GrammarOptions & Pick<Grammar, "random" | "onGrid" | "nested">;

function createGrammar(state: GrammarState): Grammar {
  const grammar: Grammar = {
    ...state,
    vector: (budget) => vector(grammar, budget),
    vectorOf: (use, budget) => vectorOf(grammar, use, budget),
    scalar: (budget) => scalar(grammar, budget),
    matrix: (use, budget) => matrix(grammar, use, budget),
    at: (place) => createGrammar({ ...state, ...place }),
  };
  return grammar;
}

function vector(grammar: Grammar, budget: number): QueryNode {
  const { random } = grammar;
  if (budget <= 1) return selector(grammar, "any");
  const choice = random.next();
  if (choice < 0.36) return vectorOf(grammar, random.oneOf(["any", "gauge", "counter"]), budget);
  if (choice < 0.62) return aggregation(grammar, budget);
  if (choice < 0.85) return binary(grammar, budget);
  return changingCall(grammar, budget);
}

function vectorOf(grammar: Grammar, use: MetricUse, budget: number): QueryNode {
  const { random } = grammar;
  if (budget <= 1) return selector(grammar, use);
  const choice = random.next();
  if (choice < 0.12) return selector(grammar, use);
  if (choice < 0.6) return rangeCall(grammar, use, budget);
  return keepingCall(grammar, use, budget);
}

function selector(grammar: Grammar, use: MetricUse): QueryNode {
  const { clauses } = modifiers(grammar, 0.15);
  const { random, modern, features } = grammar;
  const smoothed = modern && features.has("experimental") && random.chance(0.03);
  const bare = bareSelector(grammar, use);
  if (smoothed) return node("vector", bare, node("clause", " smoothed"), ...clauses);
  return clauses.length === 0 ? bare : node("vector", bare, ...clauses);
}

function scalar(grammar: Grammar, budget: number): QueryNode {
  const { random } = grammar;
  if (budget <= 1 || random.chance(0.3)) {
    return node("scalar", random.oneOf(grammar.modern ? [...numbers, ...modernNumbers] : numbers));
  }
  const choice = random.next();
  if (choice < 0.35) return node("scalar", "scalar(", grammar.vector(budget - 1), ")");
  if (choice < 0.5) return node("scalar", random.oneOf(["time()", "pi()", ...experimentalScalars(grammar)]));
  if (choice < 0.6) return node("scalar", "-", node("scalar", "(", scalar(grammar, budget - 1), ")"));
  return scalarBinary(grammar, budget);
}

function experimentalScalars({ modern, features }: Grammar): readonly string[] {
  if (!modern || !features.has("experimental")) return [];
  return ["start()", "end()", "range()", "step()", "max_of(1, 2)", "min_of(time(), 3)"];
}

const numbers = [
  "1",
  "2",
  "0.5",
  "10",
  "100",
  "0",
  "-1",
  "1e3",
  "3.75",
  "NaN",
  "Inf",
  "-Inf",
  "0x1F",
  "1e-3",
];
const modernNumbers = ["5m", "1_000", "1h30m"];
