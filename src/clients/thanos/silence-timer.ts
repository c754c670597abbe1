import type { Clock } from "../../runtime/clock.ts";

/** Watches for a peer that sends nothing. */
export interface SilenceTimer {
  start(): void;
  /** While the peer may not send. */
  stop(): void;
  /** Something came in. */
  touch(): void;
}

/** Timers take 32 bits of milliseconds. */
const longestTimerMs = 2_147_483_647;

/** Of the time that is left to a query, the part that one silent peer may use up: the others' answers must still fit in. */
const shareOfTimeLeft = 0.4;

/**
 * How long a peer may be silent, ms: the smaller of the response time-out (0 for none) and a share of the time left.
 * Infinity where neither is known.
 */
export function silenceLimitMs(
  responseTimeoutMs: number,
  deadlineMs: number | undefined,
  nowMs: number,
): number {
  const ofResponse = responseTimeoutMs > 0 ? responseTimeoutMs : Number.POSITIVE_INFINITY;
  if (deadlineMs === undefined) return ofResponse;
  return Math.max(1, Math.min(ofResponse, Math.ceil(shareOfTimeLeft * (deadlineMs - nowMs))));
}

/**
 * Calls `onSilence`, with the limit, when nothing came in for as long as `limit` said at the last start; never where it
 * said Infinity. One timer, not one for each arrival.
 */
export function createSilenceTimer(
  clock: Clock,
  limit: () => number,
  onSilence: (limitMs: number) => void,
): SilenceTimer {
  let limitMs = 0;
  let lastMs = 0;
  let stopTimer: () => void = () => undefined;
  const wait = (ms: number) => {
    stopTimer = clock.after(ms, () => {
      const silentMs = clock.monotonicMs() - lastMs;
      if (silentMs < limitMs) wait(Math.ceil(limitMs - silentMs));
      else onSilence(limitMs);
    });
  };
  return {
    start() {
      limitMs = limit();
      lastMs = clock.monotonicMs();
      stopTimer();
      if (limitMs < longestTimerMs) wait(limitMs);
    },
    stop: () => stopTimer(),
    touch() {
      lastMs = clock.monotonicMs();
    },
  };
}
