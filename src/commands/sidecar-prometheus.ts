import { createCredentials } from "../clients/prometheus/credentials.ts";
import {
  type HttpClientConfig,
  type HttpClientTlsConfig,
  parseHttpClientConfig,
  plainHttpClientConfig,
  withBasicAuth,
} from "../clients/prometheus/http-client-config.ts";
import { createPrometheusApi, type PrometheusApi } from "../clients/prometheus/prometheus-api.ts";
import { parsePrometheusUrl } from "../clients/prometheus/prometheus-requests.ts";
import type { SidecarConfig } from "../config/sidecar-config.ts";
import { GatewayError, messageOf } from "../lib/errors.ts";
import { fileErrorReason, readTextFile } from "../runtime/files.ts";
import { createHttpClient } from "../runtime/http-client.ts";
import type { ClientTlsFiles, FlaggedFile } from "../runtime/tls.ts";
import type { QueryTls } from "./query-tls.ts";

/** The Prometheus that a sidecar stands before. */
export interface SidecarPrometheus {
  readonly api: PrometheusApi;
  /** Its host and port, for logs. */
  readonly name: string;
  close(): void;
}

const fileFlag = "--prometheus.http-client-file";

/** Name of the TLS profile of connections to Prometheus. */
export const prometheusProfile = "prometheus";

/** What is known of a Prometheus before it is spoken to. */
export interface PrometheusClient {
  readonly url: URL;
  readonly config: HttpClientConfig;
  /** The files of its TLS. */
  readonly tlsFiles: ClientTlsFiles;
}

/** Reads the file that the flags name; throws GatewayError `bad_data` that names flag, file and place. */
export async function readPrometheusClient(config: SidecarConfig["prometheus"]): Promise<PrometheusClient> {
  const { url, basicAuth } = parseUrl(config.url);
  const clientConfig = withBasicAuth(await readClientConfig(config), basicAuth);
  return { url, config: clientConfig, tlsFiles: tlsFilesOf(clientConfig.tls) };
}

/** A client whose TLS follows its profile. */
export function connectPrometheus(
  { url, config: clientConfig }: PrometheusClient,
  config: SidecarConfig["prometheus"],
  tls: QueryTls,
): SidecarPrometheus {
  const current = () => tls.profile(prometheusProfile)?.tls;
  const http = createHttpClient({
    tls: current(),
    maxConnections: config.maxConnections,
    silenceTimeoutMs: config.silenceTimeoutMs,
  });
  const stopHearing = tls.onClientChange(() => http.setTls(current()));
  const close = () => {
    stopHearing();
    http.close();
  };
  const api = createPrometheusApi({ http, baseUrl: url, credentials: createCredentials(clientConfig) });
  return { api, name: url.host, close };
}

function parseUrl(text: string): ReturnType<typeof parsePrometheusUrl> {
  try {
    return parsePrometheusUrl(text);
  } catch (error) {
    throw new GatewayError("bad_data", `Cannot read --prometheus.url: ${messageOf(error)}`, { cause: error });
  }
}

async function readClientConfig(config: SidecarConfig["prometheus"]): Promise<HttpClientConfig> {
  const { httpClientFile, httpClient } = config;
  if (httpClientFile !== undefined && httpClient !== undefined) {
    throw new GatewayError(
      "bad_data",
      `Cannot read the command line: ${fileFlag} and --prometheus.http-client are both given, wants one of them`,
    );
  }
  if (httpClient !== undefined) return parseHttpClientConfig("--prometheus.http-client", httpClient);
  return httpClientFile === undefined ? plainHttpClientConfig : await readClientConfigFile(httpClientFile);
}

async function readClientConfigFile(path: string): Promise<HttpClientConfig> {
  let text: string;
  try {
    text = await readTextFile(path);
  } catch (error) {
    throw new GatewayError("bad_data", `Cannot read ${fileFlag} ${path}: ${fileErrorReason(error)}`, {
      cause: error,
    });
  }
  return parseHttpClientConfig(path, text);
}

function tlsFilesOf(tls: HttpClientTlsConfig): ClientTlsFiles {
  const file = (field: string, path: string): FlaggedFile => ({ flag: `tls_config.${field}`, path });
  const { caFile, certFile, keyFile, serverName, skipVerify } = tls;
  return {
    ca: caFile === undefined ? undefined : file("ca_file", caFile),
    pair:
      certFile === undefined || keyFile === undefined
        ? undefined
        : { cert: file("cert_file", certFile), key: file("key_file", keyFile) },
    serverName,
    skipVerify,
    minVersion: "1.2",
  };
}
