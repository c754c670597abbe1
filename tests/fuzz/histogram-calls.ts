import type { Grammar } from "./grammar.ts";
import { node, type QueryNode } from "./query-node.ts";

/** Functions and operators that read native histograms, over what gives some. */
export function histogramCall(grammar: Grammar, budget: number): QueryNode {
  const { random, features } = grammar;
  const inner = histogramVector(grammar, budget);
  const phi = () => node("scalar", random.oneOf(["0.5", "0.9", "0.99", "0", "1", "0.25", "-1", "2", "NaN"]));
  const bound = () =>
    node("scalar", random.oneOf(["0", "1", "0.5", "-Inf", "Inf", "3", "-2", "NaN", "0.01"]));
  switch (random.below(6)) {
    case 0:
    case 1:
      return node("vector", "histogram_quantile(", phi(), ", ", inner, ")");
    case 2:
      return node("vector", "histogram_fraction(", bound(), ", ", bound(), ", ", inner, ")");
    case 3:
      if (!features.has("experimental")) return inner;
      return node("vector", "histogram_quantiles(", inner, ', "q", ', phi(), ", ", phi(), ")");
    case 4:
      return inner;
    default: {
      const names = ["count", "sum", "avg", "stddev", "stdvar", "count", "sum"];
      return node("vector", `histogram_${random.oneOf(names)}(`, inner, ")");
    }
  }
}

function histogramVector(grammar: Grammar, budget: number): QueryNode {
  const { random } = grammar;
  if (budget <= 1) return grammar.vectorOf("histogram", 1);
  const half = Math.max(1, Math.floor(budget / 2));
  const inner = grammar.vectorOf("histogram", half);
  const number = node("scalar", random.oneOf(["2", "0.5", "-1", "0", "3", "Inf", "NaN"]));
  switch (random.below(8)) {
    case 0: {
      const op = node("clause", random.oneOf([" + ", " - ", " == ", " != ", " == bool ", " * ", " > "]));
      return node("vector", "(", inner, ")", op, "(", grammar.vectorOf("histogram", half), ")");
    }
    case 1:
      return node(
        "vector",
        "(",
        inner,
        ")",
        node("clause", random.oneOf([" * ", " / ", " + ", " ^ "])),
        number,
      );
    case 2:
      return node("vector", "(", inner, ")", node("clause", random.oneOf([" </ ", " >/ "])), number);
    case 3:
    case 4: {
      const op = random.oneOf(["sum", "avg", "sum", "avg", "count", "max", "group", "stddev", "limitk"]);
      const by = node(
        "clause",
        random.oneOf([" by (job) ", " without (instance) ", "", " by (instance) ", " by (__name__) "]),
      );
      return node("vector", op, by, op === "limitk" ? "(2, " : "(", inner, ")");
    }
    case 5: {
      const name = random.oneOf(["sum", "avg", "last", "first", "count", "max", "present"]);
      return node("vector", `${name}_over_time(`, grammar.matrix("histogram", half), ")");
    }
    case 6: {
      const name = random.oneOf([
        "rate",
        "increase",
        "delta",
        "irate",
        "idelta",
        "resets",
        "changes",
        "rate",
      ]);
      return node("vector", `${name}(`, grammar.matrix("histogram", half), ")");
    }
    default:
      return inner;
  }
}
