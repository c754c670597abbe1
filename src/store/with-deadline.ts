import { GatewayError } from "../lib/errors.ts";
import { formatGoDuration } from "../model/go-duration.ts";
import type { Clock } from "../runtime/clock.ts";
import type { QueryContext, Store } from "./store.ts";

/** Ends each call to this store `timeoutMs` after it began, or earlier where the query ends earlier, with `timeout`. */
export function withDeadline(inner: Store, timeoutMs: number, clock: Clock): Store {
  return {
    ...inner,
    async *series(ctx, request) {
      const limit = startLimit(ctx, inner.name, timeoutMs, clock);
      try {
        yield* inner.series(limit.ctx, request);
      } catch (error) {
        throw limit.explain(error);
      } finally {
        limit.stop();
      }
    },
    labelNames: (ctx, request) =>
      within(startLimit(ctx, inner.name, timeoutMs, clock), (limited) => inner.labelNames(limited, request)),
    labelValues: (ctx, request) =>
      within(startLimit(ctx, inner.name, timeoutMs, clock), (limited) => inner.labelValues(limited, request)),
  };
}

interface Limit {
  readonly ctx: QueryContext;
  /** The error to throw: that the time is up, where it is. */
  explain(error: unknown): unknown;
  stop(): void;
}

function startLimit(ctx: QueryContext, name: string, timeoutMs: number, clock: Clock): Limit {
  const abort = new AbortController();
  const error = new GatewayError(
    "timeout",
    `Cannot read ${name}: no end after ${formatGoDuration(timeoutMs)}`,
  );
  const stop = clock.after(timeoutMs, () => abort.abort(error));
  const deadlineMs = Math.min(ctx.deadlineMs ?? Number.POSITIVE_INFINITY, clock.nowMs() + timeoutMs);
  return {
    ctx: { ...ctx, deadlineMs, signal: AbortSignal.any([ctx.signal, abort.signal]) },
    explain: (reason) => (abort.signal.aborted && !ctx.signal.aborted ? error : reason),
    stop,
  };
}

async function within<T>(limit: Limit, run: (ctx: QueryContext) => Promise<T>): Promise<T> {
  try {
    return await run(limit.ctx);
  } catch (error) {
    throw limit.explain(error);
  } finally {
    limit.stop();
  }
}
