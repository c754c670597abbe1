import type { Gateway } from "../support/query-process.ts";
import type { BenchLeaves } from "./bench-leaves.ts";

/** A process under measurement that answers Prometheus's HTTP API. */
export interface Server {
  /** `host:port` of its HTTP listener. */
  readonly http: string;
  readonly pid: number;
  end(): Promise<void>;
}

/** One way to ask a server; one process may be two subjects by its `engine` parameter. */
export interface Subject {
  readonly name: string;
  readonly server: Server;
  readonly params: Readonly<Record<string, string>>;
  /** The query as this subject is asked it. */
  readonly queryFor: (query: string) => string;
}

/** A subject that queries the leaves. */
export interface Querier extends Subject {
  readonly server: Gateway;
}

export interface Bench {
  readonly leaves: BenchLeaves;
  /** The gateway first. */
  readonly queriers: readonly Querier[];
  /** Subjects with the same samples on their own disk: only what is asked over HTTP makes sense for them. */
  readonly selfStored: readonly Subject[];
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
