import type { DeclaredCluster } from "../config/declared-cluster.ts";
import type { DiscoveryConfig } from "../config/discovery-flags.ts";
import { defaultProfile, noEndpointSdConfig, parseEndpointSdConfig } from "../config/endpoint-sd-config.ts";
import type { ClientTlsConfig } from "../config/server-flags.ts";
import { createStaticSource } from "../discovery/cluster-source.ts";
import { createDiscovery, type Discovery } from "../discovery/create-discovery.ts";
import { createResolver } from "../discovery/dns/create-resolver.ts";
import { createEndpointSdSource, readEndpointSdFile } from "../discovery/endpoint-sd-source.ts";
import { createFileSdSource } from "../discovery/file-sd-source.ts";
import type { EndpointSpec } from "../federation/endpoint-set.ts";
import type { Clock } from "../runtime/clock.ts";
import type { ClientTls } from "../runtime/tls.ts";
import type { Endpoint } from "../store/endpoint.ts";
import { createEndpointGroup } from "../store/endpoint-group.ts";
import type { Log } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { TlsProfiles } from "./tls-profiles.ts";

/** Where a gateway finds its endpoints, and how it may speak to them. */
export interface QueryDiscovery extends Discovery {
  /** TLS of an endpoint by the name of its profile, `undefined` for plain text; `fallback` is what the flags say. */
  tlsOf(profile: string | undefined, fallback: () => ClientTls | undefined): ClientTls | undefined;
}

/** Joins the sources that the flags name. Throws GatewayError that names a file which cannot be read, and the place in it. */
export async function openQueryDiscovery(
  config: { readonly discovery: DiscoveryConfig; readonly grpcClient: ClientTlsConfig },
  {
    profiles,
    clusters,
    ...parts
  }: {
    readonly clock: Clock;
    readonly log: Log;
    readonly metrics: Metrics;
    /** Where the TLS of what is discovered is kept. */
    readonly profiles: TlsProfiles;
    /** Clusters that the configuration declares. */
    readonly clusters: readonly DeclaredCluster[];
  },
): Promise<QueryDiscovery> {
  const { clock } = parts;
  const { sdConfig, sdConfigIntervalMs, sdFiles, sdFilesIntervalMs, ...flags } = config.discovery;
  const first =
    sdConfig === undefined
      ? noEndpointSdConfig
      : "path" in sdConfig
        ? await readEndpointSdFile(sdConfig.path, config.grpcClient)
        : parseEndpointSdConfig({ name: "--endpoint.sd-config", text: sdConfig.text }, config.grpcClient);
  await profiles.replace(first.tlsProfiles);
  const sources = [createStaticSource(clusters), createStaticSource(flags.clusters)];
  if (sdConfig !== undefined && "path" in sdConfig) {
    sources.push(
      createEndpointSdSource(first, {
        path: sdConfig.path,
        intervalMs: sdConfigIntervalMs,
        tls: config.grpcClient,
        prepare: ({ tlsProfiles }) => profiles.replace(tlsProfiles),
        ...parts,
      }),
    );
  } else sources.push(createStaticSource(first.clusters));
  if (sdFiles.length > 0)
    sources.push(createFileSdSource({ patterns: sdFiles, intervalMs: sdFilesIntervalMs, ...parts }));
  const discovery = createDiscovery({
    ...parts,
    sources,
    resolver: createResolver({ confPath: flags.resolvConf, clock }),
    dnsIntervalMs: flags.dnsIntervalMs,
    holdDownMs: flags.holdDownMs,
  });
  return {
    ...discovery,
    tlsOf(profile, fallback) {
      const known = profiles.get(profile ?? defaultProfile) ?? profiles.get(defaultProfile);
      return known === undefined ? fallback() : known.tls;
    },
  };
}

/** An endpoint as discovery found it: one server, or a group of them over `dial`. */
export function dialDiscovered(
  spec: EndpointSpec,
  {
    discovery,
    graceMs,
    dial,
  }: {
    readonly discovery: Discovery;
    readonly graceMs: number;
    readonly dial: (spec: EndpointSpec) => Endpoint;
  },
): Endpoint {
  if (spec.isGroup !== true) return dial(spec);
  const { address } = spec;
  return createEndpointGroup({
    address,
    policy: discovery.groupPolicy(address),
    members: () => discovery.groupMembers(address),
    dial: (member) => dial({ ...spec, ...member, isGroup: false }),
    graceMs,
  });
}
