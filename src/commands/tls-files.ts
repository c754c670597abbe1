import type { ClusterTlsConfig, PlacedFile } from "../config/cluster-config.ts";
import type { ClientTlsConfig, ServerTlsConfig } from "../config/server-flags.ts";
import type { ClientTlsFiles, FlaggedFile, ServerTlsFiles } from "../runtime/tls.ts";

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

/** The files of a cluster's TLS, with the places that name them. */
export function clusterTlsFiles({
  cert,
  key,
  ca,
  serverName,
  minVersion,
  san,
}: ClusterTlsConfig): ClientTlsFiles {
  return {
    ca: flagged(ca),
    pair: cert === undefined || key === undefined ? undefined : { cert: flagged(cert), key: flagged(key) },
    serverName,
    skipVerify: false,
    minVersion,
    san,
  };
}

function flagged(file: PlacedFile): FlaggedFile;
function flagged(file: PlacedFile | undefined): FlaggedFile | undefined;
function flagged(file: PlacedFile | undefined): FlaggedFile | undefined {
  return file && { flag: file.key, path: file.path, place: file.place };
}
