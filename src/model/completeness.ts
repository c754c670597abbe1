/**
 * Whether a cluster's data are in an answer. `partial`: some of them may be missing. `excluded`: by its labels or times it
 * has none that were asked for.
 */
export type ClusterState = "complete" | "partial" | "missing" | "excluded";

/** What became of one expected cluster in an answer. */
export interface ClusterOutcome {
  /** Its name; through gateways `outer/inner`. */
  readonly cluster: string;
  readonly state: ClusterState;
  /** Why it is not complete, "" where it is. */
  readonly reason: string;
  /** Since when that is so, Unix ms; `undefined` where it is not known, or where it began with this answer. */
  readonly sinceMs: number | undefined;
}

/** Gathers what became of the clusters while an answer is made. */
export interface CompletenessLog {
  /** Adds a read of the federation: its outcomes are asked for whenever somebody wants to know, and may change till its end. */
  add(read: () => readonly ClusterOutcome[]): void;
  /** One outcome for each cluster over all reads, by name. */
  outcomes(): readonly ClusterOutcome[];
}

export function createCompletenessLog(): CompletenessLog {
  const reads: (() => readonly ClusterOutcome[])[] = [];
  return {
    add: (read) => void reads.push(read),
    outcomes() {
      const byCluster = new Map<string, ClusterOutcome>();
      for (const read of reads) {
        for (const outcome of read()) {
          const known = byCluster.get(outcome.cluster);
          byCluster.set(outcome.cluster, known === undefined ? outcome : joined(known, outcome));
        }
      }
      return [...byCluster.values()].sort((a, b) => (a.cluster < b.cluster ? -1 : 1));
    },
  };
}

/** What two reads of one answer make together: a cluster that was in one of them and not in the other is partial. */
function joined(a: ClusterOutcome, b: ClusterOutcome): ClusterOutcome {
  if (a.state === b.state || b.state === "excluded") return a;
  if (a.state === "excluded") return b;
  const worse = rank(a) >= rank(b) ? a : b;
  return worse.state === "missing" ? { ...worse, state: "partial" } : worse;
}

function rank({ state }: ClusterOutcome): number {
  return state === "missing" ? 2 : state === "partial" ? 1 : 0;
}

/** How many clusters of an answer are whole or not needed, of how many; and which are missing or partial. */
export function summaryOf(outcomes: readonly ClusterOutcome[]): {
  readonly whole: number;
  readonly expected: number;
  readonly lacking: readonly ClusterOutcome[];
} {
  const lacking = outcomes.filter(({ state }) => state === "missing" || state === "partial");
  return { whole: outcomes.length - lacking.length, expected: outcomes.length, lacking };
}

/** `cluster eu-west is missing: connection refused`, as warnings and errors name it. */
export function outcomeText({ cluster, state, reason, sinceMs }: ClusterOutcome): string {
  const since = sinceMs === undefined ? "" : ` since ${new Date(sinceMs).toISOString()}`;
  return `cluster ${cluster} is ${state}${since}${reason === "" ? "" : `: ${reason}`}`;
}
