import { GatewayError } from "../lib/errors.ts";
import type { Matcher } from "../model/matcher.ts";
import type { Clock } from "../runtime/clock.ts";
import type { SampleColumn, SampleSource, Selectable, SelectRequest } from "../store/samples.ts";
import type { PartialResponse, QueryContext, SeriesRequest, ShardInfo, Store } from "../store/store.ts";
import type { SeriesBatch } from "../wire/series-batch.ts";
import { adjustsCounters, aggregatesOf, maxResolutionOf, readingOf } from "./aggregates.ts";
import { createPace, type Pace } from "./pace.ts";
import { proxyError } from "./proxy-error.ts";
import { SeriesReader } from "./series-reader.ts";

/** Lets so many selects of one query open their streams at a time. */
export interface SelectGate {
  /** Resolves with the way out; rejects with the signal's reason. */
  enter(signal: AbortSignal): Promise<() => void>;
}

/** What one query says about where and how its series are read. */
export interface SelectableOptions {
  readonly clock: Clock;
  /** Whether replicas are merged; has an effect only where there are replica labels. */
  readonly dedup: boolean;
  readonly replicaLabels: readonly string[];
  readonly algorithm: "penalty" | "chain";
  readonly partialResponse: PartialResponse;
  /** Coarsest resolution that may be answered, ms; 0 for raw. */
  readonly maxResolutionMs?: number;
  readonly storeMatchers?: readonly (readonly Matcher[])[];
  readonly shard?: ShardInfo | undefined;
  /** Entered until the first batch is there: a plan may read many selectors side by side. */
  readonly gate?: SelectGate;
  /** Gives timers and sockets their turn; by default the event loop's. */
  readonly yieldToLoop?: () => Promise<void>;
}

/**
 * Series of a store as PromQL reads them: one request a selector, rows decoded one by one as they are pulled, replicas
 * of a series merged. The store must not answer the same labels in two rows, which a federation does not.
 */
export function createSelectable(store: Store, options: SelectableOptions): Selectable {
  return {
    select: (ctx, request) => createSource(store, options, ctx, request),
  };
}

/** The request to the store (Thanos's querier.go, selectFn). */
function seriesRequestOf(options: SelectableOptions, request: SelectRequest): SeriesRequest {
  const isDeduped = options.dedup && options.replicaLabels.length > 0;
  return {
    range: request.range,
    matchers: request.matchers,
    withoutReplicaLabels: isDeduped ? options.replicaLabels : [],
    partialResponse: options.partialResponse,
    skipChunks: false,
    limit: 0,
    maxResolutionMs: maxResolutionOf(options.maxResolutionMs ?? 0, request.rangeMs, request.func),
    aggregates: aggregatesOf(readingOf(request.func)),
    shard: options.shard,
    storeMatchers: options.storeMatchers ?? [],
  };
}

type Pulled = SampleColumn | undefined;

function createSource(
  store: Store,
  options: SelectableOptions,
  ctx: QueryContext,
  request: SelectRequest,
): SampleSource {
  const scope = new AbortController();
  const signal = AbortSignal.any([ctx.signal, scope.signal]);
  const toStore = seriesRequestOf(options, request);
  const isMerged = toStore.withoutReplicaLabels.length > 0;
  const reader = new SeriesReader({
    range: request.range,
    // Upstream lifts raw counters over their resets also where nothing is merged, so that resets() is always 0 there;
    // here the raw samples of one series are what their Prometheus has.
    reading: isMerged || toStore.maxResolutionMs > 0 ? readingOf(request.func) : "average",
    algorithm: isMerged ? options.algorithm : "none",
    adjustsCounters: adjustsCounters(request.func),
  });
  const pace: Pace = createPace(options);
  let stream: AsyncIterator<SeriesBatch, unknown> | undefined;
  let leaveGate: (() => void) | undefined;
  let batch: SeriesBatch | undefined;
  let row = 0;
  let heldBytes = 0;
  let closing: Promise<void> | undefined;

  /** The next column of the batch in hand; `undefined` where it has none left, a promise where others have a turn first. */
  const fromBatch = (): Pulled | Promise<Pulled> => {
    while (batch !== undefined && row < batch.count) {
      const rest = pace.rest();
      if (rest !== undefined) return rest.then(next);
      const column = reader.read(batch, row++);
      const growth = reader.sizeBytes - heldBytes;
      if (growth > 0) {
        ctx.memory.take(growth);
        heldBytes += growth;
      }
      if (column !== undefined) return column;
    }
    return undefined;
  };

  const open = async (): Promise<AsyncIterator<SeriesBatch, unknown>> => {
    leaveGate = await options.gate?.enter(signal);
    return store.series({ ...ctx, signal }, toStore)[Symbol.asyncIterator]();
  };

  /** Gets the next batch; false at the end. */
  const refill = async (): Promise<boolean> => {
    batch = undefined;
    try {
      stream ??= await open();
      const pulled = await stream.next();
      leaveGate?.();
      if (pulled.done === true) return false;
      for (const warning of pulled.value.warnings) ctx.warn(warning);
      batch = pulled.value;
      row = 0;
      return true;
    } catch (error) {
      throw proxyError("Series", error, ctx.signal);
    }
  };

  const pull = async (): Promise<Pulled> => {
    try {
      while (closing === undefined && (await refill())) {
        const column = await fromBatch();
        if (column !== undefined) return column;
      }
    } catch (error) {
      await close();
      throw error;
    }
    await close();
    return undefined;
  };

  const next = (): Pulled | Promise<Pulled> => {
    if (closing !== undefined) return undefined;
    const pulled = fromBatch();
    return pulled === undefined ? pull() : pulled;
  };

  const close = (): Promise<void> => {
    closing ??= (async () => {
      scope.abort(new GatewayError("canceled", "the select is closed"));
      leaveGate?.();
      batch = undefined;
      ctx.memory.give(heldBytes);
      heldBytes = 0;
      // What a stream says on being left is nobody's failure.
      await Promise.allSettled([stream?.return?.()]);
    })();
    return closing;
  };

  return { next, close };
}
