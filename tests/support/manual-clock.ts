import { type Clock, yieldToLoop } from "../../src/runtime/clock.ts";

/** A clock that only moves when it is told to. */
export interface ManualClock extends Clock {
  /** Moves on and runs what is due, in order of time. */
  advance(ms: number): void;
  /** Lets promises that are under way come to rest. */
  settle(): Promise<void>;
}

export function createManualClock(startMs = 0): ManualClock {
  let nowMs = startMs;
  let tasks: { readonly dueMs: number; readonly run: () => void }[] = [];
  const after = (ms: number, run: () => void) => {
    const task = { dueMs: nowMs + ms, run };
    tasks.push(task);
    return () => {
      tasks = tasks.filter((other) => other !== task);
    };
  };
  return {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    after,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const stop = after(ms, resolve);
        signal?.addEventListener("abort", () => {
          stop();
          reject(signal.reason);
        });
      }),
    advance(ms) {
      const untilMs = nowMs + ms;
      for (;;) {
        const [task] = tasks.filter(({ dueMs }) => dueMs <= untilMs).sort((a, b) => a.dueMs - b.dueMs);
        if (task === undefined) break;
        tasks = tasks.filter((other) => other !== task);
        nowMs = Math.max(nowMs, task.dueMs);
        task.run();
      }
      nowMs = untilMs;
    },
    async settle() {
      for (let i = 0; i < 5; i++) await yieldToLoop();
    },
  };
}
