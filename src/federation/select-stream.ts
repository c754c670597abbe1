import { GatewayError } from "../lib/errors.ts";
import { linkAbort } from "../lib/linked-abort.ts";
import type { QueryContext, SeriesRequest, Store } from "../store/store.ts";
import type { SeriesBatch } from "../wire/series-batch.ts";
import { proxyError } from "./proxy-error.ts";
import type { SelectGate } from "./select-gate.ts";

/** The reason of every ordinary end; made once, because an error costs more than the rest of a small select's end. */
const selectClosed = new GatewayError("canceled", "the select is closed");

/** The batches of one select, pulled one at a time. */
export interface SelectStream {
  /** The next batch, which ends the one before; `undefined` at the end. Its warnings have gone to the query. */
  next(): Promise<SeriesBatch | undefined>;
  /** Aborts the stream, then closes it. Safe to call twice and while `next` is pending. */
  close(): Promise<void>;
}

/** Opens at the first `next`, once the gate lets it in; leaves the gate when the first batch is there. */
export function createSelectStream(
  store: Store,
  request: SeriesRequest,
  { ctx, gate }: { readonly ctx: QueryContext; readonly gate: SelectGate | undefined },
): SelectStream {
  const scope = linkAbort(ctx.signal);
  const { signal } = scope;
  let batches: AsyncIterator<SeriesBatch, unknown> | undefined;
  let leaveGate: (() => void) | undefined;

  const open = async (): Promise<AsyncIterator<SeriesBatch, unknown>> => {
    leaveGate = await gate?.enter(signal);
    return store.series({ ...ctx, signal }, request)[Symbol.asyncIterator]();
  };
  return {
    async next() {
      try {
        batches ??= await open();
        const pulled = await batches.next();
        leaveGate?.();
        if (pulled.done === true) return undefined;
        for (const warning of pulled.value.warnings) ctx.warn(warning);
        return pulled.value;
      } catch (error) {
        throw proxyError("Series", error, ctx.signal);
      }
    },
    async close() {
      scope.abort(selectClosed);
      leaveGate?.();
      // What a stream says on being left is nobody's failure.
      await Promise.allSettled([batches?.return?.()]);
    },
  };
}
