import { GatewayError } from "../lib/errors.ts";
import { type ListenAddress, parseListenAddress } from "./address.ts";
import {
  booleanFlag,
  type FlagValues,
  flagWith,
  optionalFlag,
  parseDuration,
  parseOneOf,
  parseSize,
  parseText,
  unreadable,
} from "./flag.ts";

export type LogLevel = "debug" | "info" | "warn" | "error";
export type LogFormat = "logfmt" | "json";
export type TlsVersion = "1.0" | "1.1" | "1.2" | "1.3";

export interface LogConfig {
  readonly level: LogLevel;
  readonly format: LogFormat;
}

/** Files of the gRPC server's TLS, re-read when they change. A client CA makes client certificates mandatory. */
export interface ServerTlsConfig {
  readonly certFile: string;
  readonly keyFile: string;
  readonly clientCaFile: string | undefined;
  readonly minVersion: TlsVersion;
}

/** How a gRPC client speaks to its endpoints; plain where `secure` is off. */
export interface ClientTlsConfig {
  readonly secure: boolean;
  readonly skipVerify: boolean;
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
  readonly caFile: string | undefined;
  /** Name to expect in the server's certificate instead of the endpoint's host. */
  readonly serverName: string | undefined;
  readonly minVersion: TlsVersion;
}

export interface HttpListenConfig {
  readonly address: ListenAddress;
  readonly graceMs: number;
}

export interface GrpcListenConfig {
  readonly address: ListenAddress;
  readonly graceMs: number;
  readonly maxConnectionAgeMs: number;
  /** `undefined` for plain HTTP/2. */
  readonly tls: ServerTlsConfig | undefined;
  /** How often TLS files are looked at. */
  readonly tlsReloadIntervalMs: number;
}

const tlsVersion = parseOneOf("1.0", "1.1", "1.2", "1.3");

const tlsReloadFlag = flagWith(
  { help: "How often TLS files are looked at.", default: "5s", placeholder: "DURATION", hidden: true },
  (text) => {
    const ms = parseDuration(text);
    if (ms === 0) throw unreadable(text, "a duration above 0");
    return ms;
  },
);

/** Flags of everything that serves: what the gateway and the sidecar have in common. */
export const serverFlags = {
  "log.level": flagWith(
    { help: "Log lines of this level and above.", default: "info", placeholder: "LEVEL" },
    parseOneOf("error", "warn", "info", "debug"),
  ),
  "log.format": flagWith(
    { help: "How a log line looks: logfmt or json.", default: "logfmt", placeholder: "FORMAT" },
    parseOneOf("logfmt", "json"),
  ),
  "http-address": flagWith(
    { help: "Where HTTP listens.", default: "0.0.0.0:10902", placeholder: "HOST:PORT" },
    parseListenAddress,
  ),
  "http-grace-period": flagWith(
    { help: "How long HTTP requests may take to end at shutdown.", default: "2m", placeholder: "DURATION" },
    parseDuration,
  ),
  "grpc-address": flagWith(
    { help: "Where gRPC listens.", default: "0.0.0.0:10901", placeholder: "HOST:PORT" },
    parseListenAddress,
  ),
  "grpc-grace-period": flagWith(
    { help: "How long gRPC calls may take to end at shutdown.", default: "2m", placeholder: "DURATION" },
    parseDuration,
  ),
  "grpc-server-tls-cert": optionalFlag(
    { help: "Certificate of the gRPC server; plain HTTP/2 without it.", placeholder: "FILE" },
    parseText,
  ),
  "grpc-server-tls-key": optionalFlag(
    { help: "Key of the gRPC server's certificate.", placeholder: "FILE" },
    parseText,
  ),
  "grpc-server-tls-client-ca": optionalFlag(
    {
      help: "CA that client certificates must come from; none are asked for without it.",
      placeholder: "FILE",
    },
    parseText,
  ),
  "grpc-server-tls-min-version": flagWith(
    { help: "Oldest TLS version that the gRPC server accepts.", default: "1.3", placeholder: "VERSION" },
    tlsVersion,
  ),
  "tls.reload-interval": tlsReloadFlag,
  "grpc-server-max-connection-age": flagWith(
    {
      help: "Age at which a gRPC connection is asked to be renewed, 0 for never.",
      default: "60m",
      placeholder: "DURATION",
    },
    parseDuration,
  ),
  "memory-limit": optionalFlag(
    {
      help: "Bytes that queries may hold together, e.g. 2GiB; past it a query fails. Without it a quarter of the memory that the process may use.",
      placeholder: "SIZE",
    },
    parseSize,
  ),
};

/** Flags of the gRPC client of the gateway. */
export const clientTlsFlags = {
  "grpc-client-tls-secure": booleanFlag({ help: "Speak TLS to the endpoints." }),
  "grpc-client-tls-skip-verify": booleanFlag({ help: "Accept any certificate of an endpoint." }),
  "grpc-client-tls-cert": optionalFlag(
    { help: "Certificate to show to the endpoints.", placeholder: "FILE" },
    parseText,
  ),
  "grpc-client-tls-key": optionalFlag({ help: "Key of that certificate.", placeholder: "FILE" }, parseText),
  "grpc-client-tls-ca": optionalFlag(
    {
      help: "CA that endpoints' certificates must come from; the system's without it.",
      placeholder: "FILE",
    },
    parseText,
  ),
  "grpc-client-tls-min-version": flagWith(
    { help: "Oldest TLS version to speak.", default: "1.3", placeholder: "VERSION" },
    tlsVersion,
  ),
  "grpc-client-server-name": optionalFlag(
    { help: "Name to expect in the endpoints' certificates instead of their hosts.", placeholder: "NAME" },
    parseText,
  ),
};

type ServerValues = FlagValues<typeof serverFlags>;

export function logConfigOf(values: ServerValues): LogConfig {
  return { level: values["log.level"], format: values["log.format"] };
}

export function httpListenOf(values: ServerValues): HttpListenConfig {
  return { address: values["http-address"], graceMs: values["http-grace-period"] };
}

/** Throws GatewayError `bad_data` where only one of certificate and key, or a client CA without them, is given. */
export function grpcListenOf(values: ServerValues): GrpcListenConfig {
  return {
    address: values["grpc-address"],
    graceMs: values["grpc-grace-period"],
    maxConnectionAgeMs: values["grpc-server-max-connection-age"],
    tls: serverTlsOf(values),
    tlsReloadIntervalMs: values["tls.reload-interval"],
  };
}

function serverTlsOf(values: ServerValues): ServerTlsConfig | undefined {
  const certFile = given(values["grpc-server-tls-cert"]);
  const keyFile = given(values["grpc-server-tls-key"]);
  const clientCaFile = given(values["grpc-server-tls-client-ca"]);
  if (certFile === undefined && keyFile === undefined) {
    if (clientCaFile === undefined) return undefined;
    throw incomplete("--grpc-server-tls-client-ca", "--grpc-server-tls-cert and --grpc-server-tls-key");
  }
  if (keyFile === undefined) throw incomplete("--grpc-server-tls-cert", "--grpc-server-tls-key");
  if (certFile === undefined) throw incomplete("--grpc-server-tls-key", "--grpc-server-tls-cert");
  return { certFile, keyFile, clientCaFile, minVersion: values["grpc-server-tls-min-version"] };
}

/** Throws GatewayError `bad_data` where only one of certificate and key is given. */
export function clientTlsOf(values: FlagValues<typeof clientTlsFlags>): ClientTlsConfig {
  const certFile = given(values["grpc-client-tls-cert"]);
  const keyFile = given(values["grpc-client-tls-key"]);
  if (certFile !== undefined && keyFile === undefined) {
    throw incomplete("--grpc-client-tls-cert", "--grpc-client-tls-key");
  }
  if (keyFile !== undefined && certFile === undefined) {
    throw incomplete("--grpc-client-tls-key", "--grpc-client-tls-cert");
  }
  return {
    secure: values["grpc-client-tls-secure"],
    skipVerify: values["grpc-client-tls-skip-verify"],
    certFile,
    keyFile,
    caFile: given(values["grpc-client-tls-ca"]),
    serverName: given(values["grpc-client-server-name"]),
    minVersion: values["grpc-client-tls-min-version"],
  };
}

/** An empty file name is no file name: manifests leave flags empty to switch them off. */
function given(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}

function incomplete(flag: string, wants: string): GatewayError {
  return new GatewayError(
    "bad_data",
    `Cannot read the command line: ${flag} stands alone, wants ${wants} too`,
  );
}
