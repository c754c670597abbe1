import { suite } from "uvu";
import * as assert from "uvu/assert";
import { defaultProfile, parseEndpointSdConfig } from "../../src/config/endpoint-sd-config.ts";
import { parseFileSd } from "../../src/config/file-sd.ts";
import type { ClientTlsConfig } from "../../src/config/server-flags.ts";
import { messageOf } from "../../src/lib/errors.ts";

const sd = suite("endpoint SD config");

const flags: ClientTlsConfig = {
  secure: false,
  skipVerify: false,
  certFile: undefined,
  keyFile: undefined,
  caFile: "/flags/ca.pem",
  serverName: "flags",
  minVersion: "1.3",
};
const parse = (text: string, tls = flags) => parseEndpointSdConfig({ name: "sd.yml", text }, tls);
const reasonOf = (run: () => unknown): string => {
  try {
    run();
    return "read";
  } catch (error) {
    return messageOf(error);
  }
};

sd("endpoints are clusters of their own, strict, grouped or neither", () => {
  const { clusters } = parse(`
endpoints:
- address: a:1
- {address: b:1, strict: true}
- {address: dns+c:1, group: true}
- {address: "dnssrv+d", group: true, service_config: '{"loadBalancingPolicy": "pick_first"}'}
- {address: e:1, group: true, strict: true, service_config: '{"loadBalancingConfig": [{"round_robin": {}}]}'}
`);
  assert.equal(
    clusters.map(({ name, expected, strict, endpoints }) => [name, expected, strict, endpoints]),
    [
      ["a:1", false, undefined],
      ["b:1", true, undefined],
      ["dns+c:1", false, "round_robin"],
      ["dnssrv+d", false, "pick_first"],
      ["e:1", true, "round_robin"],
    ].map(([address, strict, group]) => [address, true, false, [{ strict, group, tls: undefined, address }]]),
  );
  assert.equal(parse("endpoints:\n").clusters, []);
  assert.equal(parse("{}").clusters, []);
});

const tlsOf = (clientConfig: string, defaults = "") => {
  const text = `${defaults}\nendpoints: [{address: 'a:1', client_config: ${clientConfig}}]`;
  const { clusters, tlsProfiles } = parse(text, flags);
  return tlsProfiles.get(clusters[0]?.endpoints[0]?.tls ?? defaultProfile);
};

sd("what an endpoint does not say of TLS is as the flags say, unless it says whether it is on", () => {
  assert.equal(tlsOf("{tls_config: {cert_file: c, key_file: k}}"), {
    ...flags,
    secure: true,
    certFile: "c",
    keyFile: "k",
    serverName: undefined,
  });
  assert.is(tlsOf("{tls_config: {enabled: true}}")?.caFile, undefined);
  assert.is(tlsOf("{tls_config: {enabled: false, ca_file: x}}")?.secure, false);
  assert.equal(tlsOf("{server_name: x}"), { ...flags, serverName: "x" });
  assert.is(tlsOf("{tls_config: {min_version: '1.2'}}")?.minVersion, "1.2");
  assert.is(tlsOf("{}"), undefined);
});

sd("a default client config stands in for the flags", () => {
  const defaults = "default_client_config: {tls_config: {ca_file: /sd/ca.pem}, server_name: sd}";
  assert.equal(tlsOf("{}", defaults), { ...flags, secure: true, caFile: "/sd/ca.pem", serverName: "sd" });
  assert.is(tlsOf("{tls_config: {insecure_skip_verify: true}}", defaults)?.caFile, "/sd/ca.pem");
});

for (const [text, reason] of [
  [
    "endpoints:\n- address: nowhere\n",
    "sd.yml:2:3: Address nowhere is not of <host>:<port> format or a valid DNS query.",
  ],
  [
    "endpoints:\n- strict: true\n  address: dns+x:1\n",
    "sd.yml:3:3: dns+x:1 is a dynamically specified endpoint i.e. it uses SD and that is not permitted under strict mode.",
  ],
  [
    "endpoints:\n- address: a:1\n  service_config: '{}'\n",
    "sd.yml:3:3: a:1 service_config is only valid for endpoint groups.",
  ],
  [
    "endpoints:\n- {address: a:1, group: true, service_config: '{'}\n",
    "sd.yml:2:31: service_config is no JSON, wants gRPC's service config",
  ],
  [
    "endpoints:\n- address: a:1\n  client_config: {compression: snappy}\n",
    "sd.yml:3:19: endpoints[0].client_config.compression is not supported here, wants none: messages go as they are",
  ],
  [
    "endpoints:\n- address: a:1\n  client_config: {tls_config: {cert_file: x}}\n",
    "sd.yml:3:19: client_config.tls_config has one of cert_file and key_file, wants both",
  ],
] as const) {
  sd(`${JSON.stringify(text)} is refused where it is wrong`, () => {
    assert.is(
      reasonOf(() => parse(text)),
      reason,
    );
  });
}

const files = suite("file_sd");
const read = (text: string) => parseFileSd({ name: "t.json", text });

files("targets are clusters of their own, labels are passed over", () => {
  const text = '[{"targets": ["a:1", "dns+b:1"], "labels": {"job": "x"}}, {"targets": []}]';
  assert.equal(
    read(text).map(({ name }) => name),
    ["a:1", "dns+b:1"],
  );
  assert.equal(read("- targets: [a:1]\n  labels:\n").length, 1);
  assert.equal(read("[]"), []);
});

files("what Prometheus would not take is refused, and so is an address that is none", () => {
  assert.is(
    reasonOf(() => read("")),
    "t.json:1:1: it is empty, wants a list of targets",
  );
  assert.is(reasonOf(() => read('[{"target": []}]')).slice(0, 39), "t.json:1:3: [0].target is not known her");
  assert.is(
    reasonOf(() => read('[{"targets": ["a:1",\n "b"]}]')),
    "t.json:2:2: Address b is not of <host>:<port> format or a valid DNS query.",
  );
});

sd.run();
files.run();
