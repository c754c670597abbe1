import type { DeclaredCluster } from "../config/declared-cluster.ts";

/** Something that declares clusters: flags, a file, many files. */
export interface ClusterSource {
  /** Calls `declare` with all that it declares, now and whenever that changes. */
  start(declare: (clusters: readonly DeclaredCluster[]) => void): void;
  /** Resolves when it has been read once, well or not. */
  readonly settled: Promise<void>;
  close(): void;
}

/** Clusters that do not change. */
export function createStaticSource(clusters: readonly DeclaredCluster[]): ClusterSource {
  return { start: (declare) => declare(clusters), settled: Promise.resolve(), close: () => undefined };
}
