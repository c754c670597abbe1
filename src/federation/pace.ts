import { type Clock, yieldToLoop } from "../runtime/clock.ts";

/** Keeps long work from holding the event loop. */
export interface Pace {
  /** A promise of a turn for timers and sockets where work has gone on for long, else `undefined`. */
  rest(): Promise<void> | undefined;
}

export interface PaceOptions {
  readonly clock: Pick<Clock, "monotonicMs">;
  /** Gives others their turn; by default the event loop's. */
  readonly yieldToLoop?: () => Promise<void>;
  /** Work at a stretch, ms. */
  readonly stretchMs?: number;
}

const defaultStretchMs = 8;

export function createPace(options: PaceOptions): Pace {
  const { clock, stretchMs = defaultStretchMs } = options;
  const giveTurn = options.yieldToLoop ?? yieldToLoop;
  let sinceMs = clock.monotonicMs();
  return {
    rest() {
      if (clock.monotonicMs() - sinceMs < stretchMs) return undefined;
      return giveTurn().then(() => {
        sinceMs = clock.monotonicMs();
      });
    },
  };
}
