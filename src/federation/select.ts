import type { Matcher } from "../model/matcher.ts";
import type { Clock } from "../runtime/clock.ts";
import type { SampleColumn, SampleSource, Selectable, SelectRequest } from "../store/samples.ts";
import type { PartialResponse, QueryContext, SeriesRequest, ShardInfo, Store } from "../store/store.ts";
import type { SeriesBatch } from "../wire/series-batch.ts";
import { adjustsCounters, aggregatesOf, maxResolutionOf, readingOf } from "./aggregates.ts";
import { createPace } from "./pace.ts";
import type { SelectGate } from "./select-gate.ts";
import { createSelectStream } from "./select-stream.ts";
import { SeriesReader } from "./series-reader.ts";

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
    replicaLabels: isDeduped(options) ? options.replicaLabels : [],
    select: (ctx, request) => createSource(store, options, ctx, request),
  };
}

function isDeduped({ dedup, replicaLabels }: SelectableOptions): boolean {
  return dedup && replicaLabels.length > 0;
}

/** The request to the store (Thanos's querier.go, selectFn). */
function seriesRequestOf(options: SelectableOptions, request: SelectRequest): SeriesRequest {
  return {
    range: request.range,
    matchers: request.matchers,
    withoutReplicaLabels: isDeduped(options) ? options.replicaLabels : [],
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
  const toStore = seriesRequestOf(options, request);
  const reader = createReader(options, request, toStore);
  const stream = createSelectStream(store, toStore, { ctx, gate: options.gate });
  const pace = createPace(options);
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
  const refill = async (): Promise<boolean> => {
    batch = undefined;
    batch = await stream.next();
    row = 0;
    return batch !== undefined;
  };
  const pull = async (): Promise<Pulled> => {
    try {
      while ((await refill()) && closing === undefined) {
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
    if (closing === undefined) {
      closing = stream.close();
      reader.release();
    }
    batch = undefined;
    ctx.memory.give(heldBytes);
    heldBytes = 0;
    return closing;
  };
  return { next, close };
}

function createReader(
  options: SelectableOptions,
  request: SelectRequest,
  toStore: SeriesRequest,
): SeriesReader {
  const isMerged = toStore.withoutReplicaLabels.length > 0;
  return new SeriesReader({
    range: request.range,
    // Upstream lifts raw counters over their resets also where nothing is merged, so that resets() is always 0 there;
    // here the raw samples of one series are what their Prometheus has.
    reading: isMerged || toStore.maxResolutionMs > 0 ? readingOf(request.func) : "average",
    algorithm: isMerged ? options.algorithm : "none",
    adjustsCounters: adjustsCounters(request.func),
  });
}
