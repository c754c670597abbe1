import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { GatewayError } from "../lib/errors.ts";
import type { Matcher } from "../model/matcher.ts";
import type { TimeRange } from "../model/time-range.ts";
import {
  Aggr,
  PartialResponseStrategy,
  type QueryHints,
  QueryHintsSchema,
  type SeriesRequest,
  SeriesRequestSchema,
  type ShardInfo,
  ShardInfoSchema,
} from "./gen/thanos/store_pb.ts";
import { fromInt64, rangeFromInt64, rangeToInt64, toInt64 } from "./int64.ts";
import { fromWireMatchers, toWireMatchers } from "./wire-matchers.ts";

export type WireAggregate = keyof typeof Aggr;
export type WirePartialResponse = "warn" | "abort";

export interface WireShardInfo {
  readonly shardIndex: number;
  readonly totalShards: number;
  readonly by: boolean;
  readonly labels: readonly string[];
}

/** What the caller will do with the series; a store may use it to answer less. */
export interface WireQueryHints {
  readonly stepMs: number;
  /** "" for none. */
  readonly func: string;
  readonly grouping: { readonly by: boolean; readonly labels: readonly string[] } | undefined;
  /** 0 for none. */
  readonly rangeMs: number;
  readonly projectionLabels: readonly string[];
  readonly projectionInclude: boolean;
  readonly seriesHashLabelName: string;
}

/** The store's SeriesRequest as far as it travels, and what only the wire has. Unbounded times are ±Infinity. */
export interface WireSeriesRequest {
  readonly range: TimeRange;
  readonly matchers: readonly Matcher[];
  readonly withoutReplicaLabels: readonly string[];
  readonly partialResponse: WirePartialResponse;
  readonly skipChunks: boolean;
  readonly limit: number;
  readonly maxResolutionMs: number;
  readonly aggregates: readonly WireAggregate[];
  readonly shard: WireShardInfo | undefined;
  /** Series in one frame that the client asks for; 0 and 1 for single ones. */
  readonly responseBatchSize: number;
  readonly queryHints?: WireQueryHints | undefined;
}

/** The bytes of a StoreAPI SeriesRequest. */
export function encodeSeriesRequest(request: WireSeriesRequest): Uint8Array {
  return toBinary(SeriesRequestSchema, toSeriesRequestMessage(request));
}

/** Reads a StoreAPI SeriesRequest; throws GatewayError `bad_data` for broken bytes and unknown matcher types. */
export function decodeSeriesRequest(bytes: Uint8Array): WireSeriesRequest {
  let message: SeriesRequest;
  try {
    message = fromBinary(SeriesRequestSchema, bytes);
  } catch (error) {
    throw GatewayError.from(error, "bad_data");
  }
  return fromSeriesRequestMessage(message);
}

/** The request as a generated message. */
export function toSeriesRequestMessage(request: WireSeriesRequest): SeriesRequest {
  const { min, max } = rangeToInt64(request.range);
  const { shard, queryHints } = request;
  return create(SeriesRequestSchema, {
    minTime: min,
    maxTime: max,
    matchers: toWireMatchers(request.matchers),
    maxResolutionWindow: toInt64(request.maxResolutionMs),
    aggregates: request.aggregates.map((name) => Aggr[name]),
    partialResponseStrategy: toStrategy(request.partialResponse),
    skipChunks: request.skipChunks,
    withoutReplicaLabels: [...request.withoutReplicaLabels],
    limit: toInt64(request.limit),
    responseBatchSize: toInt64(request.responseBatchSize),
    ...(shard === undefined ? {} : { shardInfo: toShardMessage(shard) }),
    ...(queryHints === undefined ? {} : { queryHints: toHintsMessage(queryHints) }),
  });
}

/** A generated message as a request; throws GatewayError `bad_data` for unknown matcher types. */
export function fromSeriesRequestMessage(message: SeriesRequest): WireSeriesRequest {
  return {
    range: rangeFromInt64(message.minTime, message.maxTime),
    matchers: fromWireMatchers(message.matchers),
    withoutReplicaLabels: message.withoutReplicaLabels,
    partialResponse: fromStrategy(message),
    skipChunks: message.skipChunks,
    limit: fromInt64(message.limit),
    maxResolutionMs: fromInt64(message.maxResolutionWindow),
    aggregates: message.aggregates.flatMap((value) => aggregateNames[value] ?? []),
    shard: message.shardInfo === undefined ? undefined : fromShardMessage(message.shardInfo),
    responseBatchSize: fromInt64(message.responseBatchSize),
    queryHints: message.queryHints === undefined ? undefined : fromHintsMessage(message.queryHints),
  };
}

const aggregateNames: readonly WireAggregate[] = ["RAW", "COUNT", "SUM", "MIN", "MAX", "COUNTER"];

export function toStrategy(partialResponse: WirePartialResponse): PartialResponseStrategy {
  return partialResponse === "abort" ? PartialResponseStrategy.ABORT : PartialResponseStrategy.WARN;
}

/** Either of the two fields that requests have for it. */
export function fromStrategy(message: {
  readonly partialResponseDisabled?: boolean;
  readonly partialResponseStrategy: PartialResponseStrategy;
}): WirePartialResponse {
  const abort = message.partialResponseStrategy === PartialResponseStrategy.ABORT;
  return abort || message.partialResponseDisabled === true ? "abort" : "warn";
}

export function toShardMessage(shard: WireShardInfo): ShardInfo {
  return create(ShardInfoSchema, {
    shardIndex: toInt64(shard.shardIndex),
    totalShards: toInt64(shard.totalShards),
    by: shard.by,
    labels: [...shard.labels],
  });
}

export function fromShardMessage(message: ShardInfo): WireShardInfo {
  return {
    shardIndex: fromInt64(message.shardIndex),
    totalShards: fromInt64(message.totalShards),
    by: message.by,
    labels: message.labels,
  };
}

function toHintsMessage(hints: WireQueryHints): QueryHints {
  const { grouping } = hints;
  return create(QueryHintsSchema, {
    stepMillis: toInt64(hints.stepMs),
    ...(hints.func === "" ? {} : { func: { name: hints.func } }),
    ...(grouping === undefined ? {} : { grouping: { by: grouping.by, labels: [...grouping.labels] } }),
    ...(hints.rangeMs === 0 ? {} : { range: { millis: toInt64(hints.rangeMs) } }),
    projectionLabels: [...hints.projectionLabels],
    projectionInclude: hints.projectionInclude,
    seriesHashLabelName: hints.seriesHashLabelName,
  });
}

function fromHintsMessage(message: QueryHints): WireQueryHints {
  const { grouping } = message;
  return {
    stepMs: fromInt64(message.stepMillis),
    func: message.func?.name ?? "",
    grouping: grouping === undefined ? undefined : { by: grouping.by, labels: grouping.labels },
    rangeMs: message.range === undefined ? 0 : fromInt64(message.range.millis),
    projectionLabels: message.projectionLabels,
    projectionInclude: message.projectionInclude,
    seriesHashLabelName: message.seriesHashLabelName,
  };
}
