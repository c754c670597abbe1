import type { Labels } from "../model/labels.ts";
import type { ListenAddress } from "./address.ts";
import type { ClusterConfig } from "./cluster-config.ts";
import { type DiscoveryConfig, discoveryOf } from "./discovery-flags.ts";
import type { FlagValues } from "./flag.ts";
import { splitAtCommas } from "./flag.ts";
import { parseFlags } from "./parse-flags.ts";
import { normalisePrefix } from "./path-prefix.ts";
import { queryFlags } from "./query-flags.ts";
import {
  type ClientTlsConfig,
  clientTlsOf,
  type GrpcListenConfig,
  grpcListenOf,
  type HttpListenConfig,
  httpListenOf,
  type LogConfig,
  logConfigOf,
} from "./server-flags.ts";

export type DedupFunction = "penalty" | "chain";

/** Everything that `sluice query` may be told. */
export interface QueryConfig {
  readonly log: LogConfig;
  readonly http: HttpListenConfig & {
    readonly disableCors: boolean;
    /** "" or a path that starts with a slash and does not end with one. */
    readonly routePrefix: string;
    readonly externalPrefix: string;
    /** Whether the HTTP port serves StoreAPI too, for callers that speak Connect or gRPC-Web. */
    readonly storeApi: boolean;
    /** Whether running queries are listed and ended on this port too. */
    readonly admin: boolean;
  };
  readonly grpc: GrpcListenConfig;
  readonly grpcClient: ClientTlsConfig;
  /** Where running queries are listed and ended; `undefined` for nowhere. */
  readonly adminAddress: ListenAddress | undefined;
  /** When the gateway counts as ready. */
  readonly ready: {
    readonly minClusters: number;
    readonly required: readonly string[];
    readonly holdMs: number;
  };
  /** A listener for probes alone; `undefined` for none. */
  readonly healthAddress: ListenAddress | undefined;
  readonly discovery: DiscoveryConfig;
  /** A file that declares clusters. */
  readonly configFile: string | undefined;
  /** Those that flags declare. */
  readonly clusters: readonly ClusterConfig[];
  readonly infoTimeoutMs: number;
  /** How long an endpoint is remembered after its last answer. */
  readonly unhealthyTimeoutMs: number;
  /** Time that a store may be silent within a stream, 0 for any. */
  readonly responseTimeoutMs: number;
  readonly query: {
    readonly timeoutMs: number;
    readonly maxConcurrent: number;
    /** Selects of one query that open their streams at a time. */
    readonly maxConcurrentSelect: number;
    readonly lookbackDeltaMs: number;
    /** Step of subqueries that name none. */
    readonly defaultEvaluationIntervalMs: number;
    /** Step of range queries that name none, at least. */
    readonly defaultStepMs: number;
    readonly maxSamples: number;
    readonly replicaLabels: readonly string[];
    readonly partialResponse: boolean;
    readonly dedupFunction: DedupFunction;
    /** Range of metadata calls that name none, back from now; 0 for all time. */
    readonly metadataRangeMs: number;
    readonly features: ReadonlySet<string>;
    /** xrate, xincrease and xdelta. */
    readonly xFunctions: boolean;
  };
  readonly limits: {
    /** Series and samples of one StoreAPI request at most, 0 for any. */
    readonly requestSeries: number;
    readonly requestSamples: number;
  };
  /** Labels that the gateway advertises as its own. */
  readonly selectorLabels: Labels;
  /** `undefined`: a quarter of what the process may use. */
  readonly memoryLimitBytes: number | undefined;
  /** Every flag as text. */
  readonly flagTexts: Readonly<Record<string, string>>;
}

/** Reads the command line of `sluice query`. Throws GatewayError `bad_data` that names the flag. */
export function readQueryConfig(
  argv: readonly string[],
): { readonly kind: "help" | "version" } | { readonly kind: "run"; readonly config: QueryConfig } {
  const parsed = parseFlags(queryFlags, argv);
  if (parsed.kind !== "run") return parsed;
  return { kind: "run", config: Object.freeze(configOf(parsed.values, parsed.texts)) };
}

function configOf(
  values: FlagValues<typeof queryFlags>,
  flagTexts: Readonly<Record<string, string>>,
): QueryConfig {
  const externalPrefix = normalisePrefix(values["web.external-prefix"]);
  const routePrefix = values["web.route-prefix"] ?? values["web.external-prefix"];
  return {
    log: logConfigOf(values),
    http: {
      ...httpListenOf(values),
      disableCors: values["web.disable-cors"],
      routePrefix: normalisePrefix(routePrefix),
      externalPrefix,
      storeApi: values["http.store-api"],
      admin: values["http.admin"],
    },
    grpc: grpcListenOf(values),
    grpcClient: clientTlsOf(values),
    adminAddress: values["admin-address"],
    healthAddress: values["health-address"],
    ready: {
      minClusters: values["ready.min-clusters"],
      required: values["ready.required-cluster"],
      holdMs: values["ready.hold"],
    },
    discovery: discoveryOf(values),
    configFile: values["config-file"],
    clusters: values.cluster,
    infoTimeoutMs: values["endpoint.info-timeout"],
    unhealthyTimeoutMs: values["store.unhealthy-timeout"],
    responseTimeoutMs: values["store.response-timeout"],
    query: {
      timeoutMs: values["query.timeout"],
      maxConcurrent: values["query.max-concurrent"],
      maxConcurrentSelect: values["query.max-concurrent-select"],
      lookbackDeltaMs: values["query.lookback-delta"] ?? 300_000,
      defaultEvaluationIntervalMs: values["query.default-evaluation-interval"],
      defaultStepMs: values["query.default-step"],
      maxSamples: values["query.max-samples"],
      replicaLabels: splitAtCommas(values["query.replica-label"]),
      partialResponse: values["query.partial-response"],
      dedupFunction: values["deduplication.func"],
      metadataRangeMs: values["query.metadata.default-time-range"],
      features: new Set(splitAtCommas(values["enable-feature"])),
      xFunctions: values["query.enable-x-functions"],
    },
    limits: {
      requestSeries: values["store.limits.request-series"],
      requestSamples: values["store.limits.request-samples"],
    },
    selectorLabels: values["selector-label"],
    memoryLimitBytes: values["memory-limit"],
    flagTexts,
  };
}
