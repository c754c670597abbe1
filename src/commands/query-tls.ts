import type { ClientTlsConfig, ServerTlsConfig } from "../config/server-flags.ts";
import {
  type ClientTls,
  type ClientTlsFiles,
  loadClientTls,
  loadServerTls,
  type ServerTls,
  type ServerTlsFiles,
} from "../runtime/tls.ts";

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
