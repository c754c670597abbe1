import { GatewayError } from "../lib/errors.ts";
import { parseEndpointAddress, parseStrictAddress } from "./address.ts";
import { clusterOfEndpoint, type DeclaredCluster, type DeclaredEndpoint } from "./declared-cluster.ts";
import { parseFilePattern } from "./file-pattern.ts";
import type { FlagValues } from "./flag.ts";
import {
  flagWith,
  optionalFlag,
  parseDuration,
  parseOneOf,
  parseText,
  repeatedFlag,
  unreadable,
} from "./flag.ts";

/** Flags that say where endpoints are, named and defaulted as in `thanos query`. */
export const discoveryFlags = {
  endpoint: repeatedFlag(
    {
      help: "StoreAPI endpoint to query; dns+HOST:PORT, dnsdualstack+HOST:PORT, dnssrv+NAME and dnssrvnoa+NAME are looked up in DNS. Give it once for each.",
      placeholder: "HOST:PORT",
    },
    parseEndpointAddress,
  ),
  "endpoint-strict": repeatedFlag(
    {
      help: "The same for an endpoint that is asked even while it does not answer health checks. Not for DNS.",
      placeholder: "HOST:PORT",
    },
    parseStrictAddress,
  ),
  "endpoint-group": repeatedFlag(
    {
      help: "Many equal servers behind one address, such as dns+HOST:PORT: each call goes to one of them, in turn.",
      placeholder: "HOST:PORT",
    },
    parseEndpointAddress,
  ),
  "endpoint-group-strict": repeatedFlag(
    {
      help: "The same for a group that is asked even while it does not answer health checks. Not for DNS.",
      placeholder: "HOST:PORT",
    },
    parseStrictAddress,
  ),
  "endpoint.sd-config": optionalFlag(
    { help: "Endpoints as YAML: endpoints: [{address, strict, group, …}].", placeholder: "YAML" },
    parseText,
  ),
  "endpoint.sd-config-file": optionalFlag(
    { help: "File with the same; read anew when it changes.", placeholder: "FILE" },
    parseText,
  ),
  "endpoint.sd-config-reload-interval": flagWith(
    {
      help: "How often that file is read even if no change of it was noticed.",
      default: "5m",
      placeholder: "DURATION",
    },
    parseInterval,
  ),
  "endpoint.sd-hold-down": flagWith(
    {
      help: "How long an address that DNS names no more is still asked, as long as it answers.",
      default: "1m",
      placeholder: "DURATION",
    },
    parseDuration,
  ),
  "store.sd-files": repeatedFlag(
    {
      help: "Files with endpoints in the format of Prometheus's file_sd, JSON or YAML; the last part of the path may have wildcards.",
      placeholder: "PATH",
    },
    parseFilePattern,
  ),
  "store.sd-interval": flagWith(
    {
      help: "How often those files are read even if no change of them was noticed.",
      default: "5m",
      placeholder: "DURATION",
    },
    parseInterval,
  ),
  "store.sd-dns-interval": flagWith(
    {
      help: "How often DNS is asked at least; sooner, but not before 5s, where its answers live shorter.",
      default: "30s",
      placeholder: "DURATION",
    },
    parseInterval,
  ),
  "store.sd-dns-resolver": flagWith(
    {
      help: "Names of Thanos's resolvers; there is one here for both.",
      default: "miekgdns",
      placeholder: "NAME",
      hidden: true,
    },
    parseOneOf("miekgdns", "golang"),
  ),
  "dns.resolv-conf": flagWith(
    {
      help: "File that names the DNS servers; one with a port is written nameserver [10.0.0.1]:8600.",
      default: "/etc/resolv.conf",
      placeholder: "FILE",
    },
    parseText,
  ),
};

/** Where endpoints come from. */
export interface DiscoveryConfig {
  /** A cluster for each endpoint that a flag names, strict ones first. */
  readonly clusters: readonly DeclaredCluster[];
  /** The document itself, or its file. */
  readonly sdConfig: { readonly text: string } | { readonly path: string } | undefined;
  readonly sdConfigIntervalMs: number;
  readonly sdFiles: readonly string[];
  readonly sdFilesIntervalMs: number;
  readonly dnsIntervalMs: number;
  readonly holdDownMs: number;
  readonly resolvConf: string;
}

/** What those flags say together. Throws GatewayError `bad_data` that names them. */
export function discoveryOf(values: FlagValues<typeof discoveryFlags>): DiscoveryConfig {
  const { "endpoint.sd-config": text, "endpoint.sd-config-file": path } = values;
  if (text !== undefined && path !== undefined) {
    throw new GatewayError(
      "bad_data",
      "Cannot read the command line: both --endpoint.sd-config-file and --endpoint.sd-config are given, wants one of them",
    );
  }
  return {
    clusters: clustersOf(values),
    sdConfig: path !== undefined ? { path } : text !== undefined ? { text } : undefined,
    sdConfigIntervalMs: values["endpoint.sd-config-reload-interval"],
    sdFiles: values["store.sd-files"],
    sdFilesIntervalMs: values["store.sd-interval"],
    dnsIntervalMs: values["store.sd-dns-interval"],
    holdDownMs: values["endpoint.sd-hold-down"],
    resolvConf: values["dns.resolv-conf"],
  };
}

function clustersOf(values: FlagValues<typeof discoveryFlags>): readonly DeclaredCluster[] {
  const endpoint = (address: string, more: Partial<DeclaredEndpoint>) =>
    clusterOfEndpoint({ address, ...more });
  const all = [
    ...values["endpoint-strict"].map((address) => endpoint(address, { strict: true })),
    ...values["endpoint-group-strict"].map((address) =>
      endpoint(address, { strict: true, group: "round_robin" }),
    ),
    ...values.endpoint.map((address) => endpoint(address, {})),
    ...values["endpoint-group"].map((address) => endpoint(address, { group: "round_robin" })),
  ];
  const unique = new Map<string, DeclaredCluster>();
  for (const cluster of all) {
    const [first] = cluster.endpoints;
    const key = `${first?.group ?? ""} ${cluster.name}`;
    if (!unique.has(key)) unique.set(key, cluster);
  }
  return [...unique.values()];
}

/** A duration above zero. */
function parseInterval(text: string): number {
  const ms = parseDuration(text);
  if (ms === 0) throw unreadable(text, "a duration above 0");
  return ms;
}
