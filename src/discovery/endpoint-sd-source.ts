import { type EndpointSdConfig, parseEndpointSdConfig } from "../config/endpoint-sd-config.ts";
import type { ClientTlsConfig } from "../config/server-flags.ts";
import { GatewayError, messageOf } from "../lib/errors.ts";
import type { Clock } from "../runtime/clock.ts";
import { fileErrorReason, readTextFile } from "../runtime/files.ts";
import type { Log } from "../telemetry/log.ts";
import type { ClusterSource } from "./cluster-source.ts";
import { watchFolders } from "./watched-folders.ts";

export interface EndpointSdOptions {
  /** `--endpoint.sd-config-file`. */
  readonly path: string;
  readonly intervalMs: number;
  /** What the flags say of TLS to endpoints. */
  readonly tls: ClientTlsConfig;
  readonly clock: Clock;
  readonly log: Log;
  /** Hears of every document before its clusters are declared; where it rejects, the document counts as broken. */
  prepare(config: EndpointSdConfig): Promise<void>;
}

/** The file of an endpoint SD config. Throws GatewayError that names the file, and the place in it, where it cannot be read. */
export async function readEndpointSdFile(path: string, tls: ClientTlsConfig): Promise<EndpointSdConfig> {
  let text: string;
  try {
    text = await readTextFile(path);
  } catch (error) {
    throw new GatewayError(
      "bad_data",
      `Cannot read --endpoint.sd-config-file ${path}: ${fileErrorReason(error)}`,
      { cause: error },
    );
  }
  return parseEndpointSdConfig({ name: path, text }, tls);
}

/** What the file says, from `first` on; while it cannot be read what it said before stays in use. */
export function createEndpointSdSource(first: EndpointSdConfig, options: EndpointSdOptions): ClusterSource {
  const { path, clock, log } = options;
  let told = JSON.stringify(first.clusters);
  let lastError = "";
  let stop: () => void = () => undefined;
  return {
    start(declare) {
      declare(first.clusters);
      const slash = path.lastIndexOf("/");
      stop = watchFolders({
        folders: [slash < 0 ? "." : path.slice(0, slash) || "/"],
        intervalMs: options.intervalMs,
        clock,
        async look() {
          try {
            const config = await readEndpointSdFile(path, options.tls);
            await options.prepare(config);
            lastError = "";
            const text = JSON.stringify(config.clusters);
            if (text === told) return;
            told = text;
            log.info("reloading endpoint config", { path });
            declare(config.clusters);
          } catch (error) {
            const err = messageOf(error);
            if (err !== lastError) log.error("failed to reload endpoint config", { err });
            lastError = err;
          }
        },
      });
    },
    settled: Promise.resolve(),
    close: () => stop(),
  };
}
