import { type Labels, labelValue } from "../model/labels.ts";
import type { Matcher } from "../model/matcher.ts";
import { type CompiledMatcher, createMatcher } from "../model/matches.ts";
import { intersect, type TimeRange } from "../model/time-range.ts";
import type { QueryableEndpoint } from "./queryable-endpoint.ts";

/** What a call says about the stores that can have data for it. */
export interface EndpointChoice {
  readonly range: TimeRange;
  readonly matchers: readonly Matcher[];
  /** OR over sets; inside a set only `__address__` counts. */
  readonly storeMatchers: readonly (readonly Matcher[])[];
}

/** The endpoints that may have data: in time, by `storeMatch[]`, and by the labels that all their series have. */
export function chooseEndpoints(
  endpoints: readonly QueryableEndpoint[],
  choice: EndpointChoice,
): readonly QueryableEndpoint[] {
  const matchers = choice.matchers.map(createMatcher);
  const addresses = choice.storeMatchers.map((set) =>
    set.filter(({ name }) => name === "__address__").map(createMatcher),
  );
  return endpoints.filter(({ address, store }) => {
    const info = store.info();
    return (
      intersect(info.timeRange, choice.range) !== undefined &&
      (addresses.length === 0 || addresses.some((set) => set.every((matcher) => matcher.matches(address)))) &&
      mayMatch(matchers, info.labelSets)
    );
  });
}

/** Whether an endpoint that cannot be asked could have been chosen, by what it advertised last; all could that never did. */
export function mayBeChosen(
  address: string,
  info: { readonly labelSets: readonly Labels[]; readonly timeRange: TimeRange } | undefined,
  choice: EndpointChoice,
): boolean {
  return (
    matchesAddress(address, choice) &&
    (info === undefined ||
      (intersect(info.timeRange, choice.range) !== undefined &&
        mayMatch(choice.matchers.map(createMatcher), info.labelSets)))
  );
}

function matchesAddress(address: string, { storeMatchers }: EndpointChoice): boolean {
  const sets = storeMatchers.map((set) =>
    set.filter(({ name }) => name === "__address__").map(createMatcher),
  );
  return sets.length === 0 || sets.some((set) => set.every((matcher) => matcher.matches(address)));
}

/** Whether some label set lets the matchers pass; a label that a set lacks is left to the series. */
export function mayMatch(matchers: readonly CompiledMatcher[], labelSets: readonly Labels[]): boolean {
  if (labelSets.length === 0) return true;
  return labelSets.some((labels) =>
    matchers.every((matcher) => {
      const value = labelValue(labels, matcher.name);
      return value === undefined || matcher.matches(value);
    }),
  );
}
