import { type ListenAddress, parseListenAddress } from "./address.ts";
import { flagWith, parseOneOf } from "./flag.ts";
import { parseFlags } from "./parse-flags.ts";
import type { LogLevel } from "./server-flags.ts";

export const demoAbout = "Starts demo clusters and a gateway over them on this machine, until Ctrl-C.";

/** Flags of `sluice demo`. It listens on the loopback interface only, unless told otherwise. */
export const demoFlags = {
  "http-address": flagWith(
    { help: "Where the gateway's HTTP listens.", default: "127.0.0.1:10902", placeholder: "HOST:PORT" },
    parseListenAddress,
  ),
  "grpc-address": flagWith(
    { help: "Where the gateway's gRPC listens.", default: "127.0.0.1:10901", placeholder: "HOST:PORT" },
    parseListenAddress,
  ),
  "log.level": flagWith(
    { help: "Log lines of this level and above.", default: "warn", placeholder: "LEVEL" },
    parseOneOf("error", "warn", "info", "debug"),
  ),
} as const;

/** Everything that `sluice demo` may be told. */
export interface DemoConfig {
  readonly httpAddress: ListenAddress;
  readonly grpcAddress: ListenAddress;
  readonly logLevel: LogLevel;
}

/** Reads the command line of `sluice demo`. Throws GatewayError `bad_data` that names the flag. */
export function readDemoConfig(
  argv: readonly string[],
): { readonly kind: "help" | "version" } | { readonly kind: "run"; readonly config: DemoConfig } {
  const parsed = parseFlags(demoFlags, argv);
  if (parsed.kind !== "run") return parsed;
  const { values } = parsed;
  const config = {
    httpAddress: values["http-address"],
    grpcAddress: values["grpc-address"],
    logLevel: values["log.level"],
  };
  return { kind: "run", config: Object.freeze(config) };
}
