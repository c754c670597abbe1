import type { Labels } from "../model/labels.ts";
import type { FlagValues } from "./flag.ts";
import { parseFlags } from "./parse-flags.ts";
import {
  type GrpcListenConfig,
  grpcListenOf,
  type HttpListenConfig,
  httpListenOf,
  type LogConfig,
  logConfigOf,
} from "./server-flags.ts";
import { type RelativeTime, sidecarFlags } from "./sidecar-flags.ts";

/** Everything that `sluice sidecar` may be told. */
export interface SidecarConfig {
  readonly log: LogConfig;
  readonly http: HttpListenConfig;
  readonly grpc: GrpcListenConfig;
  readonly prometheus: {
    /** As it was written; it may hold a password. */
    readonly url: string;
    /** A file's path or a YAML text; at most one of them. */
    readonly httpClientFile: string | undefined;
    readonly httpClient: string | undefined;
    readonly configIntervalMs: number;
    readonly configTimeoutMs: number;
    /** Connections at most. */
    readonly maxConnections: number;
    /** How long it may be silent within an answer. */
    readonly silenceTimeoutMs: number;
    /** Most bytes of an answer that must be held whole. */
    readonly maxAnswerBytes: number;
  };
  readonly minTime: RelativeTime;
  /** Labels in place of Prometheus's own; empty for those. */
  readonly labels: Labels;
  /** `undefined`: a quarter of what the process may use. */
  readonly memoryLimitBytes: number | undefined;
}

/** Reads the command line of `sluice sidecar`. Throws GatewayError `bad_data` that names the flag. */
export function readSidecarConfig(
  argv: readonly string[],
): { readonly kind: "help" | "version" } | { readonly kind: "run"; readonly config: SidecarConfig } {
  const parsed = parseFlags(sidecarFlags, argv);
  return parsed.kind === "run" ? { kind: "run", config: Object.freeze(configOf(parsed.values)) } : parsed;
}

function configOf(values: FlagValues<typeof sidecarFlags>): SidecarConfig {
  return {
    log: logConfigOf(values),
    http: httpListenOf(values),
    grpc: grpcListenOf(values),
    prometheus: {
      url: values["prometheus.url"],
      httpClientFile: values["prometheus.http-client-file"] || undefined,
      httpClient: values["prometheus.http-client"] || undefined,
      configIntervalMs: values["prometheus.get_config_interval"],
      configTimeoutMs: values["prometheus.get_config_timeout"],
      maxConnections: 1024,
      silenceTimeoutMs: 120_000,
      maxAnswerBytes: 256 * 2 ** 20,
    },
    minTime: values["min-time"],
    labels: values.label,
    memoryLimitBytes: values["memory-limit"],
  };
}
