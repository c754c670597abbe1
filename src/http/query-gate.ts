import type { Clock } from "../runtime/clock.ts";
import type { Metrics } from "../telemetry/metrics.ts";

/** Lets so many queries run at a time; others wait in the order of their coming. */
export interface QueryGate {
  /** Resolves with the way out when it is this query's turn; rejects with the signal's reason. */
  enter(signal: AbortSignal): Promise<() => void>;
}

const waitBuckets = [0.01, 0.1, 0.3, 0.6, 1, 3, 6, 9, 20, 30, 60, 90, 120, 240, 360, 720];

export function createQueryGate(max: number, metrics: Metrics, clock: Clock): QueryGate {
  const waiting: (() => void)[] = [];
  let inFlight = 0;
  const prefix = "thanos_query_concurrent_gate_queries";
  const gauge = (read: () => number) => () => [{ value: read() }];
  metrics.observe(
    `${prefix}_max`,
    "Maximum number of concurrent queries.",
    gauge(() => max),
  );
  metrics.observe(
    `${prefix}_in_flight`,
    "Number of queries that are currently in flight.",
    gauge(() => inFlight),
  );
  const total = metrics.counter(`${prefix}_total`, "Total number of queries.");
  const waited = metrics.histogram(
    `${prefix}_duration_seconds`,
    "How many seconds it took for queries to wait at the gate.",
    waitBuckets,
  );

  function leaveOnce(): () => void {
    let left = false;
    return () => {
      if (left) return;
      left = true;
      const next = waiting.shift();
      if (next === undefined) inFlight--;
      else next();
    };
  }
  return {
    async enter(signal) {
      const startMs = clock.monotonicMs();
      if (signal.aborted) throw signal.reason;
      if (inFlight < max) inFlight++;
      else await turn(waiting, signal);
      total.add(1);
      waited.record((clock.monotonicMs() - startMs) / 1000);
      return leaveOnce();
    },
  };
}

function turn(waiting: (() => void)[], signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const giveUp = () => {
      const at = waiting.indexOf(admit);
      if (at >= 0) waiting.splice(at, 1);
      reject(signal.reason);
    };
    const admit = () => {
      signal.removeEventListener("abort", giveUp);
      resolve();
    };
    signal.addEventListener("abort", giveUp, { once: true });
    waiting.push(admit);
  });
}
