import { assert } from "../../lib/assert.ts";
import { GatewayError } from "../../lib/errors.ts";
import type { HttpClient, HttpResponse } from "../../runtime/http-client.ts";

/** One Prometheus: where it is and how we reach it. */
export interface PrometheusAddress {
  readonly http: HttpClient;
  /** May have a path, for a Prometheus behind a route prefix. */
  readonly baseUrl: URL;
  /** Headers that prove who we are; asked for each request, because tokens in files change. */
  readonly credentials: () => Promise<Readonly<Record<string, string>>>;
}

export interface PrometheusRequest {
  readonly method: "GET" | "POST";
  /** From the root of Prometheus's API, with values encoded: `/api/v1/label/job/values`. */
  readonly path: string;
  /** In the order given; names may repeat. */
  readonly parameters?: readonly (readonly [string, string])[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly signal: AbortSignal;
}

/** Everything that is ever sent to a Prometheus: reads only. */
const allowed: readonly { readonly method: "GET" | "POST"; readonly path: RegExp }[] = [
  { method: "POST", path: /^\/api\/v1\/read$/ },
  { method: "GET", path: /^\/api\/v1\/series$/ },
  { method: "GET", path: /^\/api\/v1\/labels$/ },
  { method: "GET", path: /^\/api\/v1\/label\/[A-Za-z0-9_]+\/values$/ },
  { method: "GET", path: /^\/api\/v1\/status\/(?:config|buildinfo)$/ },
  { method: "GET", path: /^\/metrics$/ },
];

/** Whether a request is on the list of those that a Prometheus is ever sent. */
export function isAllowedRequest(method: string, path: string): boolean {
  return allowed.some((entry) => entry.method === method && entry.path.test(path));
}

/** Sends one of the allowed requests; any other is a programmer's error. Resolves when the headers are there. */
export async function sendToPrometheus(
  prometheus: PrometheusAddress,
  request: PrometheusRequest,
): Promise<HttpResponse> {
  const { method, path, parameters = [], headers = {}, body, signal } = request;
  assert(isAllowedRequest(method, path), `${method} ${path} is not on the list of reads`);
  const url = new URL(prometheus.baseUrl);
  url.pathname = url.pathname.replace(/\/+$/, "") + path;
  url.search = new URLSearchParams(
    parameters.map(([name, value]): [string, string] => [name, value]),
  ).toString();
  const credentials = await prometheus.credentials();
  return await prometheus.http.send({
    method,
    url,
    headers: { "user-agent": "sluice", ...headers, ...credentials },
    body,
    signal,
  });
}

/** Reads `--prometheus.url`. A user name and a password in it become `credentials`. Throws GatewayError `bad_data`. */
export function parsePrometheusUrl(text: string): {
  readonly url: URL;
  readonly basicAuth: BasicAuth | undefined;
} {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new GatewayError("bad_data", `${JSON.stringify(text)}, wants a URL like http://localhost:9090`);
  }
  const basicAuth =
    url.username === ""
      ? undefined
      : { username: decodeURIComponent(url.username), password: decodeURIComponent(url.password) };
  url.username = "";
  url.password = "";
  url.search = "";
  url.hash = "";
  return { url, basicAuth };
}

export interface BasicAuth {
  readonly username: string;
  readonly password: string;
}

/** Value of the Authorization header. */
export function basicAuthorization({ username, password }: BasicAuth): string {
  const bytes = new TextEncoder().encode(`${username}:${password}`);
  return `Basic ${btoa(String.fromCharCode(...bytes))}`;
}
