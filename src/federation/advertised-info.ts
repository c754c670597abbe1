import { compareLabels, type Labels, labelValue, sortLabels } from "../model/labels.ts";
import { allTime, type TimeRange } from "../model/time-range.ts";
import type { StoreInfo } from "../store/store.ts";
import type { QueryableEndpoint } from "./queryable-endpoint.ts";
import type { TsdbSelector } from "./tsdb-selector.ts";

/**
 * What a federation tells others of itself: each member's label sets with the selector labels put over them, each once;
 * the selector labels alone where there are none; from the earliest to the latest time, all time without members.
 */
export function advertisedInfo(
  members: readonly QueryableEndpoint[],
  options: { readonly selectorLabels: Labels; readonly tsdbSelector: TsdbSelector | undefined },
): StoreInfo {
  return {
    labelSets: labelSetsOf(members, options.selectorLabels, options.tsdbSelector),
    timeRange: timeRangeOf(members),
    component: "query",
    supportsSharding: true,
    supportsWithoutReplicaLabels: true,
  };
}

function labelSetsOf(
  members: readonly QueryableEndpoint[],
  selectorLabels: Labels,
  selector: TsdbSelector | undefined,
): readonly Labels[] {
  const sets = members.flatMap(({ store }) => {
    const { labelSets } = store.info();
    return selector === undefined || labelSets.length === 0 ? labelSets : (selector(labelSets) ?? []);
  });
  const extended = sets
    .map((labels) => extend(labels, selectorLabels))
    .sort(compareLabels)
    .filter((labels, i, all) => i === 0 || compareLabels(labels, all[i - 1] as Labels) !== 0);
  if (extended.length > 0) return extended;
  return selectorLabels.length > 0 ? [selectorLabels] : [];
}

function extend(labels: Labels, over: Labels): Labels {
  if (over.length === 0) return labels;
  return sortLabels([...labels.filter(({ name }) => labelValue(over, name) === undefined), ...over]);
}

function timeRangeOf(members: readonly QueryableEndpoint[]): TimeRange {
  if (members.length === 0) return allTime;
  const ranges = members.map(({ store }) => store.info().timeRange);
  return {
    minMs: Math.min(...ranges.map(({ minMs }) => minMs)),
    maxMs: Math.max(...ranges.map(({ maxMs }) => maxMs)),
  };
}
