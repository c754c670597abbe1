import type { Clock } from "../runtime/clock.ts";
import { watchFolder } from "../runtime/watch-folder.ts";

export interface WatchedFoldersOptions {
  readonly folders: readonly string[];
  /** How often to look where no change was noticed. */
  readonly intervalMs: number;
  readonly clock: Clock;
  /** Runs one at a time; must not reject. */
  look(): Promise<void>;
}

/** A change comes as many: the look waits for the last of them. */
const calmMs = 50;
/** How often to look where a folder cannot be watched. */
const blindIntervalMs = 5_000;

/** Looks now, after every change in the folders and every `intervalMs`. The returned function ends it. */
export function watchFolders(options: WatchedFoldersOptions): () => void {
  const { folders, intervalMs, clock } = options;
  let watchers: readonly ((() => void) | undefined)[] = [];
  let stopTimer: () => void = () => undefined;
  let isLooking = false;
  let isStale = false;
  let isOver = false;

  const unwatch = () => {
    for (const stop of watchers) stop?.();
    watchers = [];
  };
  const soon = (ms: number) => {
    stopTimer();
    if (!isOver) stopTimer = clock.after(ms, () => void look());
  };
  const changed = () => {
    if (isLooking) isStale = true;
    else soon(calmMs);
  };
  const look = async () => {
    isLooking = true;
    isStale = false;
    // Watched anew each time, since a folder may have been replaced by another of its name.
    unwatch();
    if (!isOver) watchers = folders.map((folder) => watchFolder(folder, changed));
    await options.look();
    isLooking = false;
    const isBlind = watchers.includes(undefined);
    soon(isStale ? calmMs : isBlind ? Math.min(blindIntervalMs, intervalMs) : intervalMs);
  };
  void look();
  return () => {
    isOver = true;
    stopTimer();
    unwatch();
  };
}
