import { compareBytewise } from "../lib/bytes.ts";
import { GatewayError, messageOf } from "../lib/errors.ts";
import type { Labels } from "../model/labels.ts";
import type { TimeRange } from "../model/time-range.ts";
import type { Endpoint, EndpointApi, EndpointInfo } from "../store/endpoint.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { ClusterSpec, ClusterView } from "./cluster-view.ts";
import { createClusterViews } from "./cluster-views.ts";
import { createProducerCheck } from "./duplicate-producers.ts";
import { type ConnectionLabel, observeConnections } from "./endpoint-connections.ts";
import { createMember, type EndpointMember, type MemberOptions } from "./endpoint-member.ts";
import type { QueryableEndpoint } from "./queryable-endpoint.ts";

/** An address that is to be a member. */
export interface EndpointSpec {
  readonly address: string;
  /** Stays a member, and is asked, also while it does not answer. */
  readonly strict: boolean;
  /** The cluster that it belongs to; its address where there is none. */
  readonly cluster?: string | undefined;
  /** The name that the address was found under; `undefined` where it was given as it is. */
  readonly host?: string | undefined;
  /** Name of the TLS profile to connect with; `undefined` for the default. */
  readonly tls?: string | undefined;
  /** Whether it is a group, of which one server is asked at a time. */
  readonly isGroup?: boolean | undefined;
  /** Whether discovery has lost it: it stays only while it answers, and is not missed when it does not. */
  readonly isLeaving?: boolean | undefined;
}

/** What `/api/v1/stores` tells of a member. */
export interface EndpointStatus {
  readonly name: string;
  /** `undefined` before the first answer. */
  readonly component: string | undefined;
  /** When Info was answered last, Unix milliseconds; `undefined` for never. */
  readonly lastCheckMs: number | undefined;
  readonly lastError: string | undefined;
  readonly labelSets: readonly Labels[];
  readonly timeRange: TimeRange;
}

export interface EndpointSetOptions extends MemberOptions {
  /** Makes the connection to an address. Must not wait for it. */
  dial(spec: EndpointSpec): Endpoint;
  readonly metrics: Metrics;
  /** How often Info is asked. */
  readonly intervalMs: number;
  /** How long an endpoint may fail before it is dropped. */
  readonly unhealthyTimeoutMs: number;
  /** Labels of `thanos_store_nodes_grpc_connections`. */
  readonly connectionLabels?: readonly ConnectionLabel[];
}

/** The members of a federation, kept up to date by asking each of them for Info. */
export interface EndpointSet {
  /**
   * Sets who is to be a member, and the clusters that are expected: by default each address is one. New ones are asked and dropped
   * ones closed at once; resolves when all members were asked.
   */
  update(specs: readonly EndpointSpec[], clusters?: readonly ClusterSpec[]): Promise<void>;
  /** Asks all members once; resolves when all have answered or failed. */
  refresh(): Promise<void>;
  /** Refreshes now and every `intervalMs` until `close`. */
  start(): void;
  /** Members that queries go to, by address. Those without a StoreAPI are left out. */
  endpoints(): readonly QueryableEndpoint[];
  /** Members that serve an API, by address. */
  endpointsWith(api: EndpointApi): readonly { readonly endpoint: Endpoint; readonly info: EndpointInfo }[];
  status(): readonly EndpointStatus[];
  /** The clusters as they are now, also those without endpoints. The same list until something changes. */
  clusters(): readonly ClusterView[];
  /** Resolves when the first refresh is over. */
  firstRefresh(): Promise<void>;
  /** Ends the loop and all connections, each after its calls in flight or the grace. */
  close(): Promise<void>;
}

export function createEndpointSet(options: EndpointSetOptions): EndpointSet {
  const { clock, log } = options;
  const members = new Map<string, EndpointMember>();
  const checkProducers = createProducerCheck(log);
  const stop = new AbortController();
  const first = Promise.withResolvers<void>();
  const twins = options.metrics.counter(
    "thanos_query_duplicated_endpoint_addresses_total",
    "The number of times a duplicated endpoint address is detected from the different configs in query.",
  );
  let specs: ReadonlyMap<string, EndpointSpec> = new Map();
  const clusters = createClusterViews({ clock, queryableOf: (member) => queryableOf(member) });
  let stopTimer: () => void = () => undefined;

  let inOrder: readonly EndpointMember[] | undefined;
  const sorted = () => {
    inOrder ??= [...members.values()].sort((a, b) => compareBytewise(a.address, b.address));
    return inOrder;
  };
  const queryableOf = createQueryables();
  const queryable = () => sorted().filter((member) => member.isQueryable());
  observeConnections(options.metrics, options.connectionLabels, () =>
    queryable().map((member) => ({ address: member.address, info: member.info() })),
  );

  const dialled = new Map<string, EndpointSpec>();
  const add = (spec: EndpointSpec) => {
    const policy = { strict: spec.strict, unhealthyTimeoutMs: options.unhealthyTimeoutMs };
    members.set(spec.address, createMember(options.dial(spec), policy, options));
    dialled.set(spec.address, spec);
    inOrder = undefined;
  };
  const drop = (member: EndpointMember) => {
    const { address } = member;
    members.delete(address);
    dialled.delete(address);
    inOrder = undefined;
    if (member.state().kind !== "dialing")
      log.info("removing endpoint because it's unhealthy or does not exist", { address });
    void member.close();
  };
  /** Makes the members those of the specs; gives the new ones. */
  const reconcile = (): readonly EndpointMember[] => {
    for (const [address, member] of members) {
      if (!isSameMember(dialled.get(address), specs.get(address))) drop(member);
    }
    const missing = [...specs.values()].filter(
      ({ address, isLeaving }) => !members.has(address) && isLeaving !== true,
    );
    for (const spec of missing) add(spec);
    clusters.changed(specs, members);
    return missing.flatMap(({ address }) => members.get(address) ?? []);
  };
  const ask = (member: EndpointMember) =>
    member.ask(stop.signal).then(() => clusters.changed(specs, members));
  let isRefreshing = false;
  const refresh = oneAtATime(async () => {
    if (stop.signal.aborted) return;
    isRefreshing = true;
    reconcile();
    await Promise.all([...members.values()].map(ask));
    isRefreshing = false;
    if (stop.signal.aborted) return;
    for (const member of members.values()) {
      const isGone = specs.get(member.address)?.isLeaving === true && member.state().kind === "failing";
      if (member.isForgotten() || isGone) drop(member);
    }
    checkProducers(queryable());
    first.resolve();
  });
  const tick = () => {
    refresh()
      .catch((error: unknown) => log.error("update of endpoints failed", { err: messageOf(error) }))
      .finally(() => {
        if (!stop.signal.aborted) stopTimer = clock.after(options.intervalMs, tick);
      });
  };

  return {
    update(list, declared) {
      specs = new Map(list.map((spec) => [spec.address, spec]));
      clusters.declare(declared ?? [...specs.keys()].map(ownCluster), specs, members);
      if (specs.size < list.length) twins.add(list.length - specs.size);
      // New ones do not wait for a refresh that waits for a member that is silent.
      const late = isRefreshing && !stop.signal.aborted ? reconcile().map(ask) : [];
      return Promise.all([refresh(), ...late]).then(() => undefined);
    },
    refresh,
    start: tick,
    endpoints: () => queryable().filter(servesStore).map(queryableOf),
    endpointsWith: (api) =>
      queryable()
        .map((member) => ({ endpoint: member.endpoint, info: member.info() }))
        .filter(({ info }) => info.apis.has(api)),
    status: () => sorted().flatMap(statusOf),
    clusters: clusters.views,
    firstRefresh: () => first.promise,
    async close() {
      if (stop.signal.aborted) return;
      stop.abort(new GatewayError("canceled", "the endpoint set is closed"));
      stopTimer();
      first.resolve();
      const all = [...members.values()];
      members.clear();
      inOrder = undefined;
      await Promise.all(all.map((member) => member.close()));
    },
  };
}

/** Whether a member may stay: how it is connected to, and how it is treated, has not changed. */
function isSameMember(dialled: EndpointSpec | undefined, wanted: EndpointSpec | undefined): boolean {
  return (
    dialled !== undefined &&
    wanted !== undefined &&
    dialled.strict === wanted.strict &&
    dialled.host === wanted.host &&
    dialled.tls === wanted.tls
  );
}

/** An address that no cluster was declared for is one of its own. */
function ownCluster(address: string): ClusterSpec {
  return { name: address, expected: true, strict: false };
}

/** Runs `task` one at a time; a call while it runs makes it run once more, and waits for that. */
function oneAtATime(task: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  let again = false;
  const run = async () => {
    try {
      do {
        again = false;
        await task();
      } while (again);
    } finally {
      running = undefined;
    }
  };
  return () => {
    if (running === undefined) running = run();
    else again = true;
    return running;
  };
}

function servesStore(member: EndpointMember): boolean {
  return member.info().apis.has("store");
}

/** The same object for the life of a member, so that others may keep what they make for it. */
function createQueryables(): (member: EndpointMember) => QueryableEndpoint {
  const made = new WeakMap<EndpointMember, QueryableEndpoint>();
  return (member) => {
    let queryable = made.get(member);
    if (queryable !== undefined) return queryable;
    queryable = {
      address: member.address,
      store: member.store,
      get tsdbInfos() {
        return member.info().tsdbInfos;
      },
    };
    made.set(member, queryable);
    return queryable;
  };
}

function statusOf(member: EndpointMember): EndpointStatus[] {
  const state = member.state();
  if (state.kind === "dialing") return [];
  return [
    {
      name: member.address,
      component: state.info.component === "" ? undefined : state.info.component,
      lastCheckMs: state.lastCheckMs,
      lastError: state.kind === "failing" ? state.error.message : undefined,
      labelSets: state.info.labelSets.filter((labels) => labels.length > 0),
      timeRange: state.info.timeRange,
    },
  ];
}
