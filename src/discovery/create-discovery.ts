import type { DeclaredCluster, DeclaredEndpoint, GroupPolicy } from "../config/declared-cluster.ts";
import { parseDnsAddress } from "../config/dns-address.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { ClusterSource } from "./cluster-source.ts";
import { composeEndpoints, groupAddress } from "./compose-endpoints.ts";
import type { DiscoveredEndpoints } from "./discovered-endpoints.ts";
import type { Resolver } from "./dns/create-resolver.ts";
import { createDnsMetrics, type DnsKind } from "./dns/dns-metrics.ts";
import { type DnsState, type DnsWatch, watchDns } from "./dns/dns-watch.ts";
import type { ResolvedAddress } from "./dns/resolve-address.ts";

export interface DiscoveryOptions {
  /** In the order of their claims: where two declare the same address the first one's strictness counts. */
  readonly sources: readonly ClusterSource[];
  readonly resolver: Resolver;
  /** `--store.sd-dns-interval`. */
  readonly dnsIntervalMs: number;
  /** `--endpoint.sd-hold-down`. */
  readonly holdDownMs: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Finds out where the endpoints of the declared clusters are, and keeps finding out until it is closed. */
export interface Discovery {
  /** Hears all that is known, once there is something and whenever it changes. Call it before `start`. */
  onChange(listener: (found: DiscoveredEndpoints) => void): void;
  start(): void;
  /** Resolves when every source was read and every name looked up once, well or not, and the listener has heard of it. */
  settled(): Promise<void>;
  current(): DiscoveredEndpoints;
  /** The servers of a group now, by the address of its endpoint. */
  groupMembers(address: string): readonly ResolvedAddress[];
  /** How a server of a group is picked. */
  groupPolicy(address: string): GroupPolicy;
  close(): void;
}

/** Slow sources hold back what is known of the others for so long at the start, no longer. */
const firstWaitMs = 1_000;

export function createDiscovery(options: DiscoveryOptions): Discovery {
  const { sources, clock, log } = options;
  const declared = new Map<ClusterSource, readonly DeclaredCluster[]>();
  const watches = new Map<string, DnsWatch>();
  const settled = Promise.withResolvers<void>();
  let listener: (found: DiscoveredEndpoints) => void = () => undefined;
  let found: DiscoveredEndpoints = { endpoints: [], clusters: [], duplicates: [] };
  let told = "";
  let isOpen = false;
  let isClosed = false;
  let stopFirstWait: () => void = () => undefined;
  const twins = options.metrics.counter(
    "thanos_query_duplicated_endpoint_addresses_total",
    "The number of times a duplicated endpoint address is detected from the different configs in query.",
  );
  const metrics = createDnsMetrics(options.metrics, {
    clock,
    answers: () =>
      [...watches.values()].map(({ query, kind, state }) => {
        const { endpoints, lastGoodMs } = state();
        return {
          text: query.text,
          kind,
          count: endpoints.filter(({ isLeaving }) => !isLeaving).length,
          lastGoodMs,
        };
      }),
  });

  const all = () => sources.flatMap((source) => declared.get(source) ?? []);
  const stateOf = (endpoint: DeclaredEndpoint): DnsState | undefined => watches.get(keyOf(endpoint))?.state();
  const tell = () => {
    if (!isOpen || isClosed) return;
    found = composeEndpoints(all(), stateOf);
    const text = JSON.stringify(found);
    if (text === told) return;
    told = text;
    for (const address of found.duplicates)
      log.warn("Duplicate endpoint address is provided", { addr: address });
    if (found.duplicates.length > 0) twins.add(found.duplicates.length);
    listener(found);
  };
  const watchDeclared = () => {
    const wanted = new Map(
      all().flatMap(({ endpoints }) => endpoints.map((one) => [keyOf(one), one] as const)),
    );
    for (const [key, watch] of watches) {
      if (wanted.has(key)) continue;
      watch.close();
      watches.delete(key);
    }
    for (const [key, { address, group }] of wanted) {
      const query = parseDnsAddress(address);
      if (query === undefined || watches.has(key)) continue;
      const kind: DnsKind = group === undefined ? "endpoints" : "endpoint_groups";
      watches.set(
        key,
        watchDns(query, kind, { ...options, intervalMs: options.dnsIntervalMs, metrics, looked: tell }),
      );
    }
  };
  const open = () => {
    isOpen = true;
    stopFirstWait();
    tell();
  };
  return {
    onChange(next) {
      listener = next;
    },
    start() {
      for (const source of sources) {
        source.start((clusters) => {
          if (isClosed) return;
          declared.set(source, clusters);
          watchDeclared();
          tell();
        });
      }
      stopFirstWait = clock.after(firstWaitMs, open);
      void settle(sources, watches).then(() => {
        open();
        settled.resolve();
      });
    },
    settled: () => settled.promise,
    current: () => found,
    groupMembers(address) {
      const watch = watches.get(address);
      if (watch !== undefined) return watch.state().endpoints;
      const plain = address.slice(groupAddress("").length);
      return [{ address: plain, host: hostOf(plain) }];
    },
    groupPolicy: (address) =>
      all()
        .flatMap(({ endpoints }) => endpoints)
        .find((one) => one.group !== undefined && keyOf(one) === address)?.group ?? "round_robin",
    close() {
      isClosed = true;
      stopFirstWait();
      for (const source of sources) source.close();
      for (const watch of watches.values()) watch.close();
    },
  };
}

/** Sources first, since they name what is to be looked up. */
async function settle(
  sources: readonly ClusterSource[],
  watches: ReadonlyMap<string, DnsWatch>,
): Promise<void> {
  await Promise.all(sources.map((source) => source.settled));
  await Promise.all([...watches.values()].map((watch) => watch.settled));
}

/** A group and an endpoint of the same address are looked up each for itself. */
function keyOf({ address, group }: DeclaredEndpoint): string {
  return group === undefined ? address : groupAddress(address);
}

function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(":")).replace(/^\[|\]$/g, "");
}
