import type { Clock } from "../runtime/clock.ts";
import { fileStamp } from "../runtime/files.ts";

export interface WatchOptions {
  readonly clock: Clock;
  /** How often files are looked at. */
  readonly intervalMs: number;
  /** Reads the files anew; `false`: they cannot be used as they are, and are to be tried again. */
  changed(): Promise<boolean>;
}

/** How long files must have been at rest: who writes several of them, or a long one, needs a moment. */
const restMs = 1_000;

/**
 * Calls `changed` after files were written anew, and again while it says that they cannot be used. Begin the watch before the
 * files are read for the first time, and await it: what is written in between is then seen. The returned function ends it.
 */
export async function watchFiles(paths: readonly string[], options: WatchOptions): Promise<() => void> {
  const { clock, intervalMs } = options;
  const look = async () => (await Promise.all(paths.map(fileStamp))).join(" ");
  let used = paths.length === 0 ? "" : await look();
  let seen = used;
  let stopped = false;
  let stopTimer: () => void = () => undefined;
  const check = async () => {
    const now = await look();
    const isAtRest = now === seen;
    seen = now;
    if (now !== used && isAtRest && !stopped && (await options.changed())) used = now;
    const isPending = seen !== used && !isAtRest;
    if (!stopped) stopTimer = clock.after(isPending ? Math.min(restMs, intervalMs) : intervalMs, run);
  };
  const run = () => void check();
  if (paths.length > 0) stopTimer = clock.after(intervalMs, run);
  return () => {
    stopped = true;
    stopTimer();
  };
}
