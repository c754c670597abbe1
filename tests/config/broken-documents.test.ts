import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseEndpointSdConfig } from "../../src/config/endpoint-sd-config.ts";
import { parseFileSd } from "../../src/config/file-sd.ts";
import type { ClientTlsConfig } from "../../src/config/server-flags.ts";
import { GatewayError } from "../../src/lib/errors.ts";
import { everySeed, type SeededRandom } from "../support/seeded-random.ts";

/** Documents that somebody has damaged are read, or refused by place; nothing else happens. */
const broken = suite("broken documents");

const tls: ClientTlsConfig = {
  secure: false,
  skipVerify: false,
  certFile: undefined,
  keyFile: undefined,
  caFile: undefined,
  serverName: undefined,
  minVersion: "1.3",
};
const wholes = {
  endpoints: `default_client_config:
  tls_config: {enabled: true, ca_file: "/x/ca.pem"}
endpoints:
- address: &a dnssrv+_grpc._tcp.store.example
  group: true
  service_config: '{"loadBalancingPolicy": "round_robin"}'
- {address: "10.0.0.1:10901", strict: true, client_config: {server_name: x}}
`,
  targets: `[{"targets": ["a:1", "dns+b.example:2"], "labels": {"job": "x"}}, {"targets": []}]`,
};
const parsers = {
  endpoints: (text: string) => parseEndpointSdConfig({ name: "x.yml", text }, tls).clusters,
  targets: (text: string) => parseFileSd({ name: "x.yml", text }),
};
const pieces = [
  ..."\n\t -:[]{}\"'&*!|>%@`#?,\\\0\uFEFF\u{1F600}",
  "<<: *a",
  "null",
  "~",
  "- - -",
  "1e999",
  "__proto__: 1",
];

function damaged(text: string, random: SeededRandom): string {
  let result = text;
  for (let changes = 1 + random.below(4); changes > 0; changes--) {
    const at = random.below(result.length + 1);
    const end = Math.min(result.length, at + random.below(8));
    const put = random.chance(0.6) ? random.oneOf(pieces) : "";
    result = result.slice(0, at) + put + result.slice(random.chance(0.5) ? end : at);
  }
  return random.chance(0.1) ? result.slice(0, random.below(result.length + 1)) : result;
}

for (const kind of ["endpoints", "targets"] as const) {
  broken(`${kind} that are damaged anywhere`, async () => {
    const seen = { read: 0, refused: 0 };
    await everySeed(1_500, (random) => {
      const text = damaged(wholes[kind], random);
      try {
        for (const { name, endpoints } of parsers[kind](text)) {
          assert.is(typeof name, "string");
          assert.is(endpoints.length, 1);
        }
        seen.read++;
      } catch (error) {
        assert.ok(error instanceof GatewayError, `${JSON.stringify(text)}: ${error}`);
        assert.match(error.message, /^x\.yml:\d+:\d+: /, JSON.stringify(text));
        seen.refused++;
      }
    });
    assert.ok(process.env.SEED !== undefined || (seen.read > 50 && seen.refused > 50), JSON.stringify(seen));
  });
}

broken.run();
