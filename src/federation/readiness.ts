import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../telemetry/log.ts";
import type { ClusterView } from "./cluster-view.ts";

export interface ReadinessOptions {
  clusters(): readonly ClusterView[];
  /** How many expected clusters must be up; all there are where that is less. */
  readonly minClusters: number;
  /** Names of clusters that must be up. */
  readonly required: readonly string[];
  /** How long it must fail before it counts: a cluster that flaps must not turn a failover. */
  readonly holdMs: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** Whether a gateway has enough clusters to answer for all of them: what a failover record asks. */
export interface Readiness {
  isReady(): boolean;
  /** What is missing, in one sentence; `undefined` where nothing is. */
  trouble(): string | undefined;
  /** Looks every second until `close`. */
  start(): void;
  close(): void;
}

const lookMs = 1_000;

export function createReadiness(options: ReadinessOptions): Readiness {
  const { clock, log } = options;
  let ready = false;
  let failingSinceMs: number | undefined;
  let missing: string | undefined = "no cluster has been asked yet";
  let stopTimer: () => void = () => undefined;

  const look = (): void => {
    missing = missingOf(options);
    if (missing === undefined) {
      failingSinceMs = undefined;
      if (!ready) log.info("enough clusters are up");
      ready = true;
      return;
    }
    const nowMs = clock.monotonicMs();
    failingSinceMs ??= nowMs;
    if (!ready || nowMs - failingSinceMs < options.holdMs) return;
    ready = false;
    log.warn("too few clusters are up", { missing });
  };
  const tick = (): void => {
    look();
    stopTimer = clock.after(lookMs, tick);
  };
  return {
    isReady: () => ready,
    trouble: () => missing,
    start: tick,
    close: () => stopTimer(),
  };
}

function missingOf({ clusters, minClusters, required }: ReadinessOptions): string | undefined {
  const all = clusters();
  const isUp = ({ queryable }: ClusterView) => queryable.length > 0;
  const down = required.filter((name) => !all.some((cluster) => cluster.name === name && isUp(cluster)));
  if (down.length > 0) return `required clusters are not up: ${down.join(", ")}`;
  const expected = all.filter((cluster) => cluster.expected);
  const up = expected.filter(isUp).length;
  const wanted = Math.min(minClusters, expected.length);
  return up >= wanted ? undefined : `${up} of ${expected.length} clusters are up, wants ${wanted}`;
}
