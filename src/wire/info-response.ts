import { create } from "@bufbuild/protobuf";
import { type Labels, sortLabels } from "../model/labels.ts";
import { allTime, type TimeRange } from "../model/time-range.ts";
import {
  type InfoResponse,
  InfoResponseSchema,
  type StoreInfo,
  StoreInfoSchema,
} from "./gen/thanos/info/info_pb.ts";
import type { ZLabelSet } from "./gen/thanos/labels_pb.ts";
import { rangeFromInt64, rangeToInt64 } from "./int64.ts";

export type WireEndpointApi = "store" | "rules" | "metadata" | "targets" | "exemplars" | "query" | "status";

/** An answer of thanos.info.Info. What only the StoreAPI's part says is empty, false or all time where there is none. */
export interface WireInfo {
  readonly labelSets: readonly Labels[];
  /** `sidecar`, `store`, `query`, `rule`, `receive`, … */
  readonly component: string;
  /** Services that the endpoint serves: an empty sub-message for each is on the wire. */
  readonly apis: ReadonlySet<WireEndpointApi>;
  readonly timeRange: TimeRange;
  readonly supportsSharding: boolean;
  readonly supportsWithoutReplicaLabels: boolean;
  readonly tsdbInfos: readonly { readonly labels: Labels; readonly timeRange: TimeRange }[];
  /** Where the exemplars API has data; a querier leaves it out. */
  readonly exemplarsRange?: TimeRange | undefined;
}

export function toInfoMessage(info: WireInfo): InfoResponse {
  const { apis } = info;
  const exemplars = info.exemplarsRange === undefined ? undefined : rangeToInt64(info.exemplarsRange);
  return create(InfoResponseSchema, {
    labelSets: info.labelSets.map(toLabelSet),
    componentType: info.component,
    ...(apis.has("store") ? { store: toStoreInfo(info) } : {}),
    ...(apis.has("rules") ? { rules: {} } : {}),
    ...(apis.has("metadata") ? { metricMetadata: {} } : {}),
    ...(apis.has("targets") ? { targets: {} } : {}),
    ...(apis.has("exemplars")
      ? { exemplars: { minTime: exemplars?.min ?? 0n, maxTime: exemplars?.max ?? 0n } }
      : {}),
    ...(apis.has("query") ? { query: {} } : {}),
    ...(apis.has("status") ? { status: {} } : {}),
  });
}

export function fromInfoMessage(message: InfoResponse): WireInfo {
  const { store, exemplars } = message;
  return {
    labelSets: message.labelSets.map(fromLabelSet),
    component: message.componentType,
    apis: apisOf(message),
    timeRange: store === undefined ? allTime : rangeFromInt64(store.minTime, store.maxTime),
    supportsSharding: store?.supportsSharding ?? false,
    supportsWithoutReplicaLabels: store?.supportsWithoutReplicaLabels ?? false,
    tsdbInfos: (store?.tsdbInfos ?? []).map((tsdb) => ({
      labels: fromLabelSet(tsdb.labels),
      timeRange: rangeFromInt64(tsdb.minTime, tsdb.maxTime),
    })),
    exemplarsRange:
      exemplars === undefined ? undefined : rangeFromInt64(exemplars.minTime, exemplars.maxTime),
  };
}

function apisOf(message: InfoResponse): ReadonlySet<WireEndpointApi> {
  const apis = new Set<WireEndpointApi>();
  if (message.store !== undefined) apis.add("store");
  if (message.rules !== undefined) apis.add("rules");
  if (message.metricMetadata !== undefined) apis.add("metadata");
  if (message.targets !== undefined) apis.add("targets");
  if (message.exemplars !== undefined) apis.add("exemplars");
  if (message.query !== undefined) apis.add("query");
  if (message.status !== undefined) apis.add("status");
  return apis;
}

function toStoreInfo(info: WireInfo): StoreInfo {
  const { min, max } = rangeToInt64(info.timeRange);
  return create(StoreInfoSchema, {
    minTime: min,
    maxTime: max,
    supportsSharding: info.supportsSharding,
    supportsWithoutReplicaLabels: info.supportsWithoutReplicaLabels,
    supportsProjections: false,
    tsdbInfos: info.tsdbInfos.map((tsdb) => {
      const range = rangeToInt64(tsdb.timeRange);
      return { labels: toLabelSet(tsdb.labels), minTime: range.min, maxTime: range.max };
    }),
  });
}

/** Labels as a message of the init shape. */
export function toLabelSet(labels: Labels): { labels: { name: string; value: string }[] } {
  return { labels: labels.map(({ name, value }) => ({ name, value })) };
}

/** Labels of a message, sorted; none where it is absent. */
export function fromLabelSet(set: Pick<ZLabelSet, "labels"> | undefined): Labels {
  return set === undefined ? [] : sortLabels(set.labels.map(({ name, value }) => ({ name, value })));
}
