import { GatewayError } from "../lib/errors.ts";
import { type ClusterOutcome, outcomeText } from "../model/completeness.ts";
import { compareLabels, type Labels } from "../model/labels.ts";
import { allTime } from "../model/time-range.ts";
import type { SeriesBatch } from "../wire/series-batch.ts";
import type { ClusterView, LostEndpoint } from "./cluster-view.ts";
import type { QueryableEndpoint } from "./queryable-endpoint.ts";

/** What one call of a federation finds out about its expected clusters. */
export interface ClusterRead {
  /** What is lacking before anything is asked, in words. Throws GatewayError `aborted` where the answer must have it. */
  begin(): readonly string[];
  /** A batch that an endpoint answered. */
  saw(endpoint: QueryableEndpoint, batch: SeriesBatch): void;
  /** What an endpoint, itself a gateway, says of the clusters behind it. */
  heard(endpoint: QueryableEndpoint, outcomes: readonly ClusterOutcome[]): void;
  /** An endpoint failed; `received`: after it had answered something. */
  failed(endpoint: QueryableEndpoint, reason: string, received: boolean): void;
  /** What is known so far: a cluster that is still being read counts as complete. */
  outcomes(): readonly ClusterOutcome[];
}

export interface ClusterReadOptions {
  readonly clusters: readonly ClusterView[];
  /** Endpoints that the call goes to. */
  readonly chosen: ReadonlySet<QueryableEndpoint>;
  /** Whether an endpoint that is lost could have had data for the call. */
  mayHaveData(lost: LostEndpoint): boolean;
  /** Whether an answer that lacks any cluster is an error, not only one that lacks a strict cluster. */
  readonly mustHaveAll: boolean;
  /** Labels in which replicas differ: where one of them has answered, the others are not missed. */
  readonly replicaLabels: readonly string[];
}

interface Noted {
  readonly reason: string;
  readonly kind: "failed" | "broken" | "warned";
}

export function createClusterRead(options: ClusterReadOptions): ClusterRead {
  const notes = new Map<QueryableEndpoint, Noted>();
  const nested = new Map<QueryableEndpoint, readonly ClusterOutcome[]>();
  const outcomesOf = (cluster: ClusterView): readonly ClusterOutcome[] => {
    if (nested.size === 0 && notes.size === 0 && isWhole(cluster, options.chosen))
      return [{ cluster: cluster.name, state: "complete", reason: "", sinceMs: undefined }];
    const inner = cluster.queryable.flatMap((endpoint) => nested.get(endpoint) ?? []);
    const own = outcomeOf(cluster, options, notes);
    if (inner.length === 0 || own.state === "missing" || own.state === "excluded") return [own];
    return inner.map((outcome) => ({ ...outcome, cluster: `${cluster.name}/${outcome.cluster}` }));
  };
  const isNeeded = ({ expected, strict }: ClusterView) => strict || (expected && options.mustHaveAll);
  /** Throws where an endpoint of a strict cluster has failed. */
  const checkStrict = (endpoint: QueryableEndpoint): void => {
    const cluster = options.clusters.find(({ queryable }) => queryable.includes(endpoint));
    if (cluster === undefined || !cluster.strict) return;
    const lacking = outcomesOf(cluster).find(isLackingOutcome);
    if (lacking !== undefined) throw new GatewayError("aborted", outcomeText(lacking));
  };
  return {
    begin() {
      const texts: string[] = [];
      for (const cluster of options.clusters) {
        const lacking = outcomesOf(cluster).find(isLackingOutcome);
        if (lacking === undefined) continue;
        if (isNeeded(cluster)) throw new GatewayError("aborted", outcomeText(lacking));
        if (cluster.expected) texts.push(outcomeText(lacking));
      }
      return texts;
    },
    saw(endpoint, batch) {
      if (batch.clusters !== undefined) nested.set(endpoint, batch.clusters);
      const [warning] = batch.warnings;
      if (warning === undefined) return;
      const kind = batch.failure === undefined ? "warned" : batch.failure === "before" ? "failed" : "broken";
      if (notes.get(endpoint) === undefined || kind !== "warned")
        notes.set(endpoint, { reason: warning, kind });
      if (kind !== "warned") checkStrict(endpoint);
    },
    heard(endpoint, outcomes) {
      if (outcomes.length > 0) nested.set(endpoint, outcomes);
    },
    failed(endpoint, reason, received) {
      notes.set(endpoint, { reason, kind: received ? "broken" : "failed" });
      checkStrict(endpoint);
    },
    outcomes: () => options.clusters.filter(({ expected }) => expected).flatMap(outcomesOf),
  };
}

/** Whether a cluster of which nothing was noted is complete: the usual case, told without the work of the others. */
function isWhole(
  { queryable, lost, isIncomplete }: ClusterView,
  chosen: ReadonlySet<QueryableEndpoint>,
): boolean {
  return lost.length === 0 && isIncomplete !== true && queryable.some((endpoint) => chosen.has(endpoint));
}

function isLackingOutcome({ state }: ClusterOutcome): boolean {
  return state === "missing" || state === "partial";
}

function outcomeOf(
  cluster: ClusterView,
  { chosen, mayHaveData, replicaLabels }: ClusterReadOptions,
  notes: ReadonlyMap<QueryableEndpoint, Noted>,
): ClusterOutcome {
  const asked = cluster.queryable.filter((endpoint) => chosen.has(endpoint));
  const whole = asked.filter((endpoint) => notes.get(endpoint) === undefined);
  const covered = (labelSets: readonly Labels[] | undefined) =>
    labelSets !== undefined &&
    whole.some(({ store }) => sameData(store.info().labelSets, labelSets, replicaLabels));
  const declared =
    cluster.labels === undefined || cluster.labels.length === 0
      ? undefined
      : { labelSets: [cluster.labels], timeRange: allTime };
  /** Also where no endpoint is known. */
  const isRuledOut =
    declared !== undefined &&
    !mayHaveData({ address: cluster.name, reason: "", sinceMs: undefined, info: declared });
  const lacking = [
    ...cluster.lost
      .filter(
        (lost) => mayHaveData({ ...lost, info: lost.info ?? declared }) && !covered(lost.info?.labelSets),
      )
      .map(({ address, reason, sinceMs }) => ({ reason: `${address}: ${reason}`, sinceMs })),
    ...asked
      .filter((endpoint) => isLacking(endpoint, notes.get(endpoint), covered))
      .map((endpoint) => ({ reason: notes.get(endpoint)?.reason ?? "", sinceMs: undefined })),
    ...(cluster.isIncomplete === true && cluster.problem !== undefined && !isRuledOut
      ? [cluster.problem]
      : []),
  ];
  const at = (state: ClusterOutcome["state"], reason = "", sinceMs?: number): ClusterOutcome => ({
    cluster: cluster.name,
    state,
    reason,
    sinceMs,
  });
  const [first] = lacking;
  if (first !== undefined) {
    const answered = asked.some((endpoint) => notes.get(endpoint)?.kind !== "failed");
    return at(answered ? "partial" : "missing", first.reason, first.sinceMs);
  }
  if (asked.length > 0) return at("complete");
  if (isRuledOut || cluster.queryable.length > 0 || cluster.lost.length > 0)
    return at("excluded", "no data by its labels or times");
  const { problem } = cluster;
  return at("missing", problem?.reason ?? "no endpoint is known", problem?.sinceMs);
}

function isLacking(
  endpoint: QueryableEndpoint,
  note: Noted | undefined,
  covered: (labelSets: readonly Labels[]) => boolean,
): boolean {
  if (note === undefined) return false;
  return note.kind !== "failed" || !covered(endpoint.store.info().labelSets);
}

/** Whether stores of these label sets are replicas of each other: they have labels, equal but for the replica's. */
function sameData(a: readonly Labels[], b: readonly Labels[], replicaLabels: readonly string[]): boolean {
  if (replicaLabels.length === 0 || a.length === 0 || a.length !== b.length) return false;
  const stripped = (sets: readonly Labels[]) =>
    sets.map((set) => set.filter(({ name }) => !replicaLabels.includes(name))).sort(compareLabels);
  const others = stripped(b);
  return stripped(a).every((set, i) => compareLabels(set, others[i] ?? []) === 0);
}
