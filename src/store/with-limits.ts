import { GatewayError } from "../lib/errors.ts";
import type { Counter, Metrics } from "../telemetry/metrics.ts";
import type { Store } from "./store.ts";

/** Limits of one series call, 0 for none. */
export interface SeriesLimits {
  readonly series: number;
  /** Each chunk counts as 120. */
  readonly samples: number;
}

const samplesPerChunk = 120;

/** Ends a series call past its limits, in Thanos's words, and counts that. Warnings are free. */
export function withLimits(inner: Store, limits: SeriesLimits, metrics: Metrics): Store {
  const dropped = metrics.counter(
    "thanos_store_selects_dropped_total",
    "Number of select queries that were dropped due to configured limits.",
  );
  return {
    ...inner,
    async *series(ctx, request) {
      let series = 0;
      let samples = 0;
      for await (const batch of inner.series(ctx, request)) {
        series += batch.count;
        samples += samplesPerChunk * ((batch.chunkFrom[batch.count] ?? 0) - (batch.chunkFrom[0] ?? 0));
        check({ name: "series", reason: "series", limit: limits.series, got: series }, dropped);
        check({ name: "samples", reason: "chunks", limit: limits.samples, got: samples }, dropped);
        yield batch;
      }
    },
  };
}

function check(
  what: { readonly name: string; readonly reason: string; readonly limit: number; readonly got: number },
  dropped: Counter,
): void {
  const { name, reason, limit, got } = what;
  if (limit <= 0 || got <= limit) return;
  dropped.add(1, { reason });
  throw new GatewayError("execution", `failed to send ${name}: limit ${limit} violated (got ${got})`);
}
