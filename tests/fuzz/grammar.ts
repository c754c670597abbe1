import type { SeededRandom } from "../support/seeded-random.ts";
import type { QueryNode } from "./query-node.ts";
import type { MetricUse } from "./selectors.ts";

/** A class of what queries may use. */
export type Feature = "floats" | "histograms" | "experimental" | "broken" | "delayed-name-removal";

/** Where in a query the next piece comes, and how to make pieces of each type of about so many parts. */
export interface Grammar {
  readonly random: SeededRandom;
  /** Whether what Prometheus 2.42 answers otherwise may come. */
  readonly modern: boolean;
  readonly features: ReadonlySet<Feature>;
  /** Evaluated at whole seconds, as in a subquery; elsewhere at half ones. */
  readonly onGrid: boolean;
  /** Subqueries around it. */
  readonly nested: number;
  vector(budget: number): QueryNode;
  /** With the labels of one metric's series, but for the name. */
  vectorOf(use: MetricUse, budget: number): QueryNode;
  scalar(budget: number): QueryNode;
  matrix(use: MetricUse, budget: number): QueryNode;
  /** The same inside a subquery, or after it. */
  at(place: { readonly onGrid: boolean; readonly nested: number }): Grammar;
}
