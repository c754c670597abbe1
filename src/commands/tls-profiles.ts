import type { ClientTlsConfig } from "../config/server-flags.ts";
import type { Clock } from "../runtime/clock.ts";
import { type ClientTls, loadClientTls } from "../runtime/tls.ts";
import type { Log } from "../telemetry/log.ts";
import { type CertificateFile, certificateFiles } from "./certificate-expiry.ts";
import { openReloaded, type Reloaded } from "./reloaded-tls.ts";
import { clientTlsFiles } from "./tls-files.ts";

/** How a named profile speaks to its endpoints now; `tls` is `undefined` for plain text. */
export interface TlsProfile {
  readonly tls: ClientTls | undefined;
}

/** TLS of endpoints by name, kept current while its files change. */
export interface TlsProfiles {
  /** Replaces all. Rejects with GatewayError that names the file where one cannot be read; all then stay as they were. */
  replace(profiles: ReadonlyMap<string, ClientTlsConfig>): Promise<void>;
  /** `undefined` for a name that is not known. */
  get(name: string): TlsProfile | undefined;
  /** The certificates in use. */
  certificates(): readonly CertificateFile[];
  close(): void;
}

export interface TlsProfilesOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** How often files are looked at; 5 s by default. */
  readonly reloadIntervalMs?: number | undefined;
  /** Called after the files of a profile were read anew. */
  readonly changed?: (() => void) | undefined;
}

interface Loaded {
  readonly text: string;
  readonly profile: TlsProfile;
  readonly source: Reloaded<ClientTls | undefined>;
  certificates(): readonly CertificateFile[];
}

export function createTlsProfiles(options: TlsProfilesOptions): TlsProfiles {
  let loaded: ReadonlyMap<string, Loaded> = new Map();
  return {
    async replace(profiles) {
      const next = new Map<string, Loaded>();
      const fresh: Loaded[] = [];
      try {
        for (const [name, config] of profiles) {
          const known = loaded.get(name);
          const one = known?.text === JSON.stringify(config) ? known : await load(name, config, options);
          if (one !== known) fresh.push(one);
          next.set(name, one);
        }
      } catch (error) {
        for (const { source } of fresh) source.close();
        throw error;
      }
      for (const [name, one] of loaded) if (next.get(name) !== one) one.source.close();
      loaded = next;
      if (fresh.length > 0) options.changed?.();
    },
    get: (name) => loaded.get(name)?.profile,
    certificates: () => [...loaded.values()].flatMap((one) => one.certificates()),
    close() {
      for (const { source } of loaded.values()) source.close();
      loaded = new Map();
    },
  };
}

async function load(name: string, config: ClientTlsConfig, options: TlsProfilesOptions): Promise<Loaded> {
  const files = clientTlsFiles(config);
  const { ca, pair } = files;
  const all = config.secure ? [ca, pair?.cert, pair?.key] : [];
  const source = await openReloaded<ClientTls | undefined>({
    ...options,
    profile: name,
    files: all,
    read: async () => (config.secure ? await loadClientTls(files) : undefined),
  });
  source.onChange(() => options.changed?.());
  return {
    text: JSON.stringify(config),
    profile: {
      get tls() {
        return source.current();
      },
    },
    source,
    certificates: () =>
      certificateFiles(name, [
        { file: pair?.cert, pem: source.current()?.pair?.certPem, kind: "chain" },
        { file: ca, pem: source.current()?.caPem, kind: "authorities" },
      ]),
  };
}
