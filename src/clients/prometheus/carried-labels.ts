import { escapeLabelName } from "./label-name-escape.ts";
import type { ApiCall, LabelQuery, PrometheusApi } from "./prometheus-api.ts";

export interface CarriedQuery extends Pick<LabelQuery, "range" | "matchers"> {
  readonly names: readonly string[];
  readonly takesLabelMatchers: boolean;
}

/**
 * Whether series that a query can meet may carry a label of one of these names themselves. Remote read cannot tell,
 * because Prometheus's own external labels look the same there; label values can, because they know none of those.
 * What cannot be found out counts as yes.
 */
export async function mayCarryLabels(
  api: PrometheusApi,
  call: ApiCall,
  query: CarriedQuery,
): Promise<boolean> {
  const answers = await Promise.all(query.names.map((name) => mayCarryLabel(api, call, { ...query, name })));
  return answers.includes(true);
}

async function mayCarryLabel(
  api: PrometheusApi,
  call: ApiCall,
  query: CarriedQuery & { readonly name: string },
): Promise<boolean> {
  const { name, range, takesLabelMatchers } = query;
  // A name that needs escaping is unknown to every Prometheus that does not know the escapes.
  if (escapeLabelName(name) !== name && !takesLabelMatchers) return false;
  const anyValue = async (matchers: LabelQuery["matchers"]) =>
    (await api.labelValues(call, { label: name, range, matchers, limit: 1 })).length > 0;
  try {
    // Without matchers it costs next to nothing, and mostly the answer is none.
    if (!(await anyValue([]))) return false;
    return !takesLabelMatchers || query.matchers.length === 0 || (await anyValue(query.matchers));
  } catch {
    call.signal.throwIfAborted();
    return true;
  }
}
