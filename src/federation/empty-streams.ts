import type { Store } from "../store/store.ts";
import type { Counter } from "../telemetry/metrics.ts";

/** Counts series streams that end without a single batch. */
export function countEmptyStreams(inner: Store, counter: Counter): Store {
  return {
    ...inner,
    async *series(ctx, request) {
      let batches = 0;
      try {
        for await (const batch of inner.series(ctx, request)) {
          batches++;
          yield batch;
        }
      } finally {
        if (batches === 0) counter.add(1);
      }
    },
  };
}
