import { isMap, isScalar, LineCounter, type Node, parseDocument, type YAMLMap } from "yaml";
import { GatewayError } from "../../lib/errors.ts";
import type { BasicAuth } from "./prometheus-requests.ts";

/** Where a secret comes from; files are read again for every request, so that it may change. */
export type Secret =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "file"; readonly path: string };

/** How to reach a Prometheus, as `--prometheus.http-client-file` says it. */
export interface HttpClientConfig {
  readonly basicAuth: { readonly username: string; readonly password: Secret } | undefined;
  readonly bearerToken: Secret | undefined;
  readonly tls: HttpClientTlsConfig;
}

export interface HttpClientTlsConfig {
  readonly caFile: string | undefined;
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
  readonly serverName: string | undefined;
  readonly skipVerify: boolean;
}

/** No authentication, the system's authorities. */
export const plainHttpClientConfig: HttpClientConfig = {
  basicAuth: undefined,
  bearerToken: undefined,
  tls: {
    caFile: undefined,
    certFile: undefined,
    keyFile: undefined,
    serverName: undefined,
    skipVerify: false,
  },
};

/** The same with the user that `--prometheus.url` names. */
export function withBasicAuth(config: HttpClientConfig, basicAuth: BasicAuth | undefined): HttpClientConfig {
  if (basicAuth === undefined || config.basicAuth !== undefined || config.bearerToken !== undefined)
    return config;
  const { username, password } = basicAuth;
  return { ...config, basicAuth: { username, password: { kind: "text", text: password } } };
}

/** Reads Thanos's YAML for HTTP clients. Throws GatewayError `bad_data` that starts with `FILE:LINE:COLUMN: `. */
export function parseHttpClientConfig(fileName: string, text: string): HttpClientConfig {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const failAt: Fail = (offset, message) => {
    const { line, col } = lines.linePos(offset);
    throw new GatewayError("bad_data", `${fileName}:${line}:${col}: ${message}`);
  };
  const broken = document.errors[0];
  if (broken !== undefined) return failAt(broken.pos[0], broken.message);
  if (document.contents === null) return plainHttpClientConfig;
  const root = readMap(document.contents, "the configuration", topKeys, failAt);
  const basicAuth = readBasicAuth(root.get("basic_auth"), failAt);
  const bearerToken = readSecret(root, ["bearer_token", "bearer_token_file"], failAt);
  if (basicAuth !== undefined && bearerToken !== undefined) {
    return failAt(offsetOf(document.contents), "it has basic_auth and a bearer token, wants one of them");
  }
  return { basicAuth, bearerToken, tls: readTls(root.get("tls_config"), failAt) };
}

type Fail = (offset: number, message: string) => never;
type Fields = ReadonlyMap<string, Node>;

const topKeys = ["basic_auth", "bearer_token", "bearer_token_file", "tls_config"];
const knownToThanos = ["proxy_url", "transport_config"];
const basicAuthKeys = ["username", "password", "password_file"];
const tlsKeys = ["ca_file", "cert_file", "key_file", "server_name", "insecure_skip_verify"];

function readBasicAuth(node: Node | undefined, failAt: Fail): HttpClientConfig["basicAuth"] {
  if (node === undefined) return undefined;
  const fields = readMap(node, "basic_auth", basicAuthKeys, failAt);
  const username = readText(fields, "username", failAt);
  if (username === undefined) return failAt(offsetOf(node), "basic_auth has no username");
  const password = readSecret(fields, ["password", "password_file"], failAt) ?? { kind: "text", text: "" };
  return { username, password };
}

function readTls(node: Node | undefined, failAt: Fail): HttpClientTlsConfig {
  if (node === undefined) return plainHttpClientConfig.tls;
  const fields = readMap(node, "tls_config", tlsKeys, failAt);
  const certFile = readText(fields, "cert_file", failAt);
  const keyFile = readText(fields, "key_file", failAt);
  if ((certFile === undefined) !== (keyFile === undefined)) {
    return failAt(offsetOf(node), "tls_config has one of cert_file and key_file, wants both");
  }
  return {
    caFile: readText(fields, "ca_file", failAt),
    certFile,
    keyFile,
    serverName: readText(fields, "server_name", failAt),
    skipVerify: readBoolean(fields, "insecure_skip_verify", failAt),
  };
}

/** Values by key; an absent or empty value is left out. */
function readMap(node: Node, what: string, keys: readonly string[], failAt: Fail): Fields {
  if (!isMap(node)) return failAt(offsetOf(node), `${what} is no mapping`);
  const fields = new Map<string, Node>();
  for (const pair of (node as YAMLMap<Node, Node | null>).items) {
    const key = isScalar(pair.key) ? String(pair.key.value) : "";
    if (knownToThanos.includes(key) && keys === topKeys) {
      return failAt(offsetOf(pair.key), `${key} is not supported here yet, wants the file without it`);
    }
    if (!keys.includes(key)) {
      return failAt(
        offsetOf(pair.key),
        `unknown field ${JSON.stringify(key)}, wants one of ${keys.join(", ")}`,
      );
    }
    if (pair.value !== null && !(isScalar(pair.value) && pair.value.value === null))
      fields.set(key, pair.value);
  }
  return fields;
}

function readSecret(
  fields: Fields,
  [text, file]: readonly [string, string],
  failAt: Fail,
): Secret | undefined {
  const inline = readText(fields, text, failAt);
  const path = readText(fields, file, failAt);
  if (inline !== undefined && path !== undefined) {
    return failAt(offsetOf(fields.get(file)), `it has ${text} and ${file}, wants one of them`);
  }
  if (inline !== undefined) return { kind: "text", text: inline };
  return path === undefined ? undefined : { kind: "file", path };
}

function readText(fields: Fields, key: string, failAt: Fail): string | undefined {
  const node = fields.get(key);
  if (node === undefined) return undefined;
  if (!isScalar(node)) return failAt(offsetOf(node), `${key} is no text`);
  const text = node.source ?? String(node.value);
  return text === "" ? undefined : text;
}

function readBoolean(fields: Fields, key: string, failAt: Fail): boolean {
  const node = fields.get(key);
  if (node === undefined) return false;
  if (isScalar(node) && typeof node.value === "boolean") return node.value;
  return failAt(offsetOf(node), `${key} is neither true nor false`);
}

function offsetOf(node: Node | undefined | null): number {
  return node?.range?.[0] ?? 0;
}
