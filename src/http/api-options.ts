import type { EndpointStatus } from "../federation/endpoint-set.ts";
import type { Matcher } from "../model/matcher.ts";
import type { Engine } from "../promql/engine.ts";
import type { Clock } from "../runtime/clock.ts";
import type { MemoryLimit } from "../store/memory-limit.ts";
import type { Selectable } from "../store/samples.ts";
import type { PartialResponse, ShardInfo, Store } from "../store/store.ts";
import type { BuildInfo, ComponentStatus } from "../telemetry/component-status.ts";
import type { MetricsRegistry } from "../telemetry/create-metrics.ts";
import type { Log } from "../telemetry/log.ts";
import type { LiveQueries } from "./live-queries.ts";
import type { QueryDefaults } from "./parameters/query.ts";

/** How one query wants its series. */
export interface SelectChoices {
  readonly dedup: boolean;
  readonly replicaLabels: readonly string[];
  readonly partialResponse: PartialResponse;
  readonly storeMatchers: readonly (readonly Matcher[])[];
  readonly shard: ShardInfo | undefined;
}

/** Everything the HTTP API answers from. */
export interface HttpApiOptions {
  readonly engine: Engine;
  readonly store: Store;
  readonly select: (choices: SelectChoices) => Selectable;
  readonly endpoints: () => readonly EndpointStatus[];
  readonly status: ComponentStatus;
  readonly metrics: MetricsRegistry;
  readonly log: Log;
  readonly clock: Clock;
  readonly memory: MemoryLimit;
  /** Where requests are listed while they are answered. */
  readonly live: LiveQueries;
  /** Whether this port lists and ends running queries as well. */
  readonly admin: boolean;
  readonly defaults: QueryDefaults;
  readonly timeoutMs: number;
  readonly maxConcurrent: number;
  readonly build: BuildInfo;
  /** Every flag as text, for `/api/v1/status/flags`. */
  readonly flags: Readonly<Record<string, string>>;
  readonly routePrefix: string;
  readonly disableCors: boolean;
  /** Answers StoreAPI paths on this port too; `undefined` for other paths. */
  readonly storeApi: ((request: Request) => Promise<Response> | undefined) | undefined;
}
