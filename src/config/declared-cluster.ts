/** An endpoint as it was declared: `host:port` or any form that is looked up in DNS. */
export interface DeclaredEndpoint {
  readonly address: string;
  /** Kept and asked even while it does not answer Info. Never for DNS addresses, but for groups. */
  readonly strict: boolean;
  /** How one of many servers behind the address is picked for each call; `undefined`: each is an endpoint of its own. */
  readonly group: GroupPolicy | undefined;
  /** Name of a TLS profile; `undefined` for the default. */
  readonly tls: string | undefined;
}

/** Words of gRPC's `loadBalancingPolicy`. */
export type GroupPolicy = "round_robin" | "pick_first";

/** What an operator thinks of as one: some endpoints under a name. */
export interface DeclaredCluster {
  readonly name: string;
  /** Whether answers say when it is not in them. */
  readonly expected: boolean;
  /** Whether an answer without it is an error. */
  readonly strict: boolean;
  readonly endpoints: readonly DeclaredEndpoint[];
}

/** The cluster that one endpoint is, as flags and Thanos's files have it: named as it was written. */
export function clusterOfEndpoint(
  endpoint: Pick<DeclaredEndpoint, "address"> & Partial<DeclaredEndpoint>,
): DeclaredCluster {
  const whole = { strict: false, group: undefined, tls: undefined, ...endpoint };
  return { name: endpoint.address, expected: true, strict: false, endpoints: [whole] };
}
