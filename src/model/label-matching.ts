import type { Labels } from "./labels.ts";
import { labelValue } from "./labels.ts";
import type { Matcher } from "./matcher.ts";
import { createMatcher } from "./matches.ts";

/**
 * Splits matchers by labels that are the same on every series: `undefined` where one of these does not match, else the
 * matchers that are left to be asked of the series. A label that `labels` lacks is left to the series.
 * Throws GatewayError `bad_data` for a broken regular expression.
 */
export function stripMatched(matchers: readonly Matcher[], labels: Labels): readonly Matcher[] | undefined {
  const left: Matcher[] = [];
  for (const matcher of matchers) {
    const compiled = createMatcher(matcher);
    const value = labelValue(labels, matcher.name);
    if (value === undefined) left.push(matcher);
    else if (!compiled.matches(value)) return undefined;
  }
  return left;
}
