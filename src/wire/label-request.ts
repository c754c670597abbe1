import { create } from "@bufbuild/protobuf";
import type { Any } from "@bufbuild/protobuf/wkt";
import type { ClusterOutcome } from "../model/completeness.ts";
import type { Matcher } from "../model/matcher.ts";
import type { TimeRange } from "../model/time-range.ts";
import { fromCompletenessHint, toCompletenessHint } from "./completeness-hint.ts";
import {
  type LabelNamesRequest,
  LabelNamesRequestSchema,
  type LabelNamesResponse,
  LabelNamesResponseSchema,
  type LabelValuesRequest,
  LabelValuesRequestSchema,
  type LabelValuesResponse,
  LabelValuesResponseSchema,
} from "./gen/thanos/store_pb.ts";
import { fromInt64, rangeFromInt64, rangeToInt64, toInt64 } from "./int64.ts";
import { fromStrategy, toStrategy, type WirePartialResponse } from "./series-request.ts";
import { fromWireMatchers, toWireMatchers } from "./wire-matchers.ts";

/** The store's LabelRequest as far as it travels. */
export interface WireLabelRequest {
  readonly range: TimeRange;
  readonly matchers: readonly Matcher[];
  readonly withoutReplicaLabels: readonly string[];
  readonly partialResponse: WirePartialResponse;
  readonly limit: number;
}

/** An answer of names or values. */
export interface WireLabelAnswer {
  readonly values: readonly string[];
  readonly warnings: readonly string[];
  /** What a gateway says of the clusters behind it; [] for nothing. */
  readonly clusters: readonly ClusterOutcome[];
}

export function toLabelNamesMessage(request: WireLabelRequest): LabelNamesRequest {
  return create(LabelNamesRequestSchema, labelFields(request));
}

export function toLabelValuesMessage(
  request: WireLabelRequest & { readonly label: string },
): LabelValuesRequest {
  return create(LabelValuesRequestSchema, { ...labelFields(request), label: request.label });
}

/** Throws GatewayError `bad_data` for unknown matcher types, as does `fromLabelValuesMessage`. */
export function fromLabelNamesMessage(message: LabelNamesRequest): WireLabelRequest {
  return labelRequestOf(message);
}

export function fromLabelValuesMessage(
  message: LabelValuesRequest,
): WireLabelRequest & { readonly label: string } {
  return { ...labelRequestOf(message), label: message.label };
}

export function toLabelNamesAnswer(answer: WireLabelAnswer): LabelNamesResponse {
  return create(LabelNamesResponseSchema, { names: [...answer.values], ...restOf(answer) });
}

export function toLabelValuesAnswer(answer: WireLabelAnswer): LabelValuesResponse {
  return create(LabelValuesResponseSchema, { values: [...answer.values], ...restOf(answer) });
}

export function fromLabelNamesAnswer(message: LabelNamesResponse): WireLabelAnswer {
  return { values: message.names, warnings: message.warnings, clusters: clustersOf(message) };
}

export function fromLabelValuesAnswer(message: LabelValuesResponse): WireLabelAnswer {
  return { values: message.values, warnings: message.warnings, clusters: clustersOf(message) };
}

function labelFields(request: WireLabelRequest) {
  const { min, max } = rangeToInt64(request.range);
  return {
    start: min,
    end: max,
    matchers: toWireMatchers(request.matchers),
    withoutReplicaLabels: [...request.withoutReplicaLabels],
    partialResponseStrategy: toStrategy(request.partialResponse),
    limit: toInt64(request.limit),
  };
}

function labelRequestOf(message: LabelNamesRequest | LabelValuesRequest): WireLabelRequest {
  return {
    range: rangeFromInt64(message.start, message.end),
    matchers: fromWireMatchers(message.matchers),
    withoutReplicaLabels: message.withoutReplicaLabels,
    partialResponse: fromStrategy(message),
    limit: fromInt64(message.limit),
  };
}

function restOf({ warnings, clusters }: WireLabelAnswer) {
  return {
    warnings: [...warnings],
    ...(clusters.length === 0 ? {} : { hints: toCompletenessHint(clusters) }),
  };
}

function clustersOf({ hints }: { readonly hints?: Any | undefined }): readonly ClusterOutcome[] {
  return fromCompletenessHint(hints) ?? [];
}
