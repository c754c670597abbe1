import { GatewayError } from "../../lib/errors.ts";
import { intersect } from "../../model/time-range.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { QueryContext, SeriesRequest, Store, StoreInfo } from "../../store/store.ts";
import type { SeriesBatch } from "../../wire/series-batch.ts";
import type { PrometheusApi } from "./prometheus-api.ts";
import type { PrometheusFacts } from "./prometheus-facts.ts";
import { readLabelNames, readLabelValues } from "./prometheus-labels.ts";
import { readLabelSets } from "./read-label-sets.ts";
import { readSeries } from "./read-series.ts";
import { allMatchEmpty, splitMatchers } from "./split-matchers.ts";

export interface PrometheusStoreOptions {
  /** For warnings and logs. */
  readonly name: string;
  readonly api: PrometheusApi;
  /** Read at every call; `undefined` while nothing is known yet, which makes every call fail with `unavailable`. */
  readonly facts: () => PrometheusFacts | undefined;
  readonly clock: Clock;
  /** Answers that must be held whole (label calls, samples) are read up to here. */
  readonly maxAnswerBytes: number;
}

/** One Prometheus as a store. Sends nothing but reads; streams series as they come, in label order. */
export function createPrometheusStore(options: PrometheusStoreOptions): Store {
  const { api, clock, maxAnswerBytes } = options;
  const facts = () => {
    const known = options.facts();
    if (known === undefined) throw new GatewayError("unavailable", "Not ready");
    return known;
  };
  return {
    name: options.name,
    info: () => infoOf(options.facts()),
    async *series(ctx, request) {
      const known = facts();
      const inner = innerRequest(request, known);
      if (inner === undefined) return;
      const scope = createScope(ctx, clock);
      try {
        const source = { api, facts: known, call: { signal: scope.signal, maxBytes: maxAnswerBytes } };
        yield* readEither(source, ctx, inner);
      } finally {
        scope.close();
      }
    },
    labelNames: (ctx, request) =>
      withinScope(ctx, clock, (signal) =>
        readLabelNames(
          { api, facts: facts(), call: { signal, maxBytes: maxAnswerBytes, memory: ctx.memory } },
          request,
        ),
      ),
    labelValues: (ctx, request) =>
      withinScope(ctx, clock, (signal) =>
        readLabelValues(
          { api, facts: facts(), call: { signal, maxBytes: maxAnswerBytes, memory: ctx.memory } },
          request,
        ),
      ),
  };
}

function infoOf(facts: PrometheusFacts | undefined): StoreInfo {
  return {
    labelSets: facts === undefined ? [] : [facts.externalLabels],
    timeRange: { minMs: facts?.minMs ?? Number.NEGATIVE_INFINITY, maxMs: Number.POSITIVE_INFINITY },
    component: "sidecar",
    supportsSharding: true,
    supportsWithoutReplicaLabels: true,
  };
}

/** The request without what is answered here; `undefined` where no series can match. */
function innerRequest(request: SeriesRequest, facts: PrometheusFacts): SeriesRequest | undefined {
  const matchers = splitMatchers(request.matchers, facts);
  if (matchers === undefined) return undefined;
  if (matchers.length === 0) {
    throw new GatewayError("bad_data", "no matchers specified (excluding external labels)");
  }
  const range = intersect(request.range, { minMs: facts.minMs, maxMs: Number.POSITIVE_INFINITY });
  return range === undefined ? undefined : { ...request, matchers, range };
}

/** The series API refuses matchers that all match the empty text; remote read takes them. */
function readEither(
  source: Parameters<typeof readSeries>[0],
  ctx: QueryContext,
  request: SeriesRequest,
): AsyncIterable<SeriesBatch> {
  const labelsOnly = request.skipChunks && !allMatchEmpty(request.matchers);
  return labelsOnly ? readLabelSets(source, ctx, request) : readSeries(source, ctx, request);
}

interface Scope {
  /** Aborted with the caller's signal, at the deadline, and at the end. */
  readonly signal: AbortSignal;
  close(): void;
}

/** Timers cannot wait longer. */
const longestWaitMs = 2 ** 31 - 1;

function createScope({ signal, deadlineMs }: QueryContext, clock: Clock): Scope {
  const own = new AbortController();
  const leftMs =
    deadlineMs === undefined ? Number.POSITIVE_INFINITY : Math.max(0, deadlineMs - clock.nowMs());
  const late = () => own.abort(new GatewayError("timeout", "context deadline exceeded"));
  const takeBack = leftMs > longestWaitMs ? undefined : clock.after(leftMs, late);
  return {
    signal: AbortSignal.any([signal, own.signal]),
    close() {
      takeBack?.();
      own.abort();
    },
  };
}

async function withinScope<T>(
  ctx: QueryContext,
  clock: Clock,
  body: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const scope = createScope(ctx, clock);
  try {
    return await body(scope.signal);
  } finally {
    scope.close();
  }
}
