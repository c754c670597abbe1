import type { CompletenessLog } from "../model/completeness.ts";
import type { Labels } from "../model/labels.ts";
import type { Matcher } from "../model/matcher.ts";
import type { TimeRange } from "../model/time-range.ts";
import type { SeriesBatch } from "../wire/series-batch.ts";

/** What a store advertised last. */
export interface StoreInfo {
  /** External label sets; empty where the store has none or they were never learnt. */
  readonly labelSets: readonly Labels[];
  readonly timeRange: TimeRange;
  /** Thanos's component word: `sidecar`, `store`, `query`, `rule`, `receive`, …; `undefined` before the first Info. */
  readonly component: string | undefined;
  readonly supportsSharding: boolean;
  /** Whether `withoutReplicaLabels` is honoured, which also means that the stream is sorted without them. */
  readonly supportsWithoutReplicaLabels: boolean;
}

/** What one query carries down to every store it meets. */
export interface QueryContext {
  /** Aborted when the caller leaves, the time is up or the query has failed. */
  readonly signal: AbortSignal;
  /** When the query must end, Unix milliseconds; `undefined` for never. Sent to leaves as `grpc-timeout`. */
  readonly deadlineMs: number | undefined;
  /** Adds a warning to the answer; the same text counts once. */
  warn(message: string): void;
  /** Metadata that goes along, lower-case (`thanos-tenant`, `request-id`, `traceparent`). */
  readonly metadata: Readonly<Record<string, string>>;
  /** Where bytes held for this query are counted. */
  readonly memory: MemoryAccount;
  /** Where it is noted which expected clusters are in the answer; `undefined` where nobody asks. */
  readonly completeness?: CompletenessLog | undefined;
}

/** A count of bytes held against a limit. */
export interface MemoryAccount {
  /** Counts `sizeBytes` more. Throws GatewayError `execution`, naming the limit, where it would be passed. */
  take(sizeBytes: number): void;
  /** Gives back what `take` counted. */
  give(sizeBytes: number): void;
}

export type PartialResponse = "warn" | "abort";

/** Thanos's ShardInfo: keep series whose hash of `labels` (`by`) or of all others (not `by`) falls on `shardIndex`. */
export interface ShardInfo {
  readonly shardIndex: number;
  readonly totalShards: number;
  readonly by: boolean;
  readonly labels: readonly string[];
}

export interface SeriesRequest {
  readonly range: TimeRange;
  readonly matchers: readonly Matcher[];
  /** Labels to leave out; the stream is sorted as if they never were. */
  readonly withoutReplicaLabels: readonly string[];
  readonly partialResponse: PartialResponse;
  readonly skipChunks: boolean;
  /** Series at most, 0 for all. */
  readonly limit: number;
  /** Coarsest resolution that may be answered, ms; 0 for raw only. */
  readonly maxResolutionMs: number;
  /** Names of `chunkKinds`, upper-case as in StoreAPI's Aggr; raw is always accepted. */
  readonly aggregates: readonly ("RAW" | "COUNT" | "SUM" | "MIN" | "MAX" | "COUNTER")[];
  readonly shard: ShardInfo | undefined;
  /** Thanos's storeMatch[]: OR over sets, only `__address__` counts inside one. */
  readonly storeMatchers: readonly (readonly Matcher[])[];
}

export interface LabelRequest {
  readonly range: TimeRange;
  readonly matchers: readonly Matcher[];
  readonly withoutReplicaLabels: readonly string[];
  readonly partialResponse: PartialResponse;
  readonly limit: number;
  readonly storeMatchers: readonly (readonly Matcher[])[];
}

/** Anything that answers series queries: one Prometheus, one Thanos component, a federation of stores. A plain object. */
export interface Store {
  /** For warnings and logs, e.g. `10.0.0.1:10901`. */
  readonly name: string;
  info(): StoreInfo;
  /**
   * Yields batches of series in label order (Go's `labels.Compare` over bytes).
   * A batch is valid until the next one is asked for. Frees its connection when the consumer stops or ctx.signal aborts.
   * Throws GatewayError: the whole answer is lost. Under `partialResponse: "warn"` a federation yields warnings instead.
   */
  series(ctx: QueryContext, request: SeriesRequest): AsyncIterable<SeriesBatch>;
  /** Sorted, without duplicates. Warnings go to `ctx.warn`. */
  labelNames(ctx: QueryContext, request: LabelRequest): Promise<readonly string[]>;
  /** Sorted, without duplicates. */
  labelValues(
    ctx: QueryContext,
    request: LabelRequest & { readonly label: string },
  ): Promise<readonly string[]>;
}
