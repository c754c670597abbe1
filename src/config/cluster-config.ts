import { GatewayError } from "../lib/errors.ts";
import type { Labels } from "../model/labels.ts";
import { parseEndpointAddress } from "./address.ts";
import { parseDnsAddress } from "./dns-address.ts";
import type { TlsVersion } from "./server-flags.ts";

/** A file with the place that names it: what an error about it begins with. */
export interface PlacedFile {
  /** Absolute, or relative to where the process runs. */
  readonly path: string;
  /** `FILE:LINE:COLUMN`. */
  readonly place: string;
  /** The key that names it, e.g. `clusters[0].tls.key`. */
  readonly key: string;
}

/** How the endpoints of one cluster are spoken to over TLS. */
export interface ClusterTlsConfig {
  readonly cert: PlacedFile | undefined;
  readonly key: PlacedFile | undefined;
  /** `undefined`: the system's authorities. */
  readonly ca: PlacedFile | undefined;
  /** Name to ask for and to check instead of the endpoint's host. */
  readonly serverName: string | undefined;
  readonly minVersion: TlsVersion;
  /** Names of which an endpoint's certificate must show one: DNS names, addresses, URIs such as SPIFFE ids. Empty for any. */
  readonly san: readonly string[];
}

/** A cluster as its operator declares it. */
export interface ClusterConfig {
  readonly name: string;
  /** Where it is declared: `FILE:LINE:COLUMN`, or the flag. */
  readonly place: string;
  /** In any form that discovery knows; at least one. */
  readonly endpoints: readonly string[];
  /** `undefined`: as the flags `--grpc-client-…` say. */
  readonly tls: ClusterTlsConfig | "plain" | undefined;
  /** Whether an answer without it is an error. */
  readonly strict: boolean;
  /** Whether nobody misses it where it is not there. */
  readonly optional: boolean;
  /** Labels that all its series have. */
  readonly labels: Labels;
  /** How long it may be silent within an answer; `undefined`: as `--store.response-timeout` says. */
  readonly responseTimeoutMs: number | undefined;
}

/** What holds for clusters wherever they are declared, and the texts for what breaks it. */
export const clusterRules = {
  isName: (name: string) => /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name),
  nameWants: "letters, digits, dots, dashes and underscores, a letter or digit first",
  isLabelName: (name: string) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && name !== "__name__",
  labelNameWants: "letters, digits and underscores, no digit first, and not __name__",
  labelValueWants: "the value that all series of the cluster have",
  /** Throws GatewayError with the reason where discovery could not read it. */
  checkEndpoint(address: string): void {
    if (parseDnsAddress(address) === undefined) parseEndpointAddress(address);
  },
  endpointWants: "<host>:<port> or a DNS form such as dns+<host>:<port>",
  strictAndOptional: "it is both strict and optional, wants one of them at most",
} as const;

/**
 * All clusters under names of their own. Throws GatewayError `bad_data` that names both places where a name, or an endpoint, is
 * declared twice.
 */
export function joinClusters(clusters: readonly ClusterConfig[]): readonly ClusterConfig[] {
  const names = new Map<string, ClusterConfig>();
  const owners = new Map<string, ClusterConfig>();
  for (const cluster of clusters) {
    const { name, place, endpoints } = cluster;
    const first = names.get(name);
    if (first !== undefined) {
      const what = `cluster ${JSON.stringify(name)} is declared at ${first.place} already`;
      throw new GatewayError("bad_data", `${place}: ${what}, wants a name of its own`);
    }
    names.set(name, cluster);
    for (const address of endpoints) {
      const owner = owners.get(address);
      if (owner !== undefined) {
        const what = `endpoint ${address} of cluster ${name} belongs to cluster ${owner.name}, ${owner.place}, already`;
        throw new GatewayError("bad_data", `${place}: ${what}, wants each endpoint in one cluster`);
      }
      owners.set(address, cluster);
    }
  }
  return clusters;
}
