import { compareBytewise } from "../lib/bytes.ts";
import { GatewayError } from "../lib/errors.ts";
import type { Labels } from "../model/labels.ts";
import type { TimeRange } from "../model/time-range.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Endpoint, EndpointApi, EndpointInfo } from "../store/endpoint.ts";
import type { Store } from "../store/store.ts";
import type { Log } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { type ConnectionLabel, labelSetsText, observeConnections } from "./endpoint-connections.ts";
import {
  type EndpointPolicy,
  type EndpointState,
  isForgotten,
  isQueryable,
  nextState,
  unknownStore,
} from "./endpoint-state.ts";
import type { QueryableEndpoint } from "./queryable-endpoint.ts";

/** An address that is to be a member. */
export interface EndpointSpec {
  readonly address: string;
  /** Stays a member, and is asked, also while it does not answer. */
  readonly strict: boolean;
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

export interface EndpointSetOptions {
  /** Makes the connection to an address. Must not wait for it. */
  dial(address: string): Endpoint;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** How often Info is asked. */
  readonly intervalMs: number;
  /** How long Info may take. */
  readonly infoTimeoutMs: number;
  readonly unhealthyTimeoutMs: number;
  /** How long calls in flight may go on after their endpoint was dropped. */
  readonly graceMs: number;
  /** Labels of `thanos_store_nodes_grpc_connections`. */
  readonly connectionLabels?: readonly ConnectionLabel[];
}

/** The members of a federation, kept up to date by asking each of them for Info. */
export interface EndpointSet {
  /** Sets who is to be a member. New ones are asked and dropped ones closed at the next refresh, which this begins. */
  update(specs: readonly EndpointSpec[]): Promise<void>;
  /** Asks all members once; resolves when all have answered or failed. */
  refresh(): Promise<void>;
  /** Refreshes now and every `intervalMs` until `close`. */
  start(): void;
  /** Members that queries go to, by address. Those without a StoreAPI are left out. */
  endpoints(): readonly QueryableEndpoint[];
  /** Members that serve an API, by address. */
  endpointsWith(api: EndpointApi): readonly { readonly endpoint: Endpoint; readonly info: EndpointInfo }[];
  status(): readonly EndpointStatus[];
  /** Resolves when the first refresh is over. */
  firstRefresh(): Promise<void>;
  /** Ends the loop and all connections, each after its calls in flight or the grace. */
  close(): Promise<void>;
}

interface Member {
  readonly policy: EndpointPolicy;
  readonly endpoint: Endpoint;
  readonly store: Store;
  state: EndpointState;
}

export function createEndpointSet(options: EndpointSetOptions): EndpointSet {
  const { clock, log } = options;
  const members = new Map<string, Member>();
  const warnedTwins = new Set<string>();
  const stop = new AbortController();
  const first = Promise.withResolvers<void>();
  const twins = options.metrics.counter(
    "thanos_query_duplicated_endpoint_addresses_total",
    "The number of times a duplicated endpoint address is detected from the different configs in query.",
  );
  let specs: ReadonlyMap<string, EndpointSpec> = new Map();
  let running: Promise<void> | undefined;
  let again = false;
  let stopTimer: () => void = () => undefined;

  const sorted = (): Member[] =>
    [...members.values()].sort((a, b) => compareBytewise(a.endpoint.address, b.endpoint.address));
  const queryable = (): Member[] => sorted().filter(({ state, policy }) => isQueryable(state, policy));

  observeConnections(options.metrics, options.connectionLabels, () =>
    queryable().map((member) => ({ address: member.endpoint.address, info: infoOf(member) })),
  );

  const add = ({ address, strict }: EndpointSpec) => {
    const endpoint = options.dial(address);
    const member: Member = {
      policy: { strict, unhealthyTimeoutMs: options.unhealthyTimeoutMs },
      endpoint,
      store: endpoint.store(() => infoOf(member)),
      state: { kind: "dialing" },
    };
    members.set(address, member);
  };

  const drop = (member: Member) => {
    const { address } = member.endpoint;
    members.delete(address);
    if (member.state.kind !== "dialing")
      log.info("removing endpoint because it's unhealthy or does not exist", { address });
    member.endpoint.close(options.graceMs).catch((error: unknown) => {
      log.warn("closing of endpoint failed", { address, err: GatewayError.from(error).message });
    });
  };

  const ask = async (member: Member): Promise<void> => {
    const { endpoint, state } = member;
    const limit = new AbortController();
    const timer = clock.after(options.infoTimeoutMs, () => {
      limit.abort(
        new GatewayError("timeout", "rpc error: code = DeadlineExceeded desc = context deadline exceeded"),
      );
    });
    try {
      const info = await endpoint.fetchInfo({
        signal: AbortSignal.any([stop.signal, limit.signal]),
        deadlineMs: clock.nowMs() + options.infoTimeoutMs,
      });
      member.state = nextState(member.state, { kind: "answered", info }, clock.nowMs());
      if (state.kind === "dialing") {
        log.info(`adding new ${info.component} with ${[...info.apis].join(", ")}`, {
          address: endpoint.address,
          extLset: labelSetsText(info.labelSets),
        });
      }
    } catch (reason) {
      if (stop.signal.aborted) return;
      const error = GatewayError.from(limit.signal.aborted ? limit.signal.reason : reason, "unavailable");
      member.state = nextState(member.state, { kind: "failed", error }, clock.nowMs());
      log.warn("update of endpoint failed", { address: endpoint.address, err: error.message });
    } finally {
      timer();
    }
  };

  const warnOfTwins = () => {
    const seen = new Map<string, string>();
    for (const member of queryable()) {
      const info = infoOf(member);
      if (!info.apis.has("store") || (info.component !== "sidecar" && info.component !== "rule")) continue;
      const extLset = labelSetsText(info.labelSets);
      const { address } = member.endpoint;
      const other = seen.get(extLset);
      if (other === undefined) seen.set(extLset, address);
      else if (!warnedTwins.has(`${address} ${extLset}`)) {
        warnedTwins.add(`${address} ${extLset}`);
        log.warn(
          "found duplicate storeEndpoints producer (sidecar or ruler). This is not advised as it will malform data in in the same bucket",
          { address, extLset, other },
        );
      }
    }
  };

  const refreshOnce = async (): Promise<void> => {
    const wanted = specs;
    for (const [address, member] of members) {
      if (wanted.get(address)?.strict !== member.policy.strict) drop(member);
    }
    for (const spec of wanted.values()) if (!members.has(spec.address)) add(spec);
    await Promise.all([...members.values()].map(ask));
    if (stop.signal.aborted) return;
    for (const member of members.values()) {
      if (isForgotten(member.state, member.policy, clock.nowMs())) drop(member);
    }
    warnOfTwins();
    first.resolve();
  };

  const refresh = (): Promise<void> => {
    if (stop.signal.aborted) return Promise.resolve();
    if (running !== undefined) {
      again = true;
      return running;
    }
    running = (async () => {
      try {
        do {
          again = false;
          await refreshOnce();
        } while (again && !stop.signal.aborted);
      } finally {
        running = undefined;
      }
    })();
    return running;
  };

  const tick = () => {
    refresh()
      .catch((error: unknown) =>
        log.error("update of endpoints failed", { err: GatewayError.from(error).message }),
      )
      .finally(() => {
        if (!stop.signal.aborted) stopTimer = clock.after(options.intervalMs, tick);
      });
  };

  return {
    update(list) {
      specs = new Map(list.map((spec) => [spec.address, spec]));
      if (specs.size < list.length) twins.add(list.length - specs.size);
      return refresh();
    },
    refresh,
    start: tick,
    endpoints: () =>
      queryable()
        .filter((member) => infoOf(member).apis.has("store"))
        .map((member) => ({
          address: member.endpoint.address,
          store: member.store,
          tsdbInfos: infoOf(member).tsdbInfos,
        })),
    endpointsWith: (api) =>
      queryable()
        .map((member) => ({ endpoint: member.endpoint, info: infoOf(member) }))
        .filter(({ info }) => info.apis.has(api)),
    status: () => sorted().flatMap(statusOf),
    firstRefresh: () => first.promise,
    async close() {
      if (stop.signal.aborted) return;
      stop.abort(new GatewayError("canceled", "the endpoint set is closed"));
      stopTimer();
      first.resolve();
      const all = [...members.values()];
      members.clear();
      await Promise.allSettled([running, ...all.map(({ endpoint }) => endpoint.close(options.graceMs))]);
    },
  };
}

function infoOf({ state }: Member): EndpointInfo {
  return state.kind === "dialing" ? unknownStore : state.info;
}

function statusOf({ endpoint, state }: Member): EndpointStatus[] {
  if (state.kind === "dialing") return [];
  return [
    {
      name: endpoint.address,
      component: state.info.component === "" ? undefined : state.info.component,
      lastCheckMs: state.lastCheckMs,
      lastError: state.kind === "failing" ? state.error.message : undefined,
      labelSets: state.info.labelSets.filter((labels) => labels.length > 0),
      timeRange: state.info.timeRange,
    },
  ];
}
