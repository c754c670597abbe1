import { messageOf } from "../lib/errors.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../telemetry/log.ts";
import { watchFiles } from "./watch-files.ts";

/** Something that was read from files, and is read again when they change. */
export interface Reloaded<T> {
  current(): T;
  /** Calls `listener` after each change, until the returned function is called. */
  onChange(listener: () => void): () => void;
  /** Whether the files are others than those in use, and cannot be used. */
  isStale(): boolean;
  close(): void;
}

export interface ReloadOptions<T> {
  /** For the log, e.g. `cluster eu`. */
  readonly profile: string;
  readonly files: readonly ({ readonly path: string } | undefined)[];
  /** How often files are looked at; 5 s by default. */
  readonly reloadIntervalMs?: number | undefined;
  /** Reads and checks all files. Throws where they cannot be used as they are. */
  read(): Promise<T>;
  readonly clock: Clock;
  readonly log: Log;
}

const defaultIntervalMs = 5_000;

/** Reads files now, which throws what `read` throws, and whenever they change: then what cannot be used is logged, and what was there stays in use. */
export async function openReloaded<T>(options: ReloadOptions<T>): Promise<Reloaded<T>> {
  const { profile, clock, log } = options;
  const paths = options.files.flatMap((file) => (file === undefined ? [] : [file.path]));
  const intervalMs = options.reloadIntervalMs ?? defaultIntervalMs;
  const listeners = new Set<() => void>();
  let refused: string | undefined;
  const changed = async (): Promise<boolean> => {
    const before = value;
    try {
      value = await options.read();
      for (const listener of listeners) listener();
    } catch (error) {
      value = before;
      const reason = messageOf(error);
      if (reason !== refused) {
        log.error("TLS files changed and cannot be used; what was there stays in use", {
          profile,
          err: reason,
        });
      }
      refused = reason;
      return false;
    }
    refused = undefined;
    log.info("TLS files were read anew", { profile });
    return true;
  };
  const stop = await watchFiles(paths, { clock, intervalMs, changed });
  let value: T;
  try {
    value = await options.read();
  } catch (error) {
    stop();
    throw error;
  }
  return {
    current: () => value,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    isStale: () => refused !== undefined,
    close: stop,
  };
}
