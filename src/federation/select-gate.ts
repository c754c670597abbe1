/** Lets so many selects of one query open their streams at a time. */
export interface SelectGate {
  /** Resolves with the way out; rejects with the signal's reason. */
  enter(signal: AbortSignal): Promise<() => void>;
}

/** Lets `max` in at a time, others in the order of their coming. */
export function createSelectGate(max: number): SelectGate {
  const waiting: (() => void)[] = [];
  let inside = 0;

  const leaveOnce = (): (() => void) => {
    let left = false;
    return () => {
      if (left) return;
      left = true;
      const next = waiting.shift();
      if (next === undefined) inside--;
      else next();
    };
  };
  const turn = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const giveUp = () => {
        waiting.splice(waiting.indexOf(admit), 1);
        reject(signal.reason);
      };
      const admit = () => {
        signal.removeEventListener("abort", giveUp);
        resolve();
      };
      signal.addEventListener("abort", giveUp, { once: true });
      waiting.push(admit);
    });

  return {
    async enter(signal) {
      signal.throwIfAborted();
      if (inside < max) inside++;
      else await turn(signal);
      return leaveOnce();
    },
  };
}
