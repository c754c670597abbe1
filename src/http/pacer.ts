import { type Clock, yieldToLoop } from "../runtime/clock.ts";

/** How long an answer may be written before timers and sockets have their turn, ms. */
const turnMs = 4;

/** Keeps a busy writer from holding the event loop. Ask between series. */
export interface Pacer {
  /** A promise where others are to have their turn first. */
  turn(): Promise<void> | undefined;
}

export function createPacer(clock: Clock): Pacer {
  let sinceMs = clock.monotonicMs();
  return {
    turn() {
      if (clock.monotonicMs() - sinceMs < turnMs) return undefined;
      return yieldToLoop().then(() => {
        sinceMs = clock.monotonicMs();
      });
    },
  };
}
