/** How a matcher compares: `=`, `!=`, `=~`, `!~`. */
export type MatcherType = "=" | "!=" | "=~" | "!~";

/** A label matcher. A label that a series lacks counts as the empty string; regular expressions are anchored. */
export interface Matcher {
  readonly type: MatcherType;
  readonly name: string;
  readonly value: string;
}
