import type { ClientTlsConfig } from "../config/server-flags.ts";
import { messageOf } from "../lib/errors.ts";
import type { Clock } from "../runtime/clock.ts";
import { type ClientTls, loadClientTls } from "../runtime/tls.ts";
import type { Log } from "../telemetry/log.ts";

/** TLS of endpoints by the name of their profile, kept current while its files change. */
export interface TlsProfiles {
  /** Replaces all. Rejects with GatewayError that names the file where one cannot be read; all then stay as they were. */
  replace(profiles: ReadonlyMap<string, ClientTlsConfig>): Promise<void>;
  /** How a profile speaks now: `tls` is `undefined` for plain text, the whole for a name that is not known. */
  get(name: string): { readonly tls: ClientTls | undefined } | undefined;
  close(): void;
}

interface Loaded {
  readonly config: ClientTlsConfig;
  readonly tls: ClientTls | undefined;
}

/** How often files are read anew: they are small, and new certificates should not wait. */
const intervalMs = 5_000;

export function createTlsProfiles({ clock, log }: { readonly clock: Clock; readonly log: Log }): TlsProfiles {
  let loaded: ReadonlyMap<string, Loaded> = new Map();
  let isOver = false;
  let stopTimer: () => void = () => undefined;
  const load = async (profiles: ReadonlyMap<string, ClientTlsConfig>) => {
    const next = new Map<string, Loaded>();
    for (const [name, config] of profiles)
      next.set(name, { config, tls: config.secure ? await loadClientTls(filesOf(config)) : undefined });
    return next;
  };
  const reload = async () => {
    const before = loaded;
    try {
      const next = await load(new Map([...before].map(([name, { config }]) => [name, config])));
      if (loaded === before) loaded = next;
    } catch (error) {
      const err = messageOf(error);
      log.error("TLS files of the endpoint config cannot be read; the old ones stay in use", { err });
    }
    again();
  };
  const again = () => {
    stopTimer();
    if (!isOver && loaded.size > 0) stopTimer = clock.after(intervalMs, () => void reload());
  };
  return {
    async replace(profiles) {
      loaded = await load(profiles);
      again();
    },
    get: (name) => loaded.get(name),
    close() {
      isOver = true;
      stopTimer();
    },
  };
}

function filesOf(config: ClientTlsConfig): Parameters<typeof loadClientTls>[0] {
  const { certFile, keyFile, caFile, serverName, skipVerify, minVersion } = config;
  const file = (key: string, path: string) => ({ flag: `tls_config.${key}`, path });
  const isPair = certFile !== undefined && keyFile !== undefined;
  return {
    ca: caFile === undefined ? undefined : file("ca_file", caFile),
    pair: isPair ? { cert: file("cert_file", certFile), key: file("key_file", keyFile) } : undefined,
    serverName,
    skipVerify,
    minVersion,
  };
}
