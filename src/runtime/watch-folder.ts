import { type FSWatcher, watch } from "node:fs";

/**
 * Calls `changed` whenever an entry of a folder is made, written, renamed or removed, until the returned function is called.
 * `undefined` where the system does not watch it, e.g. because it is not there. Does not keep the process up.
 */
export function watchFolder(path: string, changed: () => void): (() => void) | undefined {
  let watcher: FSWatcher;
  try {
    watcher = watch(path, { persistent: false }, changed);
  } catch {
    return undefined; // Who asks looks again by the clock.
  }
  // The folder itself went away, or the system lost count: worth a look too.
  watcher.on("error", changed);
  return () => watcher.close();
}
