import type { Gateway } from "../support/query-process.ts";
import type { BenchLeaves } from "./bench-leaves.ts";

/** A querier under measurement; one process may be two subjects by its `engine` parameter. */
export interface Subject {
  readonly name: string;
  readonly gateway: Gateway;
  readonly params: Readonly<Record<string, string>>;
}

export interface Bench {
  readonly leaves: BenchLeaves;
  readonly subjects: readonly Subject[];
  readonly tls: boolean;
  readonly runs: number;
  readonly seconds: number;
  /** Numbers of the baseline's queries. */
  readonly queries: readonly number[];
  /** Parameters of a range query over all data. */
  readonly range: Readonly<Record<string, string>>;
  /** A moment with data. */
  readonly lateMs: number;
  readonly hours: number;
}
