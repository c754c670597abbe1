/** An endpoint that was found. */
export interface DiscoveredEndpoint {
  /** `host:port`, or `thanos:///` and the address of a group. */
  readonly address: string;
  /** The name that the address was found under, which its certificate is for; `undefined` for what was given as it is. */
  readonly host: string | undefined;
  readonly strict: boolean;
  /** Whether it is a group, of which one server is asked at a time. */
  readonly isGroup: boolean;
  /** Whether DNS names it no more: it is kept only while it answers. */
  readonly isLeaving: boolean;
  readonly cluster: string;
  /** Name of a TLS profile; `undefined` for the default. */
  readonly tls: string | undefined;
}

/** A cluster with what discovery knows of it. */
export interface DiscoveredCluster {
  readonly name: string;
  readonly expected: boolean;
  readonly strict: boolean;
  /** Why its endpoints are not all known, and since when, Unix ms. */
  readonly problem: { readonly reason: string; readonly sinceMs: number | undefined } | undefined;
  /** Whether endpoints are not known that should be. */
  readonly isIncomplete: boolean;
}

/** All that is known at a time. Addresses and names of clusters are unique. */
export interface DiscoveredEndpoints {
  readonly endpoints: readonly DiscoveredEndpoint[];
  readonly clusters: readonly DiscoveredCluster[];
  /** Addresses that were found more than once. */
  readonly duplicates: readonly string[];
}
