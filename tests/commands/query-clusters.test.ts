import { suite } from "uvu";
import * as assert from "uvu/assert";
import { messageOf } from "../../src/lib/errors.ts";
import type { CertificateRequest, ThrowawayAuthority } from "../../src/runtime/throwaway-certificates.ts";
import { startDnsResponder } from "../support/dns-responder.ts";
import {
  ask,
  client,
  closeOpened,
  countOf,
  eu,
  files,
  type Leaf,
  leaf,
  metric,
  open,
  opened,
  own,
  stateOf,
  us,
} from "../support/tls-clusters.ts";

const clusters = suite("clusters of a gateway");
clusters.after.each(closeOpened);

clusters("each cluster is spoken to with its own authority, the flags' one with plain text", async () => {
  const made = await files();
  const [a, b, c] = await Promise.all([leaf("eu", eu), leaf("us", us), leaf("lab", undefined)]);
  const config = made.write(
    "sluice.yml",
    `clusters:
  - name: eu
    endpoints: [${a.address}]
    tls: {ca: eu.pem, ${client}}
  - name: us
    endpoints: [${b.address}]
    tls: {ca: us.pem, ${client}}
`,
  );
  const gateway = await open(`--config-file=${config}`, `--cluster=name=lab,endpoint=${c.address},optional`);
  const answer = await ask(gateway);
  assert.is(countOf(answer), "3", JSON.stringify(answer));
  assert.is(answer.completeness?.expected, 2);
  assert.is(answer.completeness?.complete, 2);
  assert.is(stateOf(answer, "eu")?.state, "complete");
  assert.is(stateOf(answer, "us")?.state, "complete");
  const ends = await metric(gateway, "sluice_tls_certificate_not_after_seconds");
  assert.is(ends.length, 4, ends.join("\n"));
  assert.ok(
    ends.some((line) => line.includes('profile="clusters/eu"') && line.includes("eu.pem")),
    ends.join("\n"),
  );
  assert.ok(
    gateway.lines.some((line) => line.includes("a certificate ends soon")),
    gateway.lines.join(""),
  );
});

const wrongs: readonly (readonly [
  string,
  ThrowawayAuthority,
  Partial<CertificateRequest>,
  string,
  RegExp,
])[] = [
  ["another authority", us, {}, "", /its certificate is not signed by a known authority/],
  [
    "another host name",
    eu,
    { dnsNames: ["store.example"], ipAddresses: [] },
    "",
    /is made out to another name: it shows store\.example, wants 127\.0\.0\.1/,
  ],
  [
    "another server name than the one asked for",
    eu,
    {},
    ", serverName: eu.example",
    /it shows localhost, 127\.0\.0\.1, wants eu\.example/,
  ],
  [
    "another SPIFFE id than the pinned one, though its host name is right",
    eu,
    { spiffeId: "spiffe://demo/us" },
    ", san: spiffe://demo/eu",
    /it shows spiffe:\/\/demo\/us, localhost, 127\.0\.0\.1, wants spiffe:\/\/demo\/eu/,
  ],
  ["a certificate that is over", eu, { validMs: -1_000 }, "", /expired|not valid at this time/],
];
for (const [title, authority, certificate, tls, reason] of wrongs) {
  clusters(`a server with ${title} is missing, and the answer says why`, async () => {
    const made = await files();
    const [bad, good] = await Promise.all([leaf("eu", authority, certificate), leaf("us", us)]);
    const entry = (name: string, address: string, more: string) =>
      `  - {name: ${name}, endpoints: ["${address}"], tls: {ca: ${name}.pem, ${client}${more}}}\n`;
    const config = made.write(
      "sluice.yml",
      `clusters:\n${entry("eu", bad.address, tls)}${entry("us", good.address, "")}`,
    );
    const gateway = await open(`--config-file=${config}`);
    const answer = await ask(gateway);
    assert.is(countOf(answer), "1");
    const state = stateOf(answer, "eu");
    assert.is(state?.state, "missing");
    assert.match(state?.reason ?? "", reason);
    const strict = await ask(gateway, "count(up)", "&partial_response=false");
    assert.is(strict.status, "error");
    assert.match(strict.error ?? "", /eu/);
  });
}

clusters("a pinned SPIFFE id stands in for the host name", async () => {
  const made = await files();
  const certificate = { dnsNames: [], ipAddresses: [], spiffeId: "spiffe://demo/eu" };
  const { address } = await leaf("eu", eu, certificate);
  const config = made.write(
    "sluice.yml",
    `clusters:\n  - {name: eu, endpoints: ["${address}"], tls: {ca: eu.pem, ${client}, san: [a.example, "spiffe://demo/eu"]}}\n`,
  );
  assert.is(countOf(await ask(await open(`--config-file=${config}`))), "1");
});

clusters("a server found in DNS must show the name that it was found under", async () => {
  const made = await files();
  const names = (name: string) => ({ dnsNames: [name], ipAddresses: [] });
  const [good, bad] = await Promise.all([
    leaf("eu", eu, names("stores.eu.example")),
    leaf("us", us, names("elsewhere.example")),
  ]);
  const dns = await startDnsResponder(({ name, type }) => ({
    answers: type === "A" ? [{ name, type, ttl: 60, data: "127.0.0.1" }] : [],
  }));
  opened.push(dns.close);
  const entry = (name: string, form: string, { address }: Leaf) =>
    `  - {name: ${name}, endpoints: [${form}+stores.${name}.example:${address.split(":")[1]}], tls: {ca: ${name}.pem, ${client}}}\n`;
  const config = made.write(
    "sluice.yml",
    `clusters:\n${entry("eu", "dns", good)}${entry("us", "dnsdualstack", bad)}`,
  );
  const gateway = await open(
    `--config-file=${config}`,
    `--dns.resolv-conf=${dns.conf("options attempts:1")}`,
  );
  const answer = await ask(gateway);
  assert.is(countOf(answer), "1", JSON.stringify(answer));
  assert.is(stateOf(answer, "eu")?.state, "complete");
  assert.is(stateOf(answer, "us")?.state, "missing");
  assert.match(stateOf(answer, "us")?.reason ?? "", /it shows elsewhere\.example, wants stores\.us\.example/);
});

clusters("a strict cluster makes an error of every answer that lacks it", async () => {
  const { address } = await leaf("us", undefined);
  const gateway = await open(
    "--cluster=name=eu,endpoint=127.0.0.1:1,strict",
    `--cluster=name=us,endpoint=${address}`,
  );
  const answer = await ask(gateway);
  assert.is(answer.status, "error");
  assert.match(answer.error ?? "", /eu/);
});

clusters("mistakes are told with their places before anything is served", async () => {
  const made = await files();
  const tried = async (text: string, ...flags: string[]) => {
    const config = made.write("sluice.yml", text);
    try {
      await open(`--config-file=${config}`, ...flags);
      return "it started";
    } catch (error) {
      return messageOf(error).replaceAll(`${made.path}/`, "");
    }
  };
  const entry = (tls: string) => `clusters:\n  - name: eu\n    endpoints: [a:1]\n    tls: ${tls}\n`;
  assert.is(
    await tried(entry("{cert: gateway.crt, key: none.key}")),
    "sluice.yml:4:30: Cannot read clusters[0].tls.key none.key: no such file, wants a file in PEM",
  );
  assert.is(
    await tried(entry("{ca: gateway.key}")),
    "sluice.yml:4:11: Cannot use clusters[0].tls.ca gateway.key: it holds no certificate, wants PEM",
  );
  made.write("cut.pem", eu.caPem.slice(0, 300));
  assert.is(
    await tried(entry("{ca: cut.pem}")),
    "sluice.yml:4:11: Cannot use clusters[0].tls.ca cut.pem: it ends in the middle of a certificate",
  );
  made.pair("other", await own.issue({ commonName: "other" }));
  assert.match(
    await tried(entry("{cert: gateway.crt, key: other.key}")),
    /^sluice\.yml:4:30: Cannot use clusters\[0\]\.tls\.key other\.key: it does not belong to the certificate/,
  );
  assert.match(
    await tried(entry("{}"), "--cluster=name=eu,endpoint=b:1"),
    /^--cluster name=eu: cluster "eu" is declared at sluice\.yml:2:5 already/,
  );
  assert.match(
    await tried(entry("{}"), "--endpoint=a:1"),
    /^--endpoint a:1: endpoint a:1 belongs to cluster eu, sluice\.yml:2:5, already/,
  );
  assert.match(
    messageOf(await open("--config-file=/none/sluice.yml").catch((error: unknown) => error)),
    /^Cannot read --config-file \/none\/sluice\.yml: no such file$/,
  );
});

clusters.run();
