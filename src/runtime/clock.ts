import { clearTimeout, setImmediate, setTimeout } from "node:timers";

/** The only reader of the clock. Tests hand in their own. */
export interface Clock {
  /** Unix milliseconds. */
  nowMs(): number;
  /** Milliseconds that only grow, with fractions. */
  monotonicMs(): number;
  /** Resolves after `ms`, or rejects with the signal's reason. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Runs `task` after `ms`; the returned function takes it back. Does not keep the process up. */
  after(ms: number, task: () => void): () => void;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep(ms, signal) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const timer = setTimeout(() => {
        signal?.removeEventListener("abort", stop);
        resolve();
      }, ms);
      const stop = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      signal?.addEventListener("abort", stop, { once: true });
    });
  },
  after(ms, task) {
    const timer = setTimeout(task, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

let turn: Promise<void> | undefined;

/** Lets timers and sockets have their turn. All that ask within one turn share its end. */
export function yieldToLoop(): Promise<void> {
  turn ??= new Promise((resolve) => {
    setImmediate(() => {
      turn = undefined;
      resolve();
    });
  });
  return turn;
}
