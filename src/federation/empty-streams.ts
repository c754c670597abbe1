import { passBatches } from "../store/pass-batches.ts";
import type { Store } from "../store/store.ts";
import type { Counter } from "../telemetry/metrics.ts";

/** Counts series streams that end without a single batch. */
export function countEmptyStreams(inner: Store, counter: Counter): Store {
  return {
    ...inner,
    series(ctx, request) {
      let empty = true;
      return passBatches(() => inner.series(ctx, request), {
        batch(batch) {
          // Words on clusters are no answer.
          if (batch.count > 0 || batch.warnings.length > 0) empty = false;
          return batch;
        },
        over() {
          if (empty) counter.add(1);
        },
      });
    },
  };
}
