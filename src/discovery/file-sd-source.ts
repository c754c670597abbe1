import type { DeclaredCluster } from "../config/declared-cluster.ts";
import { splitPattern } from "../config/file-pattern.ts";
import { parseFileSd } from "../config/file-sd.ts";
import { messageOf } from "../lib/errors.ts";
import type { Clock } from "../runtime/clock.ts";
import { fileErrorReason, listFolder, readTextFile } from "../runtime/files.ts";
import type { Log } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { ClusterSource } from "./cluster-source.ts";
import { watchFolders } from "./watched-folders.ts";

export interface FileSdOptions {
  /** `--store.sd-files`. */
  readonly patterns: readonly string[];
  readonly intervalMs: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

interface KnownFile {
  readonly text: string;
  /** Of the last text that could be read. */
  readonly clusters: readonly DeclaredCluster[];
}

/** Files of file_sd. One that cannot be read keeps what it said before; one that is gone says nothing any more. */
export function createFileSdSource(options: FileSdOptions): ClusterSource {
  const { clock, log } = options;
  const patterns = options.patterns.map((pattern) => ({ pattern, ...splitPattern(pattern) }));
  const settled = Promise.withResolvers<void>();
  const failures = options.metrics.counter(
    "prometheus_sd_file_read_errors_total",
    "The number of File-SD read errors.",
  );
  let known: ReadonlyMap<string, KnownFile> = new Map();
  let stop: () => void = () => undefined;

  const complain = (message: string, path: string, err: string) => {
    failures.add(1);
    log.error(message, { path, err });
  };
  /** Paths that fit, and those below a folder that cannot be listed, which are kept. */
  const list = async (): Promise<ReadonlySet<string>> => {
    const paths = new Set<string>();
    for (const { pattern, folder, fits } of patterns) {
      try {
        for (const name of await listFolder(folder)) if (fits(name)) paths.add(pathIn(folder, name));
      } catch (error) {
        complain("Error listing files of endpoints", pattern, fileErrorReason(error));
        for (const path of known.keys())
          if (pathIn(folder, path.split("/").at(-1) ?? "") === path) paths.add(path);
      }
    }
    return paths;
  };
  const read = async (path: string): Promise<KnownFile | undefined> => {
    const before = known.get(path);
    let text: string;
    try {
      text = await readTextFile(path);
    } catch (error) {
      const reason = fileErrorReason(error);
      if (reason === "no such file") return undefined; // It went between the listing and now.
      complain("Error reading file of endpoints, what it said before stays in use", path, reason);
      return before;
    }
    if (text === before?.text) return before;
    try {
      return { text, clusters: parseFileSd({ name: path, text }) };
    } catch (error) {
      complain("Error reading file of endpoints, what it said before stays in use", path, messageOf(error));
      return { text, clusters: before?.clusters ?? [] };
    }
  };
  const look = async (declare: (clusters: readonly DeclaredCluster[]) => void) => {
    const files = new Map<string, KnownFile>();
    for (const path of await list()) {
      const file = await read(path);
      if (file !== undefined) files.set(path, file);
    }
    const isChanged =
      files.size !== known.size ||
      [...files].some(([path, { clusters }]) => known.get(path)?.clusters !== clusters);
    known = files;
    if (isChanged) declare([...files.values()].flatMap(({ clusters }) => clusters));
    settled.resolve();
  };
  return {
    start(declare) {
      const folders = [...new Set(patterns.map(({ folder }) => folder))];
      stop = watchFolders({ folders, intervalMs: options.intervalMs, clock, look: () => look(declare) });
    },
    settled: settled.promise,
    close() {
      stop();
      settled.resolve();
    },
  };
}

function pathIn(folder: string, name: string): string {
  return folder === "." ? name : folder === "/" ? `/${name}` : `${folder}/${name}`;
}
