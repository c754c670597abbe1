import { compareBytewise } from "../../lib/bytes.ts";
import { GatewayError } from "../../lib/errors.ts";
import { labelValue } from "../../model/labels.ts";
import type { Matcher } from "../../model/matcher.ts";
import { intersect, type TimeRange } from "../../model/time-range.ts";
import type { LabelRequest } from "../../store/store.ts";
import type { ApiCall, PrometheusApi } from "./prometheus-api.ts";
import type { PrometheusFacts } from "./prometheus-facts.ts";
import { splitMatchers } from "./split-matchers.ts";

export interface LabelSource {
  readonly api: PrometheusApi;
  readonly facts: PrometheusFacts;
  readonly call: ApiCall;
}

/** Names of Prometheus and of the external labels, where any series is there; sorted. */
export async function readLabelNames(source: LabelSource, request: LabelRequest): Promise<readonly string[]> {
  const query = innerQuery(source.facts, request);
  if (query === undefined) return [];
  const names = new Set(await innerNames(source, query));
  if (names.size === 0) return [];
  for (const { name } of source.facts.externalLabels) names.add(name);
  for (const name of request.withoutReplicaLabels) names.delete(name);
  return sortedPart(names, request.limit);
}

/** Values of one label, sorted. Those of an external label are asked for only where other matchers decide. */
export async function readLabelValues(
  source: LabelSource,
  request: LabelRequest & { readonly label: string },
): Promise<readonly string[]> {
  const { label } = request;
  if (label === "") throw new GatewayError("bad_data", "label name parameter cannot be empty");
  if (request.withoutReplicaLabels.includes(label)) return [];
  const query = innerQuery(source.facts, request);
  if (query === undefined) return [];
  const external = labelValue(source.facts.externalLabels, label);
  if (external !== undefined) {
    if (query.matchers.length === 0) return [external];
    const series = await source.api.series(source.call, { ...query, limit: 1 });
    return series.length > 0 ? [external] : [];
  }
  return sortedPart(new Set(await innerValues(source, { ...query, label })), request.limit);
}

interface InnerQuery {
  readonly range: TimeRange;
  readonly matchers: readonly Matcher[];
  readonly limit: number;
}

/** The request without what is ours to answer; `undefined` where the answer is empty already. */
function innerQuery(facts: PrometheusFacts, request: LabelRequest): InnerQuery | undefined {
  const matchers = splitMatchers(request.matchers, facts);
  const range = intersect(request.range, { minMs: facts.minMs, maxMs: Number.POSITIVE_INFINITY });
  if (matchers === undefined || range === undefined) return undefined;
  // Names that are left out here may be among the first ones there.
  const limit = request.limit > 0 ? request.limit + request.withoutReplicaLabels.length : 0;
  return { range, matchers, limit };
}

async function innerNames({ api, facts, call }: LabelSource, query: InnerQuery): Promise<Iterable<string>> {
  if (query.matchers.length === 0 || facts.takesLabelMatchers) return await api.labelNames(call, query);
  const series = await api.series(call, { ...query, limit: 0 });
  return series.flatMap((labels) => labels.map(({ name }) => name));
}

async function innerValues(
  { api, facts, call }: LabelSource,
  query: InnerQuery & { readonly label: string },
): Promise<Iterable<string>> {
  if (query.matchers.length === 0 || facts.takesLabelMatchers) return await api.labelValues(call, query);
  const series = await api.series(call, { ...query, limit: 0 });
  return series.flatMap((labels) => labelValue(labels, query.label) ?? []);
}

function sortedPart(texts: ReadonlySet<string>, limit: number): readonly string[] {
  const sorted = [...texts].sort(compareBytewise);
  return limit > 0 ? sorted.slice(0, limit) : sorted;
}
