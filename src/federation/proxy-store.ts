import { compareBytewise } from "../lib/bytes.ts";
import { GatewayError } from "../lib/errors.ts";
import { linkAbort } from "../lib/linked-abort.ts";
import { createCompletenessLog } from "../model/completeness.ts";
import { stripMatched } from "../model/label-matching.ts";
import type { Labels } from "../model/labels.ts";
import type { Matcher } from "../model/matcher.ts";
import type { Clock } from "../runtime/clock.ts";
import { bestEffort, type FailureTexts } from "../store/best-effort.ts";
import type { TsdbInfo } from "../store/endpoint.ts";
import { passBatches } from "../store/pass-batches.ts";
import { resorted } from "../store/resorted.ts";
import type { LabelRequest, QueryContext, SeriesRequest, Store } from "../store/store.ts";
import { streamPhaseOf } from "../store/stream-phase.ts";
import { withLabelOrder } from "../store/with-label-order.ts";
import { withShard } from "../store/with-shard.ts";
import type { Counter, Metrics } from "../telemetry/metrics.ts";
import type { SeriesBatch } from "../wire/series-batch.ts";
import { firstRows } from "../wire/warning-batch.ts";
import { advertisedInfo } from "./advertised-info.ts";
import { chooseEndpoints, mayBeChosen } from "./choose-endpoints.ts";
import { type ClusterRead, createClusterRead } from "./cluster-read.ts";
import type { ClusterView } from "./cluster-view.ts";
import { countEmptyStreams } from "./empty-streams.ts";
import { mergeBatches } from "./merge.ts";
import { createPace } from "./pace.ts";
import { clientText, type QueryableEndpoint, storeIdText } from "./queryable-endpoint.ts";
import { matchersOf, type TsdbSelector } from "./tsdb-selector.ts";

const noBatches: AsyncIterable<SeriesBatch> = {
  [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: true, value: undefined }) }),
};

/** The reason of every ordinary end, made once. */
const callOver = new GatewayError("canceled", "the call is over");

export interface ProxyStoreOptions {
  readonly name?: string;
  /** The members of now; asked at every call. */
  endpoints(): readonly QueryableEndpoint[];
  /** The clusters that answers are expected from; asked at every call. None by default. */
  clusters?(): readonly ClusterView[];
  /** Labels that all series are taken to have (`--selector-label`). */
  readonly selectorLabels?: Labels;
  /** TSDBs that take part (`--selector.relabel-config`); all by default. */
  readonly tsdbSelector?: TsdbSelector;
  readonly metrics: Metrics;
  readonly clock: Clock;
  /** Gives timers and sockets their turn; by default the event loop's. */
  readonly yieldToLoop?: () => Promise<void>;
}

/** A federation of stores, itself a store. */
export interface ProxyStore extends Store {
  /** TSDBs of all members. */
  tsdbInfos(): readonly TsdbInfo[];
}

/** What a call comes down to, once its matchers are held against the selector labels. */
interface Plan {
  readonly matchers: readonly Matcher[];
  readonly members: readonly QueryableEndpoint[];
}

/**
 * Answers from all endpoints that may have data, as one sorted stream (Thanos's ProxyStore). Under `warn` what fails
 * becomes warnings, and what came before is kept; under `abort` the first failure or warning ends the call with
 * `aborted`. Warnings travel in the batches and, for label calls, through `ctx.warn`.
 */
export function createProxyStore(options: ProxyStoreOptions): ProxyStore {
  const { tsdbSelector, selectorLabels = [], name = "federation" } = options;
  const emptyStreams = options.metrics.counter(
    "thanos_proxy_store_empty_stream_responses_total",
    "Total number of empty responses received.",
  );
  const memberStore = createMemberStores(emptyStreams);
  const members = (): readonly QueryableEndpoint[] => {
    const endpoints = options.endpoints();
    if (tsdbSelector === undefined) return endpoints;
    return endpoints.filter(({ store }) => selectedSets(tsdbSelector, store) !== undefined);
  };

  /** `undefined` where the selector labels rule the call out. */
  const plan = (request: LabelRequest): Plan | undefined => {
    const matchers = stripMatched(request.matchers, selectorLabels);
    return matchers === undefined ? undefined : planOf(request, matchers);
  };
  const planOf = (request: LabelRequest | SeriesRequest, matchers: readonly Matcher[]): Plan => {
    const chosen = chooseEndpoints(members(), { ...request, matchers });
    const narrowed =
      tsdbSelector === undefined ? [] : chosen.flatMap(({ store }) => narrowedSets(tsdbSelector, store));
    return { matchers: [...matchers, ...matchersOf(narrowed)], members: chosen };
  };

  /** Throws where a cluster is lacking that the answer must have; says so where it need not. */
  const beginRead = (
    ctx: QueryContext,
    request: LabelRequest | SeriesRequest,
    planned: Plan,
  ): ClusterRead | undefined => {
    const clusters = options.clusters?.() ?? [];
    if (clusters.length === 0) return undefined;
    const choice = { ...request, matchers: planned.matchers };
    const read = createClusterRead({
      clusters,
      chosen: new Set(planned.members),
      mayHaveData: ({ address, info }) => mayBeChosen(address, info, choice),
      replicaLabels: request.withoutReplicaLabels,
      mustHaveAll: request.partialResponse === "abort",
    });
    for (const text of read.begin()) ctx.warn(text);
    ctx.completeness?.add(read.outcomes);
    return read;
  };

  /** Throws what the request itself is refused for. */
  const merged = (ctx: QueryContext, request: SeriesRequest): AsyncIterable<SeriesBatch> => {
    const stripped = stripMatched(request.matchers, selectorLabels);
    if (stripped === undefined) return noBatches;
    if (stripped.length === 0)
      throw new GatewayError("bad_data", "no matchers specified (excluding selector labels)");
    if (request.partialResponse === "abort" && options.endpoints().length === 0)
      throw new GatewayError("execution", "No StoreAPIs available");
    const planned = planOf(request, stripped);
    const read = beginRead(ctx, request, planned);
    if (planned.members.length === 0) return noBatches;
    const scope = linkAbort(ctx.signal);
    const inner: QueryContext = { ...ctx, signal: scope.signal };
    const forwarded = { ...request, matchers: planned.matchers, storeMatchers: [] };
    const sources = planned.members.map((member) => memberStore(member, request).series(inner, forwarded));
    const pace = createPace(options);
    const batches = mergeBatches(sources, {
      abort: () => scope.abort(callOver),
      pause: pace.rest,
      saw: (source, batch) => read?.saw(planned.members[source] as QueryableEndpoint, batch),
    });
    return request.limit > 0 || request.partialResponse === "abort" ? limited(batches, request) : batches;
  };

  const store: ProxyStore = {
    name,
    info: () => advertisedInfo(members(), { selectorLabels, tsdbSelector }),
    tsdbInfos: () => members().flatMap(({ tsdbInfos }) => tsdbInfos),

    series: (ctx, request) => passBatches(() => merged(ctx, request), {}),

    async labelNames(ctx, request) {
      const planned = plan(request);
      if (planned === undefined) return [];
      const forwarded = { ...request, matchers: planned.matchers, storeMatchers: [], limit: 0 };
      const read = beginRead(ctx, request, planned);
      const answers = await fanOut(ctx, planned.members, (member, inner) =>
        noted(read, member, inner, (watched) => memberStore(member, request).labelNames(watched, forwarded)),
      );
      return union(answers, request.limit);
    },

    async labelValues(ctx, request) {
      if (request.label === "") throw new GatewayError("bad_data", "label name parameter cannot be empty");
      const planned = plan(request);
      if (planned === undefined) return [];
      const forwarded = { ...request, matchers: planned.matchers, storeMatchers: [] };
      const read = beginRead(ctx, request, planned);
      const answers = await fanOut(ctx, planned.members, (member, inner) =>
        noted(read, member, inner, (watched) => memberStore(member, request).labelValues(watched, forwarded)),
      );
      return union(answers, request.limit);
    },
  };
  return store;
}

/** Gives each member what it lacks itself for a request, its failures in Thanos's words. */
function createMemberStores(emptyStreams: Counter) {
  const made = new WeakMap<QueryableEndpoint, Map<number, Store>>();
  return (member: QueryableEndpoint, request: LabelRequest | SeriesRequest): Store => {
    const info = member.store.info();
    const lacksOrder = !info.supportsWithoutReplicaLabels && request.withoutReplicaLabels.length > 0;
    const key = (lacksOrder ? 2 : 0) + (info.supportsSharding ? 0 : 1);
    const stores = made.get(member) ?? new Map<number, Store>();
    made.set(member, stores);
    let store = stores.get(key);
    if (store !== undefined) return store;
    store = lacksOrder ? resorted(member.store) : member.store;
    if (!info.supportsSharding) store = withShard(store);
    store = countEmptyStreams(bestEffort(withLabelOrder(store), failureTexts(member)), emptyStreams);
    stores.set(key, store);
    return store;
  };
}

function failureTexts(member: QueryableEndpoint): FailureTexts {
  return {
    series(error) {
      const phase = streamPhaseOf(error);
      if (phase === "silent") return error.message;
      if (phase === "open")
        return `fetch series for ${storeIdText(member)} ${clientText(member)}: ${error.message}`;
      return `receive series from ${clientText(member)}: ${error.message}`;
    },
    labelNames: (error) => `fetch label names from store ${clientText(member)}: ${error.message}`,
    labelValues: (error) => `fetch label values from store ${clientText(member)}: ${error.message}`,
  };
}

/** Stops after so many responses; warnings count. Under `abort` the first warning is the end. */
async function* limited(
  batches: AsyncIterable<SeriesBatch>,
  { limit, partialResponse }: SeriesRequest,
): AsyncGenerator<SeriesBatch, void, undefined> {
  let left = limit > 0 ? limit : Number.POSITIVE_INFINITY;
  for await (const batch of batches) {
    const [warning] = batch.warnings;
    if (warning !== undefined && partialResponse === "abort") throw new GatewayError("aborted", warning);
    const warnings = batch.warnings.slice(0, left);
    left -= warnings.length;
    const rows = Math.min(batch.count, left);
    left -= rows;
    yield rows === batch.count ? batch : firstRows({ ...batch, warnings }, rows);
    if (left <= 0) return;
  }
}

/** Asks all members at once. The first error ends the others. */
async function fanOut(
  ctx: QueryContext,
  members: readonly QueryableEndpoint[],
  ask: (member: QueryableEndpoint, ctx: QueryContext) => Promise<readonly string[]>,
): Promise<readonly (readonly string[])[]> {
  const scope = linkAbort(ctx.signal);
  const inner: QueryContext = { ...ctx, signal: scope.signal };
  const calls = members.map((member) => ask(member, inner));
  try {
    return await Promise.all(calls);
  } finally {
    scope.abort(callOver);
    await Promise.allSettled(calls);
  }
}

/** Notes what a member warns of while it answers a label call. */
async function noted(
  read: ClusterRead | undefined,
  member: QueryableEndpoint,
  ctx: QueryContext,
  ask: (ctx: QueryContext) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  let warning: string | undefined;
  const warn = (message: string): void => {
    warning ??= message;
    ctx.warn(message);
  };
  const below = createCompletenessLog();
  const answer = await ask({ ...ctx, warn, completeness: below });
  read?.heard(member, below.outcomes());
  if (warning !== undefined) read?.failed(member, warning, answer.length > 0);
  return answer;
}

function union(answers: readonly (readonly string[])[], limit: number): readonly string[] {
  const sorted = [...new Set(answers.flat())].sort(compareBytewise);
  return limit > 0 ? sorted.slice(0, limit) : sorted;
}

/** The label sets of a store that take part; `undefined` where it does not. */
function selectedSets(selector: TsdbSelector, store: Store): readonly Labels[] | undefined {
  const { labelSets } = store.info();
  return labelSets.length === 0 ? labelSets : selector(labelSets);
}

function narrowedSets(selector: TsdbSelector, store: Store): readonly Labels[] {
  return selectedSets(selector, store) ?? [];
}
