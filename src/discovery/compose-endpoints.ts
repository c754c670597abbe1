import type { DeclaredCluster, DeclaredEndpoint } from "../config/declared-cluster.ts";
import type { DiscoveredCluster, DiscoveredEndpoint, DiscoveredEndpoints } from "./discovered-endpoints.ts";
import type { DnsState } from "./dns/dns-watch.ts";

/** What `/api/v1/stores` and warnings call a group, as in Thanos. */
export function groupAddress(address: string): string {
  return `thanos:///${address}`;
}

/**
 * Joins what was declared with what DNS says. An address belongs to the first cluster that names it. Where all addresses of a
 * cluster belong to others, one that is called by its address is another name for them and not expected beside them; one that
 * has a name of its own is missing, as somebody has mixed up addresses.
 */
export function composeEndpoints(
  declared: readonly DeclaredCluster[],
  stateOf: (endpoint: DeclaredEndpoint) => DnsState | undefined,
): DiscoveredEndpoints {
  const endpoints = new Map<string, DiscoveredEndpoint>();
  const duplicates: string[] = [];
  const clusters = mergedByName(declared).map((cluster): DiscoveredCluster => {
    const found = cluster.endpoints.flatMap((endpoint) => endpointsOf(cluster.name, endpoint, stateOf));
    let own = 0;
    for (const endpoint of found) {
      const known = endpoints.get(endpoint.address);
      if (known === undefined || (known.isLeaving && !endpoint.isLeaving)) {
        endpoints.set(endpoint.address, endpoint);
        own++;
      } else duplicates.push(endpoint.address);
    }
    const isTwin = found.length > 0 && own === 0;
    const owner = isTwin ? endpoints.get(found[0]?.address ?? "")?.cluster : undefined;
    const reason = `all its addresses are those of cluster ${owner}`;
    const isNamed = cluster.endpoints.every(({ address }) => address !== cluster.name);
    return {
      name: cluster.name,
      expected: cluster.expected && (!isTwin || isNamed),
      strict: cluster.strict,
      ...(isTwin
        ? { problem: { reason, sinceMs: undefined }, isIncomplete: true }
        : troubleOf(cluster, stateOf)),
    };
  });
  return { endpoints: [...endpoints.values()], clusters, duplicates };
}

function endpointsOf(
  cluster: string,
  endpoint: DeclaredEndpoint,
  stateOf: (endpoint: DeclaredEndpoint) => DnsState | undefined,
): readonly DiscoveredEndpoint[] {
  const { address, strict, tls } = endpoint;
  const whole = { address, host: undefined, strict, isGroup: false, isLeaving: false, cluster, tls };
  if (endpoint.group !== undefined) return [{ ...whole, address: groupAddress(address), isGroup: true }];
  const state = stateOf(endpoint);
  if (state === undefined) return [whole];
  return state.endpoints.map(({ address, host, isLeaving }) => ({
    ...whole,
    address,
    host,
    isLeaving,
    strict: false,
  }));
}

function troubleOf(
  { endpoints }: DeclaredCluster,
  stateOf: (endpoint: DeclaredEndpoint) => DnsState | undefined,
): Pick<DiscoveredCluster, "problem" | "isIncomplete"> {
  const states = endpoints.flatMap((endpoint) => {
    const state = stateOf(endpoint);
    if (state === undefined) return [];
    // A group has its endpoint whatever DNS says: its calls fail by themselves where nobody is behind it.
    return [{ ...state, isIncomplete: state.isIncomplete && endpoint.group === undefined }];
  });
  const worst = states.find(({ isIncomplete }) => isIncomplete) ?? states.find(({ problem }) => problem);
  return { problem: worst?.problem, isIncomplete: worst?.isIncomplete === true };
}

function mergedByName(declared: readonly DeclaredCluster[]): readonly DeclaredCluster[] {
  const merged = new Map<string, DeclaredCluster>();
  for (const cluster of declared) {
    const known = merged.get(cluster.name);
    if (known === undefined) merged.set(cluster.name, cluster);
    else {
      merged.set(cluster.name, {
        name: cluster.name,
        expected: known.expected || cluster.expected,
        strict: known.strict || cluster.strict,
        endpoints: [...known.endpoints, ...cluster.endpoints],
      });
    }
  }
  return [...merged.values()];
}
