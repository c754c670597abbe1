import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createCredentials } from "../../../src/clients/prometheus/credentials.ts";
import {
  type HttpClientConfig,
  parseHttpClientConfig,
  plainHttpClientConfig,
  withBasicAuth,
} from "../../../src/clients/prometheus/http-client-config.ts";
import { parsePrometheusUrl } from "../../../src/clients/prometheus/prometheus-requests.ts";
import { GatewayError } from "../../../src/lib/errors.ts";

const config = suite("http client configuration");

function parse(text: string): HttpClientConfig {
  return parseHttpClientConfig("http.yml", text);
}

const accepted: readonly [text: string, expected: Partial<HttpClientConfig>][] = [
  ["", {}],
  ["# nothing\n", {}],
  [
    "basic_auth:\n  username: me\n  password: 0123\n",
    { basicAuth: { username: "me", password: { kind: "text", text: "0123" } } },
  ],
  ["basic_auth: {username: me}", { basicAuth: { username: "me", password: { kind: "text", text: "" } } }],
  [
    "basic_auth:\n  username: me\n  password_file: /p\n",
    { basicAuth: { username: "me", password: { kind: "file", path: "/p" } } },
  ],
  ["bearer_token: abc", { bearerToken: { kind: "text", text: "abc" } }],
  ["bearer_token_file: /t\nbearer_token: ''", { bearerToken: { kind: "file", path: "/t" } }],
  [
    "tls_config:\n  ca_file: ca\n  cert_file: c\n  key_file: k\n  server_name: s\n  insecure_skip_verify: true\n",
    { tls: { caFile: "ca", certFile: "c", keyFile: "k", serverName: "s", skipVerify: true } },
  ],
  ["tls_config:\n", {}],
];

for (const [text, expected] of accepted) {
  config(`reads ${JSON.stringify(text)}`, () => {
    assert.equal(parse(text), { ...plainHttpClientConfig, ...expected });
  });
}

const refused: readonly [text: string, message: string][] = [
  ["- a", "http.yml:1:1: the configuration is no mapping"],
  [
    "basic_auth:\n  username: me\n  pasword: x\n",
    'http.yml:3:3: unknown field "pasword", wants one of username, password, password_file',
  ],
  ["basic_auth:\n  password: x\n", "http.yml:2:3: basic_auth has no username"],
  ["\nbasic_auth: me\n", "http.yml:2:13: basic_auth is no mapping"],
  ["basic_auth: {username: [a]}\n", "http.yml:1:24: username is no text"],
  [
    "bearer_token: a\nbearer_token_file: b\n",
    "http.yml:2:20: it has bearer_token and bearer_token_file, wants one of them",
  ],
  [
    "bearer_token: a\nbasic_auth: {username: b}\n",
    "http.yml:1:1: it has basic_auth and a bearer token, wants one of them",
  ],
  ["tls_config: {cert_file: a}\n", "http.yml:1:13: tls_config has one of cert_file and key_file, wants both"],
  [
    "tls_config:\n  insecure_skip_verify: maybe\n",
    "http.yml:2:25: insecure_skip_verify is neither true nor false",
  ],
  ["proxy_url: http://p\n", "http.yml:1:1: proxy_url is not supported here yet, wants the file without it"],
  ["a: b\na: c\n", "http.yml:2:1: Map keys must be unique"],
];

for (const [text, message] of refused) {
  config(`refuses ${JSON.stringify(text)} and says where`, () => {
    assert.throws(
      () => parse(text),
      (error: unknown) => {
        assert.instance(error, GatewayError);
        assert.is((error as GatewayError).message, message);
        assert.is((error as GatewayError).code, "bad_data");
        return true;
      },
    );
  });
}

config("credentials are basic or bearer, and a secret's file is read again each time", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sluice-credentials-"));
  const path = join(folder, "token");
  await writeFile(path, "one\n");
  const credentials = createCredentials(parse(`bearer_token_file: ${path}`));
  assert.equal(await credentials(), { authorization: "Bearer one" });
  await writeFile(path, "two");
  assert.equal(await credentials(), { authorization: "Bearer two" });
  await rm(folder, { recursive: true });
  try {
    await credentials();
    assert.unreachable();
  } catch (error) {
    assert.is((error as Error).message, `Cannot read bearer_token_file ${path}: no such file`);
  }
  const basic = createCredentials(parse("basic_auth: {username: jörg, password: x}"));
  assert.equal(await basic(), { authorization: `Basic ${Buffer.from("jörg:x").toString("base64")}` });
  assert.equal(await createCredentials(plainHttpClientConfig)(), {});
});

config("a user in the URL is a user of the configuration, unless that names one", async () => {
  const { url, basicAuth } = parsePrometheusUrl("https://me:p%40ss@prom.example:8443/prefix/?x=1#y");
  assert.is(url.href, "https://prom.example:8443/prefix/");
  assert.equal(basicAuth, { username: "me", password: "p@ss" });
  const user = withBasicAuth(plainHttpClientConfig, basicAuth);
  assert.is((await createCredentials(user)()).authorization, `Basic ${btoa("me:p@ss")}`);
  const token = parse("bearer_token: t");
  assert.is(withBasicAuth(token, basicAuth), token);
  assert.is(parsePrometheusUrl("http://p:9090").basicAuth, undefined);
});

config("an address that is no HTTP URL is refused", () => {
  for (const text of ["", "localhost:9090", "ftp://x", "/a"]) {
    assert.throws(
      () => parsePrometheusUrl(text),
      `${JSON.stringify(text)}, wants a URL like http://localhost:9090`,
    );
  }
});

config.run();
