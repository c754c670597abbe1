import { GatewayError } from "../lib/errors.ts";
import { warningBatch } from "../wire/warning-batch.ts";
import { passBatches } from "./pass-batches.ts";
import type { MemoryAccount, QueryContext, Store } from "./store.ts";

/** How failures of a store are worded. `received`: whether anything came before the failure. */
export interface FailureTexts {
  series(error: GatewayError, received: boolean): string;
  labelNames(error: GatewayError): string;
  labelValues(error: GatewayError): string;
}

const plainTexts: FailureTexts = {
  series: (error) => error.message,
  labelNames: (error) => error.message,
  labelValues: (error) => error.message,
};

/**
 * Turns this store's failures into warnings: what came before them is kept. In a stream the warning is its last batch,
 * elsewhere it goes to `ctx.warn`. Under `partialResponse: "abort"` they stay errors, in the same words.
 * Not failures of the store, and thrown on: that the caller left, and that the query's memory limit is reached.
 */
export function bestEffort(inner: Store, texts: FailureTexts = plainTexts): Store {
  const failed = (reason: unknown, watch: LimitWatch, ctx: QueryContext): GatewayError => {
    if (ctx.signal.aborted || watch.isLimit(reason)) throw reason;
    return GatewayError.from(reason);
  };
  return {
    ...inner,
    series(ctx, request) {
      const watch = watchLimit(ctx.memory);
      let received = false;
      return passBatches(() => inner.series({ ...ctx, memory: watch.memory }, request), {
        batch(batch) {
          received = true;
          return batch;
        },
        failed(reason) {
          const error = failed(reason, watch, ctx);
          const text = texts.series(error, received);
          if (request.partialResponse === "abort") throw reworded(error, text, received);
          return { ...warningBatch(text), failure: received ? "middle" : "before" };
        },
      });
    },
    async labelNames(ctx, request) {
      const watch = watchLimit(ctx.memory);
      try {
        return await inner.labelNames({ ...ctx, memory: watch.memory }, request);
      } catch (reason) {
        const error = failed(reason, watch, ctx);
        const text = texts.labelNames(error);
        if (request.partialResponse === "abort") throw reworded(error, text, false);
        ctx.warn(text);
        return [];
      }
    },
    async labelValues(ctx, request) {
      const watch = watchLimit(ctx.memory);
      try {
        return await inner.labelValues({ ...ctx, memory: watch.memory }, request);
      } catch (reason) {
        const error = failed(reason, watch, ctx);
        const text = texts.labelValues(error);
        if (request.partialResponse === "abort") throw reworded(error, text, false);
        ctx.warn(text);
        return [];
      }
    },
  };
}

/** As Thanos: what breaks off in the middle is `aborted`, what fails at once keeps its code. */
function reworded(error: GatewayError, text: string, received: boolean): GatewayError {
  return new GatewayError(received ? "aborted" : error.code, text, { cause: error });
}

interface LimitWatch {
  readonly memory: MemoryAccount;
  isLimit(reason: unknown): boolean;
}

/** A memory account that remembers what it threw. */
function watchLimit(memory: MemoryAccount): LimitWatch {
  let thrown: unknown;
  return {
    memory: {
      take(sizeBytes) {
        try {
          memory.take(sizeBytes);
        } catch (error) {
          thrown = error;
          throw error;
        }
      },
      give: (sizeBytes) => memory.give(sizeBytes),
    },
    isLimit: (reason) => thrown !== undefined && reason === thrown,
  };
}
