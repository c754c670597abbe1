import { type Labels, labelValue } from "../../model/labels.ts";
import type { Matcher } from "../../model/matcher.ts";
import { createMatcher } from "../../model/matches.ts";
import type { PrometheusFacts } from "./prometheus-facts.ts";

/**
 * What is left to ask Prometheus for: matchers on external labels are answered here and left out.
 * `undefined` where an external label does not match, so that no series can.
 */
export function splitMatchers(
  matchers: readonly Matcher[],
  facts: Pick<PrometheusFacts, "externalLabels" | "ownLabels">,
): readonly Matcher[] | undefined {
  const rest: Matcher[] = [];
  for (const matcher of matchers) {
    const external = labelValue(facts.externalLabels, matcher.name);
    if (external === undefined) rest.push(unmistakable(matcher, facts.ownLabels));
    else if (!createMatcher(matcher).matches(external)) return undefined;
  }
  return rest;
}

/**
 * Remote read takes an equality with one of Prometheus's own external labels for that label and answers all series.
 * Where the label is not ours to answer, series must have it themselves: a regular expression is not taken so.
 */
function unmistakable(matcher: Matcher, ownLabels: Labels): Matcher {
  const { type, name, value } = matcher;
  if (type !== "=" || labelValue(ownLabels, name) !== value) return matcher;
  return { type: "=~", name, value: value.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&") };
}

/** Whether a series without any label would pass, so that Prometheus's label APIs refuse to look. */
export function allMatchEmpty(matchers: readonly Matcher[]): boolean {
  return matchers.every((matcher) => createMatcher(matcher).matches(""));
}
