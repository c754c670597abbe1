import type { Clock } from "../../runtime/clock.ts";

/** Watches for a peer that sends nothing. */
export interface SilenceTimer {
  start(): void;
  /** While the peer may not send. */
  stop(): void;
  /** Something came in. */
  touch(): void;
}

const noTimer: SilenceTimer = { start: () => undefined, stop: () => undefined, touch: () => undefined };

/** Calls `onSilence` when nothing came in for `limitMs`; never where that is 0. One timer, not one for each arrival. */
export function createSilenceTimer(clock: Clock, limitMs: number, onSilence: () => void): SilenceTimer {
  if (limitMs <= 0) return noTimer;
  let lastMs = 0;
  let stopTimer: () => void = () => undefined;
  const wait = (ms: number) => {
    stopTimer = clock.after(ms, () => {
      const silentMs = clock.monotonicMs() - lastMs;
      if (silentMs < limitMs) wait(Math.ceil(limitMs - silentMs));
      else onSilence();
    });
  };
  return {
    start() {
      lastMs = clock.monotonicMs();
      stopTimer();
      wait(limitMs);
    },
    stop: () => stopTimer(),
    touch() {
      lastMs = clock.monotonicMs();
    },
  };
}
