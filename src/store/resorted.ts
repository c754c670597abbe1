import { hasLabelOf, withoutLabels } from "../wire/edit-wire-labels.ts";
import { nameBytes } from "../wire/string-cache.ts";
import { sortedRows } from "./sorted-rows.ts";
import type { Store } from "./store.ts";

/**
 * Honours `withoutReplicaLabels` for a store that does not: taking a label out changes the order of series, so the whole
 * answer is held, counted, and sorted before its first row goes out.
 */
export function resorted(inner: Store): Store {
  return {
    ...inner,
    info: () => ({ ...inner.info(), supportsWithoutReplicaLabels: true }),
    async *series(ctx, request) {
      if (request.withoutReplicaLabels.length === 0) {
        yield* inner.series(ctx, request);
        return;
      }
      const names = request.withoutReplicaLabels.map(nameBytes);
      yield* sortedRows(inner.series(ctx, { ...request, withoutReplicaLabels: [], limit: 0 }), {
        memory: ctx.memory,
        relabel: (bytes, end) =>
          hasLabelOf(bytes, 0, end, names) ? withoutLabels(bytes, 0, end, names) : bytes.subarray(0, end),
      });
    },
    async labelNames(ctx, request) {
      const names = await inner.labelNames(ctx, { ...request, withoutReplicaLabels: [] });
      return names.filter((name) => !request.withoutReplicaLabels.includes(name));
    },
    async labelValues(ctx, request) {
      if (request.withoutReplicaLabels.includes(request.label)) return [];
      return inner.labelValues(ctx, { ...request, withoutReplicaLabels: [] });
    },
  };
}
