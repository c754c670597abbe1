import type { Matcher } from "../../model/matcher.ts";
import type { PartialResponse, ShardInfo } from "../../store/store.ts";
import type { Form } from "./form.ts";
import { bad, parseApiDuration, parseTime } from "./go-values.ts";
import { parseShardInfo } from "./shard-info.ts";
import {
  named,
  readBoolean,
  readPartialResponse,
  readReplicaLabels,
  readStoreMatchers,
  readTime,
} from "./shared.ts";

/** What flags say where a request does not. */
export interface QueryDefaults {
  readonly replicaLabels: readonly string[];
  readonly partialResponse: boolean;
  readonly defaultStepMs: number;
  readonly metadataRangeMs: number;
}

/** What instant and range queries have in common. */
export interface QueryParameters {
  readonly query: string;
  readonly timeoutMs: number | undefined;
  readonly dedup: boolean;
  readonly replicaLabels: readonly string[];
  readonly storeMatchers: readonly (readonly Matcher[])[];
  readonly partialResponse: PartialResponse;
  readonly shard: ShardInfo | undefined;
  readonly lookbackDeltaMs: number | undefined;
  readonly stats: boolean;
  /** Whether the answer says what every operator did. */
  readonly analyze: boolean;
}

export interface InstantParameters extends QueryParameters {
  readonly timeMs: number;
}

export interface RangeParameters extends QueryParameters {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

/** Points of one series at most: steps beyond the first. */
const maxSteps = 11_000;

/** Parameters of `/query`, checked in Thanos's order with its texts. Throws GatewayError `bad_data`. */
export function readInstantParameters(form: Form, defaults: QueryDefaults, nowMs: number): InstantParameters {
  const timeMs = readTime(form, "time", nowMs);
  return { timeMs, ...readShared(form, defaults, "instant") };
}

/** Parameters of `/query_range`, likewise. */
export function readRangeParameters(form: Form, defaults: QueryDefaults): RangeParameters {
  const startMs = parseTime(form.first("start"));
  const endMs = parseTime(form.first("end"));
  if (endMs < startMs) throw bad("end timestamp must not be before start time");
  const stepMs = readStep(form, defaults, Math.trunc((endMs - startMs) / 1000));
  if (stepMs <= 0) {
    throw bad("zero or negative query resolution step widths are not accepted. Try a positive integer");
  }
  if (Math.trunc((endMs - startMs) / stepMs) > maxSteps) {
    throw bad(
      "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)",
    );
  }
  // Steps are whole milliseconds, as in Prometheus's engine.
  return { startMs, endMs, stepMs: Math.max(1, Math.trunc(stepMs)), ...readShared(form, defaults, "range") };
}

function readStep(form: Form, defaults: QueryDefaults, rangeSeconds: number): number {
  const text = form.first("step");
  if (text !== "") return named("step", () => parseApiDuration(text));
  return Math.max(Math.trunc(rangeSeconds / 250), Math.trunc(defaults.defaultStepMs / 1000)) * 1000;
}

function readShared(form: Form, defaults: QueryDefaults, kind: "instant" | "range"): QueryParameters {
  const timeout = form.first("timeout");
  const timeoutMs = timeout === "" ? undefined : parseApiDuration(timeout);
  const dedup = readBoolean(form, "dedup", true);
  const replicaLabels = readReplicaLabels(form, defaults.replicaLabels);
  const storeMatchers = readStoreMatchers(form);
  if (kind === "range") checkResolution(form);
  const partialResponse = readPartialResponse(form, defaults.partialResponse);
  if (kind === "instant") checkResolution(form);
  const shard = parseShardInfo(form.first("shard_info"));
  checkEngine(form.first("engine"));
  return {
    query: form.first("query"),
    timeoutMs,
    dedup,
    replicaLabels,
    storeMatchers,
    partialResponse,
    shard,
    lookbackDeltaMs: readLookback(form.first("lookback_delta")),
    stats: form.first("stats") !== "",
    analyze: ["true", "1"].includes(form.first("analyze")),
  };
}

/** `max_source_resolution` is checked; only raw data are asked for. */
function checkResolution(form: Form): void {
  const text = form.first("max_source_resolution");
  if (text === "" || text === "auto") return;
  if (named("max_source_resolution", () => parseApiDuration(text)) < 0) {
    throw bad("negative 'max_source_resolution' is not accepted. Try a positive integer");
  }
}

/** Both of Thanos's engines are answered by the one there is. */
function checkEngine(text: string): void {
  if (text !== "" && text !== "prometheus" && text !== "thanos") throw bad(`'${text}' bad engine`);
}

function readLookback(text: string): number | undefined {
  if (text === "") return undefined;
  const ms = named("lookback_delta", () => parseApiDuration(text));
  return ms > 0 ? Math.max(1, Math.trunc(ms)) : undefined;
}
