import type { Labels } from "../model/labels.ts";
import type { TimeRange } from "../model/time-range.ts";
import type { QueryableEndpoint } from "./queryable-endpoint.ts";

/** A cluster as a federation is told to expect it. */
export interface ClusterSpec {
  readonly name: string;
  /** Whether answers say when it is not in them. */
  readonly expected: boolean;
  /** Whether an answer without it is an error. */
  readonly strict: boolean;
  /** Labels that all its series have, as far as it is told: they speak for endpoints that never did. */
  readonly labels?: Labels | undefined;
  /** Why its endpoints are not known, where discovery failed. */
  readonly problem?: ClusterProblem | undefined;
  /** Whether the problem is that some of its endpoints are not known: then it lacks them even where others answer. */
  readonly isIncomplete?: boolean | undefined;
}

/** Why something is not there, and since when, Unix ms. */
export interface ClusterProblem {
  readonly reason: string;
  readonly sinceMs: number | undefined;
}

/** A cluster as it is now. */
export interface ClusterView extends ClusterSpec {
  /** Its endpoints that can be asked. */
  readonly queryable: readonly QueryableEndpoint[];
  /** Its endpoints that cannot. */
  readonly lost: readonly LostEndpoint[];
}

/** An endpoint that does not answer, with what it advertised last, where it ever did. */
export interface LostEndpoint extends ClusterProblem {
  readonly address: string;
  readonly info: { readonly labelSets: readonly Labels[]; readonly timeRange: TimeRange } | undefined;
}
