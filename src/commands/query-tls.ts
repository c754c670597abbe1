import type { ClientTlsConfig, ServerTlsConfig } from "../config/server-flags.ts";
import { messageOf } from "../lib/errors.ts";
import type { Clock } from "../runtime/clock.ts";
import {
  type ClientTls,
  type ClientTlsFiles,
  loadClientTls,
  loadServerTls,
  type ServerTls,
  type ServerTlsFiles,
} from "../runtime/tls.ts";
import type { Log } from "../telemetry/log.ts";
import { watchFiles } from "./watch-files.ts";

/** Reads the files of the gRPC server's TLS; `undefined` for plain HTTP/2. Throws GatewayError that names flag and file. */
export async function loadServerTlsOf(config: ServerTlsConfig | undefined): Promise<ServerTls | undefined> {
  return config === undefined ? undefined : loadServerTls(serverTlsFiles(config));
}

/** The files of the gRPC server's TLS, with the flags that name them. */
export function serverTlsFiles(config: ServerTlsConfig): ServerTlsFiles {
  const { certFile, keyFile, clientCaFile, minVersion } = config;
  return {
    cert: { flag: "--grpc-server-tls-cert", path: certFile },
    key: { flag: "--grpc-server-tls-key", path: keyFile },
    clientCa:
      clientCaFile === undefined ? undefined : { flag: "--grpc-server-tls-client-ca", path: clientCaFile },
    minVersion,
  };
}

/** Reads the files of the gRPC client's TLS; `undefined` for plain HTTP/2. */
export async function loadClientTlsOf(config: ClientTlsConfig): Promise<ClientTls | undefined> {
  return config.secure ? loadClientTls(clientTlsFiles(config)) : undefined;
}

/** The files of the gRPC client's TLS, with the flags that name them. */
export function clientTlsFiles(config: ClientTlsConfig): ClientTlsFiles {
  const { certFile, keyFile, caFile, serverName, skipVerify, minVersion } = config;
  return {
    ca: caFile === undefined ? undefined : { flag: "--grpc-client-tls-ca", path: caFile },
    pair:
      certFile === undefined || keyFile === undefined
        ? undefined
        : {
            cert: { flag: "--grpc-client-tls-cert", path: certFile },
            key: { flag: "--grpc-client-tls-key", path: keyFile },
          },
    serverName,
    skipVerify,
    minVersion,
  };
}

/** The TLS of a gateway, kept current while its files change. */
export interface QueryTls {
  /** What new connections to endpoints use. */
  client(): ClientTls | undefined;
  /** What the gRPC server starts with. */
  server(): ServerTls | undefined;
  /** Calls `apply` whenever the server's files were written anew and can be read. */
  onServerChange(apply: (tls: ServerTls) => void): void;
  close(): void;
}

/** Reads all files now and whenever they change. What cannot be read later is logged, and what was there stays in use. */
export async function openQueryTls(
  config: {
    readonly grpc: { readonly tls: ServerTlsConfig | undefined };
    readonly grpcClient: ClientTlsConfig;
  },
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Promise<QueryTls> {
  let client = await loadClientTlsOf(config.grpcClient);
  let server = await loadServerTlsOf(config.grpc.tls);
  let apply: (tls: ServerTls) => void = () => undefined;
  const guarded = (what: string, reload: () => Promise<void>) => async () => {
    try {
      await reload();
      log.info("TLS files were read anew", { of: what });
    } catch (error) {
      log.error("TLS files changed and cannot be read; the old ones stay in use", {
        of: what,
        err: messageOf(error),
      });
    }
  };
  const stops = [
    watchFiles(
      pathsOf(config.grpcClient.secure ? clientTlsFiles(config.grpcClient) : undefined),
      clock,
      guarded("gRPC client", async () => {
        client = await loadClientTlsOf(config.grpcClient);
      }),
    ),
    watchFiles(
      pathsOf(config.grpc.tls === undefined ? undefined : serverTlsFiles(config.grpc.tls)),
      clock,
      guarded("gRPC server", async () => {
        server = await loadServerTlsOf(config.grpc.tls);
        if (server !== undefined) apply(server);
      }),
    ),
  ];
  return {
    client: () => client,
    server: () => server,
    onServerChange(next) {
      apply = next;
    },
    close() {
      for (const stop of stops) stop();
    },
  };
}

function pathsOf(files: ServerTlsFiles | ClientTlsFiles | undefined): readonly string[] {
  if (files === undefined) return [];
  const named =
    "pair" in files
      ? [files.ca, files.pair?.cert, files.pair?.key]
      : "cert" in files
        ? [files.cert, files.key, files.clientCa]
        : [];
  return named.filter((file) => file !== undefined).map(({ path }) => path);
}
