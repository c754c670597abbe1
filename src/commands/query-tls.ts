import type { ClusterConfig } from "../config/cluster-config.ts";
import type { ClientTlsConfig, ServerTlsConfig } from "../config/server-flags.ts";
import type { Clock } from "../runtime/clock.ts";
import {
  type ClientTls,
  type ClientTlsFiles,
  loadClientTls,
  loadServerTls,
  type ServerTls,
} from "../runtime/tls.ts";
import type { Log } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { type CertificateFile, certificateFiles, watchExpiry } from "./certificate-expiry.ts";
import { clusterProfile } from "./declared-clusters.ts";
import { openReloaded, type Reloaded } from "./reloaded-tls.ts";
import { clientTlsFiles, clusterTlsFiles, serverTlsFiles } from "./tls-files.ts";
import { createTlsProfiles, type TlsProfiles } from "./tls-profiles.ts";

/** The TLS of a process, kept current while its files change. */
export interface QueryTls {
  /** What the flags say of connections to endpoints; `undefined` for plain text. */
  client(): ClientTls | undefined;
  /** What the configuration says of a cluster, or of another client, by the name of the profile; `undefined` for another name. */
  profile(name: string): { readonly tls: ClientTls | undefined } | undefined;
  /** Profiles that others declare, and change. */
  readonly profiles: TlsProfiles;
  /** Calls `listener` after files of any client were read anew, until the returned function is called. */
  onClientChange(listener: () => void): () => void;
  /** What the gRPC server starts with. */
  server(): ServerTls | undefined;
  /** Calls `apply` whenever the server's files were written anew and can be read. */
  onServerChange(apply: (tls: ServerTls) => void): void;
  close(): void;
}

export interface QueryTlsOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** How often files are looked at; 5 s by default. */
  readonly reloadIntervalMs?: number | undefined;
}

interface TlsConfig {
  readonly grpc: { readonly tls: ServerTlsConfig | undefined };
  readonly grpcClient: ClientTlsConfig;
  readonly clusters?: readonly Pick<ClusterConfig, "name" | "tls">[] | undefined;
  /** Other clients of the process, by the names of their profiles. */
  readonly clients?: ReadonlyMap<string, ClientTlsFiles> | undefined;
}

/** One set of files and what was read from them. */
interface Profile<T> {
  readonly name: string;
  readonly source: Reloaded<T>;
  certificates(): readonly CertificateFile[];
}

/**
 * Reads all files now and whenever they change. What cannot be used later is logged, and what was there stays in use. Throws
 * GatewayError that names the flag, or the place in the configuration file, and the file.
 */
export async function openQueryTls(config: TlsConfig, options: QueryTlsOptions): Promise<QueryTls> {
  const opened: Profile<unknown>[] = [];
  const listeners = new Set<() => void>();
  const changed = () => {
    for (const listener of listeners) listener();
  };
  const client = async (name: string, files: ClientTlsFiles): Promise<Reloaded<ClientTls>> => {
    const profile = await openClient(name, files, options);
    opened.push(profile);
    profile.source.onChange(changed);
    return profile.source;
  };
  const close = () => {
    for (const { source } of opened) source.close();
  };
  try {
    const server = await openServer(config.grpc.tls, options);
    if (server !== undefined) opened.push(server);
    const { grpcClient } = config;
    const flags = grpcClient.secure ? await client("grpc-client", clientTlsFiles(grpcClient)) : undefined;
    const named = new Map<string, Reloaded<ClientTls> | "plain">();
    for (const [name, files] of config.clients ?? []) named.set(name, await client(name, files));
    for (const { name, tls } of config.clusters ?? []) {
      if (tls === "plain") named.set(clusterProfile(name), tls);
      else if (tls !== undefined)
        named.set(clusterProfile(name), await client(clusterProfile(name), clusterTlsFiles(tls)));
    }
    const profiles = createTlsProfiles({ ...options, changed });
    const stopExpiry = observe(opened, profiles, options);
    return {
      client: () => flags?.current(),
      profile(name) {
        const source = named.get(name);
        return source && { tls: source === "plain" ? undefined : source.current() };
      },
      profiles,
      onClientChange(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      server: () => server?.source.current(),
      onServerChange(apply) {
        server?.source.onChange(() => apply(server.source.current()));
      },
      close() {
        stopExpiry();
        profiles.close();
        close();
      },
    };
  } catch (error) {
    close();
    throw error;
  }
}

function observe(
  opened: readonly Profile<unknown>[],
  others: TlsProfiles,
  options: QueryTlsOptions,
): () => void {
  options.metrics.observe(
    "sluice_tls_reload_failed",
    "Whether the TLS files of a profile were changed and cannot be used, so that what was there before is in use.",
    () => opened.map(({ name, source }) => ({ value: Number(source.isStale()), labels: { profile: name } })),
  );
  return watchExpiry({
    ...options,
    files: () => [...opened.flatMap((profile) => profile.certificates()), ...others.certificates()],
  });
}

async function openServer(
  config: ServerTlsConfig | undefined,
  options: QueryTlsOptions,
): Promise<Profile<ServerTls> | undefined> {
  if (config === undefined) return undefined;
  const name = "grpc-server";
  const files = serverTlsFiles(config);
  const { cert, key, clientCa } = files;
  const source = await openReloaded({
    ...options,
    profile: name,
    files: [cert, key, clientCa],
    read: () => loadServerTls(files),
  });
  return {
    name,
    source,
    certificates: () =>
      certificateFiles(name, [
        { file: cert, pem: source.current().certPem, kind: "chain" },
        { file: clientCa, pem: source.current().clientCaPem, kind: "authorities" },
      ]),
  };
}

async function openClient(
  name: string,
  files: ClientTlsFiles,
  options: QueryTlsOptions,
): Promise<Profile<ClientTls>> {
  const { pair, ca } = files;
  const source = await openReloaded({
    ...options,
    profile: name,
    files: [ca, pair?.cert, pair?.key],
    read: () => loadClientTls(files),
  });
  return {
    name,
    source,
    certificates: () =>
      certificateFiles(name, [
        { file: pair?.cert, pem: source.current().pair?.certPem, kind: "chain" },
        { file: ca, pem: source.current().caPem, kind: "authorities" },
      ]),
  };
}
