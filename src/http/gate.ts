import type { Clock } from "../runtime/clock.ts";
import type { Counter, Histogram, Metrics } from "../telemetry/metrics.ts";

/** Lets so much run at a time; the rest waits in the order of its coming. */
export interface Gate {
  /** Resolves with the way out when it is the caller's turn; rejects with the signal's reason. */
  enter(signal: AbortSignal): Promise<() => void>;
}

export interface GateOptions {
  /** `queries` for `thanos_query_concurrent_gate_queries_…`, `selects` likewise. */
  readonly kind: "queries" | "selects";
  readonly max: number;
  readonly metrics: Metrics;
  readonly clock: Clock;
}

const waitBuckets = [0.01, 0.1, 0.3, 0.6, 1, 3, 6, 9, 20, 30, 60, 90, 120, 240, 360, 720];
const prefixes = {
  queries: "thanos_query_concurrent_gate_queries",
  selects: "thanos_query_concurrent_selects_gate_selects",
} as const;

/** What gates of one kind count together. */
interface GateCounts {
  inFlight: number;
  readonly total: Counter;
  readonly waited: Histogram;
}

/** Makes gates that share their metrics: one for all queries, or one of selects for each query. */
export function createGateFactory({ kind, max, metrics, clock }: GateOptions): () => Gate {
  const prefix = prefixes[kind];
  const counts: GateCounts = {
    inFlight: 0,
    total: metrics.counter(`${prefix}_total`, `Total number of ${kind} that passed the gate.`),
    waited: metrics.histogram(
      `${prefix}_duration_seconds`,
      `How many seconds it took for ${kind} to wait at the gate.`,
      waitBuckets,
    ),
  };
  metrics.observe(`${prefix}_max`, `Maximum number of concurrent ${kind}.`, () => [{ value: max }]);
  metrics.observe(`${prefix}_in_flight`, `Number of ${kind} that are currently in flight.`, () => [
    { value: counts.inFlight },
  ]);
  return () => createGate(max, counts, clock);
}

function createGate(max: number, counts: GateCounts, clock: Clock): Gate {
  const waiting: (() => void)[] = [];
  let inside = 0;

  function wayOut(): () => void {
    let left = false;
    return () => {
      if (left) return;
      left = true;
      counts.inFlight--;
      const next = waiting.shift();
      if (next === undefined) inside--;
      else next();
    };
  }
  return {
    async enter(signal) {
      const startMs = clock.monotonicMs();
      if (signal.aborted) throw signal.reason;
      if (inside < max) inside++;
      else await turn(waiting, signal);
      counts.inFlight++;
      counts.total.add(1);
      counts.waited.record((clock.monotonicMs() - startMs) / 1000);
      return wayOut();
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
