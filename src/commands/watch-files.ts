import type { Clock } from "../runtime/clock.ts";
import { modifiedMs } from "../runtime/files.ts";

/** How often files are looked at. */
const intervalMs = 5_000;

/** Calls `changed` after one of the files was written anew. The returned function ends the watch. */
export function watchFiles(paths: readonly string[], clock: Clock, changed: () => Promise<void>): () => void {
  let known = "";
  let stopped = false;
  let stopTimer: () => void = () => undefined;
  const look = async () => {
    const seen = (await Promise.all(paths.map(modifiedMs))).join(" ");
    if (known !== "" && seen !== known && !stopped) await changed();
    known = seen;
    if (!stopped) stopTimer = clock.after(intervalMs, () => void look());
  };
  if (paths.length > 0) void look();
  return () => {
    stopped = true;
    stopTimer();
  };
}
