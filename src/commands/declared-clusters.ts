import { type ClusterConfig, joinClusters } from "../config/cluster-config.ts";
import { parseClusterFile } from "../config/cluster-file.ts";
import type { DeclaredCluster } from "../config/declared-cluster.ts";
import { GatewayError } from "../lib/errors.ts";
import { fileErrorReason, readTextFile } from "../runtime/files.ts";

export interface ClustersConfig {
  readonly configFile: string | undefined;
  /** Those of `--cluster`. */
  readonly clusters: readonly ClusterConfig[];
  /** Those that Thanos's flags declare. */
  readonly discovery: { readonly clusters: readonly DeclaredCluster[] };
}

/**
 * The clusters of the configuration file and of `--cluster`. Throws GatewayError `bad_data` where the file cannot be read, and where
 * a name or an endpoint is declared twice: then it names both places.
 */
export async function readClusters(config: ClustersConfig): Promise<readonly ClusterConfig[]> {
  const { configFile } = config;
  const inFile = configFile === undefined ? [] : await readFile(configFile);
  const clusters = joinClusters([...inFile, ...config.clusters]);
  for (const { name, endpoints } of config.discovery.clusters) {
    for (const { address } of endpoints) {
      const owner = clusters.find((cluster) => cluster.endpoints.includes(address));
      if (owner === undefined) continue;
      const what = `endpoint ${address} belongs to cluster ${owner.name}, ${owner.place}, already`;
      throw new GatewayError("bad_data", `--endpoint ${name}: ${what}, wants each endpoint in one cluster`);
    }
  }
  return clusters;
}

/** A cluster as discovery wants it; its endpoints name it as their TLS profile. */
export function declaredCluster({ name, endpoints, tls, strict, optional }: ClusterConfig): DeclaredCluster {
  const profile = tls === undefined ? undefined : clusterProfile(name);
  return {
    name,
    expected: !optional,
    strict,
    endpoints: endpoints.map((address) => ({ address, strict: false, group: undefined, tls: profile })),
  };
}

/** The name of the TLS profile of a cluster. */
export function clusterProfile(name: string): string {
  return `clusters/${name}`;
}

async function readFile(path: string): Promise<readonly ClusterConfig[]> {
  let text: string;
  try {
    text = await readTextFile(path);
  } catch (error) {
    throw new GatewayError("bad_data", `Cannot read --config-file ${path}: ${fileErrorReason(error)}`, {
      cause: error,
    });
  }
  return parseClusterFile({ name: path, text });
}
