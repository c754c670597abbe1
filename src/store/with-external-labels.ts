import { compareBytewise } from "../lib/bytes.ts";
import { GatewayError } from "../lib/errors.ts";
import { stripMatched } from "../model/label-matching.ts";
import { type Labels, labelValue } from "../model/labels.ts";
import { withLabels } from "../wire/edit-wire-labels.ts";
import { encodeLabels } from "../wire/wire-labels.ts";
import { sortedRows } from "./sorted-rows.ts";
import type { LabelRequest, Store } from "./store.ts";

/**
 * Puts the same labels on every series of this store, over labels of the same name, and advertises them. Requests are
 * matched against them first; labels that a request leaves out are not put in. As new labels change the order of
 * series, answers are held, counted, and sorted.
 */
export function withExternalLabels(inner: Store, external: Labels): Store {
  const kept = (without: readonly string[]) => external.filter(({ name }) => !without.includes(name));
  const present = async (ctx: Parameters<Store["labelNames"]>[0], request: LabelRequest): Promise<boolean> =>
    (await inner.labelNames(ctx, { ...request, limit: 1 })).length > 0;
  return {
    ...inner,
    info: () => ({ ...inner.info(), labelSets: [external], supportsWithoutReplicaLabels: true }),
    async *series(ctx, request) {
      const matchers = stripMatched(request.matchers, external);
      if (matchers === undefined) return;
      if (matchers.length === 0)
        throw new GatewayError("bad_data", "no matchers specified (excluding external labels)");
      const labels = encodeLabels(kept(request.withoutReplicaLabels));
      yield* sortedRows(inner.series(ctx, { ...request, matchers, limit: 0 }), {
        memory: ctx.memory,
        relabel: (bytes, end) => withLabels(bytes, 0, end, labels),
      });
    },
    async labelNames(ctx, request) {
      const matchers = stripMatched(request.matchers, external);
      if (matchers === undefined) return [];
      const names = await inner.labelNames(ctx, { ...request, matchers, limit: 0 });
      if (names.length === 0) return [];
      const all = new Set([...names, ...kept(request.withoutReplicaLabels).map(({ name }) => name)]);
      return limited([...all], request.limit);
    },
    async labelValues(ctx, request) {
      if (request.label === "") throw new GatewayError("bad_data", "label name parameter cannot be empty");
      if (request.withoutReplicaLabels.includes(request.label)) return [];
      const matchers = stripMatched(request.matchers, external);
      if (matchers === undefined) return [];
      const value = labelValue(external, request.label);
      if (value === undefined) return inner.labelValues(ctx, { ...request, matchers });
      return (await present(ctx, { ...request, matchers })) ? [value] : [];
    },
  };
}

function limited(values: string[], limit: number): string[] {
  const sorted = values.sort(compareBytewise);
  return limit > 0 ? sorted.slice(0, limit) : sorted;
}
