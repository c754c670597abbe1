import type { ClusterOutcome } from "../model/completeness.ts";
import type { Clock } from "../runtime/clock.ts";
import type { ApiCall } from "./api-call.ts";
import type { RequestScope } from "./request-scope.ts";

/** A request that is being answered. */
export interface LiveQuery {
  /** What is asked: `query`, `query_range` or `metadata`. */
  readonly kind: string;
  /** The query; of metadata the path. */
  readonly text: string;
  /** Address of whoever asks. */
  readonly client: string;
  readonly tenant: string;
  readonly requestId: string;
  /** Bytes that it holds now. */
  readonly heldBytes: () => number;
  readonly clusters: () => readonly ClusterOutcome[];
  /** Ends it, down to the stores that answer it. */
  readonly kill: () => void;
}

/** One of them as the API lists it. */
export interface ListedQuery extends Omit<LiveQuery, "heldBytes" | "clusters" | "kill"> {
  readonly id: string;
  readonly startMs: number;
  readonly runningMs: number;
  readonly heldBytes: number;
  readonly clusters: readonly ClusterOutcome[];
}

/** The requests that are being answered. */
export interface LiveQueries {
  /** Lists a request until the returned function is called. */
  enter(query: LiveQuery): () => void;
  /** Oldest first. */
  list(): readonly ListedQuery[];
  /** Whether there was such a query; it has been told to end then. */
  kill(id: string): boolean;
}

/** A call as it is listed while its scope is open. */
export function liveQuery(call: ApiCall, scope: RequestScope, kind: string, text: string): LiveQuery {
  return {
    kind,
    text,
    client: call.exchange.remoteAddress,
    tenant: call.tenant,
    requestId: call.requestId,
    heldBytes: scope.heldBytes,
    clusters: scope.clusters,
    kill: scope.kill,
  };
}

export function createLiveQueries(clock: Clock): LiveQueries {
  const running = new Map<string, LiveQuery & { readonly startMs: number; readonly startedMs: number }>();
  let entered = 0;
  return {
    enter(query) {
      const id = String(++entered);
      running.set(id, { ...query, startMs: clock.nowMs(), startedMs: clock.monotonicMs() });
      return () => void running.delete(id);
    },
    list: () =>
      Array.from(running, ([id, { startedMs, heldBytes, clusters, kill: _, ...query }]) => ({
        ...query,
        id,
        runningMs: clock.monotonicMs() - startedMs,
        heldBytes: heldBytes(),
        clusters: clusters(),
      })),
    kill(id) {
      const query = running.get(id);
      query?.kill();
      return query !== undefined;
    },
  };
}
