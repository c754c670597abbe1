import { GatewayError } from "../../lib/errors.ts";
import type { Labels } from "../../model/labels.ts";
import { parseExternalLabels } from "./external-labels.ts";
import { learnOwnLabels } from "./learn-own-labels.ts";
import { readLowestTimestamp } from "./lowest-timestamp.ts";
import type { ApiCall, PrometheusApi } from "./prometheus-api.ts";
import type { PrometheusFacts } from "./prometheus-facts.ts";
import { takesLabelMatchers } from "./prometheus-version.ts";

export interface LearnOptions {
  /** Labels that stand in place of Prometheus's own; empty for those. */
  readonly labels: Labels;
  /** Oldest time that may be answered, Unix milliseconds. */
  readonly minTimeMs: number;
  readonly nowMs: number;
}

/** Asks a Prometheus for everything a sidecar must know of it. Throws GatewayError that says in one sentence what is missing. */
export async function learnFacts(
  api: PrometheusApi,
  call: ApiCall,
  options: LearnOptions,
): Promise<PrometheusFacts> {
  const [version, lowestMs, ownLabels] = await Promise.all([
    api.version(call),
    learnLowestTimestamp(api, call),
    learnLabels(api, call, options),
  ]);
  const externalLabels = options.labels.length > 0 ? options.labels : ownLabels;
  if (externalLabels.length === 0) {
    throw new GatewayError(
      "unavailable",
      "no external labels configured on Prometheus server, uniquely identifying external labels must be configured " +
        'there or given with --label name="value"',
    );
  }
  return {
    externalLabels,
    ownLabels,
    minMs: Math.max(options.minTimeMs, lowestMs),
    takesLabelMatchers: takesLabelMatchers(version),
  };
}

async function learnLowestTimestamp(api: PrometheusApi, call: ApiCall): Promise<number> {
  const body = await api.metrics(call);
  if (body === undefined) return Number.NEGATIVE_INFINITY;
  return (await readLowestTimestamp(body)) ?? Number.NEGATIVE_INFINITY;
}

async function learnLabels(api: PrometheusApi, call: ApiCall, options: LearnOptions): Promise<Labels> {
  const yaml = await api.config(call);
  if (yaml !== undefined) return parseExternalLabels(yaml);
  if (options.labels.length > 0) return await learnOwnLabels(api, call, options.nowMs);
  throw new GatewayError(
    "unavailable",
    'Cannot read the configuration of Prometheus: it refuses, wants its external labels given with --label name="value"',
  );
}
