import type { SlabPool } from "../lib/slab-pool.ts";
import type { Clock } from "../runtime/clock.ts";
import type { EndpointInfo } from "../store/endpoint.ts";
import type { MemoryAccount, Store } from "../store/store.ts";
import type { Log } from "../telemetry/log.ts";
import type { GrpcServerMetrics } from "./server-metrics.ts";

/** A store with all that its services need. */
export interface ServedStore {
  readonly store: Store;
  /** The answer of Info; `undefined` while there is none yet. */
  readonly info: () => EndpointInfo | undefined;
  /** Whether the health service says SERVING. */
  readonly health: () => boolean;
  /** An account for one call. */
  readonly memory: () => MemoryAccount;
  /** Where answers are written. */
  readonly slabs: SlabPool;
  readonly log: Log;
  readonly metrics: GrpcServerMetrics;
  readonly clock: Clock;
}
