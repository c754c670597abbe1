import type { Clock } from "../runtime/clock.ts";
import type { Store } from "./store.ts";

/**
 * Ends a stream of this store where it is silent for `timeoutMs`: its signal is aborted and `silent()` is thrown.
 * Only the time counts in which the next batch is awaited, not the time a consumer takes. 0 is no limit.
 */
export function withResponseTimeout(
  inner: Store,
  options: { readonly timeoutMs: number; readonly clock: Clock; silent(): Error },
): Store {
  const { timeoutMs, clock, silent } = options;
  if (timeoutMs <= 0) return inner;
  return {
    ...inner,
    async *series(ctx, request) {
      const abort = new AbortController();
      const signal = AbortSignal.any([ctx.signal, abort.signal]);
      const batches = inner.series({ ...ctx, signal }, request)[Symbol.asyncIterator]();
      let isOver = false;
      try {
        for (;;) {
          const stop = clock.after(timeoutMs, () => abort.abort(silent()));
          const next = await batches.next().finally(stop);
          if (next.done === true) {
            isOver = true;
            return;
          }
          yield next.value;
        }
      } catch (error) {
        isOver = true;
        throw abort.signal.aborted && !ctx.signal.aborted ? abort.signal.reason : error;
      } finally {
        abort.abort();
        if (!isOver) await batches.return?.();
      }
    },
  };
}
