import { messageOf } from "../../lib/errors.ts";
import type { Matcher } from "../../model/matcher.ts";
import { allTime, type TimeRange } from "../../model/time-range.ts";
import type { PartialResponse } from "../../store/store.ts";
import type { Form } from "./form.ts";
import { bad, parseLimit } from "./go-values.ts";
import type { QueryDefaults } from "./query.ts";
import {
  readBoolean,
  readMatchers,
  readPartialResponse,
  readReplicaLabels,
  readStoreMatchers,
  readTime,
} from "./shared.ts";

/** Parameters of calls for label names and values. */
export interface LabelParameters {
  readonly range: TimeRange;
  readonly partialResponse: PartialResponse;
  readonly storeMatchers: readonly (readonly Matcher[])[];
  /** Strings at most, 0 for all. */
  readonly limit: number;
  readonly matcherSets: readonly (readonly Matcher[])[];
}

export interface SeriesParameters extends LabelParameters {
  readonly dedup: boolean;
  readonly replicaLabels: readonly string[];
}

/** Parameters of `/labels` and `/label/NAME/values`, checked in Thanos's order. Throws GatewayError `bad_data`. */
export function readLabelParameters(form: Form, defaults: QueryDefaults, nowMs: number): LabelParameters {
  const range = readRange(form, defaults, nowMs);
  const partialResponse = readPartialResponse(form, defaults.partialResponse);
  const storeMatchers = readStoreMatchers(form);
  const limit = parseLimit(form.first("limit"));
  return { range, partialResponse, storeMatchers, limit, matcherSets: readMatchers(form) };
}

/** Parameters of `/series`, likewise. */
export function readSeriesParameters(form: Form, defaults: QueryDefaults, nowMs: number): SeriesParameters {
  if (form.all("match[]").length === 0) throw bad("no match[] parameter provided");
  const range = readRange(form, defaults, nowMs);
  const matcherSets = readMatchers(form);
  const dedup = readBoolean(form, "dedup", true);
  const replicaLabels = readReplicaLabels(form, defaults.replicaLabels);
  const storeMatchers = readStoreMatchers(form);
  const limit = parseLimit(form.first("limit"));
  const partialResponse = readPartialResponse(form, defaults.partialResponse);
  return { range, matcherSets, dedup, replicaLabels, storeMatchers, limit, partialResponse };
}

/** Errors carry their type in the text here, as Thanos's do. */
function readRange(form: Form, { metadataRangeMs }: QueryDefaults, nowMs: number): TimeRange {
  try {
    const fallback = metadataRangeMs === 0 ? allTime : { minMs: nowMs - metadataRangeMs, maxMs: nowMs };
    const minMs = readTime(form, "start", fallback.minMs);
    const maxMs = readTime(form, "end", fallback.maxMs);
    if (maxMs < minMs) throw bad("end timestamp must not be before start time");
    return { minMs, maxMs };
  } catch (error) {
    throw bad(`bad_data: ${messageOf(error)}`, error);
  }
}
