import type { Labels } from "../model/labels.ts";
import type { TimeRange } from "../model/time-range.ts";
import type { QueryContext, Store, StoreInfo } from "./store.ts";

/** One TSDB behind an endpoint. */
export interface TsdbInfo {
  readonly labels: Labels;
  readonly timeRange: TimeRange;
}

/** APIs that an endpoint may serve, by the sub-messages of its Info answer. */
export type EndpointApi = "store" | "rules" | "metadata" | "targets" | "exemplars" | "query" | "status";

/** An answer of thanos.info.Info. `timeRange` is all time where it serves no StoreAPI. */
export interface EndpointInfo extends StoreInfo {
  readonly component: string;
  readonly tsdbInfos: readonly TsdbInfo[];
  readonly apis: ReadonlySet<EndpointApi>;
}

/** A peer that speaks Thanos's gRPC services: its address, its connection and the store over it. */
export interface Endpoint {
  readonly address: string;
  /** Asks Info; throws GatewayError `unavailable` that names the address. */
  fetchInfo(ctx: Pick<QueryContext, "signal" | "deadlineMs">): Promise<EndpointInfo>;
  /** The StoreAPI of this peer; `info` is read at every call of `Store.info()`. */
  store(info: () => StoreInfo): Store;
  /** Ends the connection after calls in flight are done or `graceMs` is over. */
  close(graceMs?: number): Promise<void>;
}
