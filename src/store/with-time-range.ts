import { intersect, type TimeRange } from "../model/time-range.ts";
import type { Store } from "./store.ts";

/** Answers only for `range`: requests outside it are empty, requests across its edge are clamped. */
export function withTimeRange(inner: Store, range: TimeRange): Store {
  return {
    ...inner,
    info() {
      const info = inner.info();
      return { ...info, timeRange: intersect(info.timeRange, range) ?? range };
    },
    async *series(ctx, request) {
      const clamped = intersect(request.range, range);
      if (clamped !== undefined) yield* inner.series(ctx, { ...request, range: clamped });
    },
    async labelNames(ctx, request) {
      const clamped = intersect(request.range, range);
      return clamped === undefined ? [] : inner.labelNames(ctx, { ...request, range: clamped });
    },
    async labelValues(ctx, request) {
      const clamped = intersect(request.range, range);
      return clamped === undefined ? [] : inner.labelValues(ctx, { ...request, range: clamped });
    },
  };
}
