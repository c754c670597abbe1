import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type RunningQuery, startQuery } from "../../src/commands/query.ts";
import { readQueryConfig } from "../../src/config/query-config.ts";
import { messageOf } from "../../src/lib/errors.ts";
import { labelsOf } from "../../src/model/labels.ts";
import { createGrpcServer, type GrpcServer } from "../../src/rpc/grpc-server.ts";
import {
  type CertificatePair,
  type CertificateRequest,
  createThrowawayAuthority,
  type ThrowawayAuthority,
} from "../../src/runtime/throwaway-certificates.ts";
import { startDnsResponder } from "../support/dns-responder.ts";
import { createMemoryStore, type MemorySample } from "../support/memory-store.ts";
import { endpointInfoOf } from "../support/store-api.ts";

const clusters = suite("clusters of a gateway");
const start = 1_793_491_200;

/** What to close after a test, last opened first. */
const opened: (() => Promise<void> | void)[] = [];
clusters.after.each(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

const eu = await createThrowawayAuthority("eu");
const us = await createThrowawayAuthority("us");
const own = await createThrowawayAuthority("gateways");

interface Leaf {
  readonly address: string;
  readonly server: GrpcServer;
}

async function leaf(
  name: string,
  authority: ThrowawayAuthority | undefined,
  certificate: Partial<CertificateRequest> = {},
): Promise<Leaf> {
  const samples = Array.from({ length: 41 }, (_, i): MemorySample => [(start + i * 15) * 1000, i]);
  const store = createMemoryStore({
    name,
    externalLabels: labelsOf({ cluster: name }),
    series: [{ labels: labelsOf({ __name__: "up" }), samples }],
  });
  const tls = authority && {
    ...(await authority.issue({ commonName: name, ...certificate })),
    clientCaPem: own.caPem,
    minVersion: "1.3" as const,
  };
  const server = createGrpcServer({ store, info: () => endpointInfoOf(store), health: () => true, tls });
  const address = await server.listen({ host: "127.0.0.1", port: 0 });
  opened.push(() => server.close(0));
  return { address, server };
}

interface Folder {
  /** Writes a file and gives its name. */
  write(name: string, text: string): string;
  pair(name: string, pair: CertificatePair): void;
  readonly path: string;
}

function folder(): Folder {
  const path = mkdtempSync(join(tmpdir(), "sluice-clusters-"));
  opened.push(() => rmSync(path, { recursive: true }));
  const write = (name: string, text: string) => {
    writeFileSync(join(path, name), text);
    return join(path, name);
  };
  return {
    path,
    write,
    pair(name, { certPem, keyPem }) {
      write(`${name}.crt`, certPem);
      write(`${name}.key`, keyPem);
    },
  };
}

async function files(): Promise<Folder> {
  const made = folder();
  made.write("eu.pem", eu.caPem);
  made.write("us.pem", us.caPem);
  made.pair("gateway", await own.issue({ commonName: "gateway", validMs: 3 * 24 * 3600_000 }));
  return made;
}

interface Gateway extends RunningQuery {
  readonly lines: readonly string[];
}

async function open(...argv: string[]): Promise<Gateway> {
  const read = readQueryConfig([
    "--http-address=127.0.0.1:0",
    "--grpc-address=127.0.0.1:0",
    "--http-grace-period=1s",
    "--grpc-grace-period=1s",
    "--tls.reload-interval=50ms",
    "--query.max-concurrent=100",
    ...argv,
  ]);
  if (read.kind !== "run") throw new Error("expected a config");
  const lines: string[] = [];
  const io = {
    out: () => undefined,
    err: (text: string) => void lines.push(text),
    stop: new AbortController().signal,
  };
  const running = await startQuery(read.config, io);
  opened.push(running.close);
  return { ...running, lines };
}

interface Answer {
  readonly status: string;
  readonly error?: string;
  readonly data?: { readonly result: readonly { readonly value: readonly [number, string] }[] };
  readonly completeness?: {
    readonly complete: number;
    readonly expected: number;
    readonly clusters: readonly { readonly name: string; readonly state: string; readonly reason?: string }[];
  };
}

async function ask({ httpAddress }: RunningQuery, query = "count(up)", more = ""): Promise<Answer> {
  const path = `/api/v1/query?query=${encodeURIComponent(query)}&time=${start + 60}${more}`;
  const response = await fetch(`http://${httpAddress}${path}`);
  return (await response.json()) as Answer;
}

const countOf = (answer: Answer) => answer.data?.result[0]?.value[1];
const stateOf = (answer: Answer, name: string) =>
  answer.completeness?.clusters.find((cluster) => cluster.name === name);
const metric = async ({ httpAddress }: RunningQuery, name: string) => {
  const text = await (await fetch(`http://${httpAddress}/metrics`)).text();
  return text.split("\n").filter((line) => line.startsWith(`${name}{`));
};

async function until(what: string, check: () => Promise<boolean> | boolean): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (await check()) return;
    await sleep(25);
  }
  throw new Error(`never: ${what}`);
}

const client = "cert: gateway.crt, key: gateway.key";

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

clusters("half-written and mismatching files leave the last good ones in use", async () => {
  const made = await files();
  const { address } = await leaf("eu", eu);
  const config = made.write(
    "sluice.yml",
    `clusters:\n  - {name: eu, endpoints: ["${address}"], tls: {ca: eu.pem, ${client}}}\n`,
  );
  const gateway = await open(`--config-file=${config}`);
  const failed = async () => (await metric(gateway, "sluice_tls_reload_failed")).join("\n");
  const next = await own.issue({ commonName: "next" });
  for (const [name, text, reason] of [
    ["gateway.crt", next.certPem, "does not belong to the certificate"],
    ["gateway.crt", next.certPem.slice(0, 200), "ends in the middle of a certificate"],
    ["gateway.crt", "", "holds no certificate"],
    ["gateway.key", next.keyPem.slice(0, 100), "holds no certificate"],
    ["eu.pem", eu.caPem.slice(0, 200), "ends in the middle of a certificate"],
  ] as const) {
    const before = gateway.lines.length;
    made.write(name, text);
    const said = () => gateway.lines.slice(before).join("");
    if (name !== "gateway.key") await until(reason, () => said().includes(reason));
    assert.match(await failed(), /profile="clusters\/eu"\} 1/);
    assert.is(countOf(await ask(gateway)), "1");
  }
  made.write("eu.pem", eu.caPem);
  made.pair("gateway", next);
  await until("a good pair is used", async () => /\} 0$/.test(await failed()));
  assert.is(countOf(await ask(gateway)), "1");
});

clusters(
  "certificates, keys and authorities of both sides are rotated under load, and no query fails",
  async () => {
    const made = await files();
    const { address, server } = await leaf("eu", eu);
    const config = made.write(
      "sluice.yml",
      `clusters:\n  - {name: eu, endpoints: ["${address}"], strict: true, tls: {ca: eu.pem, ${client}}}\n`,
    );
    const gateway = await open(`--config-file=${config}`);
    const bad: string[] = [];
    let asked = 0;
    let isOver = false;
    const load = async () => {
      while (!isOver) {
        const answer = await ask(gateway);
        asked++;
        if (countOf(answer) !== "1") bad.push(JSON.stringify(answer));
        await sleep(5);
      }
    };
    const loads = [load(), load(), load()];
    const reloads = () => gateway.lines.filter((line) => line.includes("TLS files were read anew")).length;
    const rotated = async (change: () => void) => {
      const before = reloads();
      change();
      await until("files are read anew", () => reloads() > before);
    };
    const [nextEu, nextOwn] = await Promise.all([
      createThrowawayAuthority("next eu"),
      createThrowawayAuthority("next gateways"),
    ]);
    const shown = await eu.issue({ commonName: "eu" });
    const nextShown = await nextEu.issue({ commonName: "eu" });
    const both = `${own.caPem}\n${nextOwn.caPem}`;
    await rotated(() => made.write("eu.pem", `${eu.caPem}\n${nextEu.caPem}`));
    server.setTls({ ...shown, clientCaPem: both, minVersion: "1.3" });
    await sleep(100);
    server.setTls({ ...nextShown, clientCaPem: both, minVersion: "1.3" });
    const nextPair = await nextOwn.issue({ commonName: "gateway" });
    await rotated(() => made.pair("gateway", nextPair));
    await sleep(100);
    // The live sessions were made with what goes now: the server's certificate here, the gateway's there.
    await rotated(() => made.write("eu.pem", nextEu.caPem));
    server.setTls({ ...nextShown, clientCaPem: nextOwn.caPem, minVersion: "1.3" });
    await sleep(1_500);
    isOver = true;
    await Promise.all(loads);
    assert.equal(bad, []);
    assert.ok(asked > 50, `${asked} queries`);
  },
);

clusters("two gateways change all that they know of each other from files, and no query fails", async () => {
  const made = await files();
  const { address } = await leaf("lab", undefined);
  made.write("own.pem", own.caPem);
  made.pair("server", await eu.issue({ commonName: "lower" }));
  const lower = await open(
    `--endpoint=${address}`,
    `--grpc-server-tls-cert=${made.path}/server.crt`,
    `--grpc-server-tls-key=${made.path}/server.key`,
    `--grpc-server-tls-client-ca=${made.path}/own.pem`,
  );
  const config = made.write(
    "sluice.yml",
    `clusters:\n  - {name: eu, endpoints: ["${lower.grpcAddress}"], strict: true, tls: {ca: eu.pem, ${client}}}\n`,
  );
  const upper = await open(`--config-file=${config}`);
  const bad: string[] = [];
  let isOver = false;
  const load = async () => {
    while (!isOver) {
      const answer = await ask(upper);
      if (countOf(answer) !== "1") bad.push(JSON.stringify(answer));
      await sleep(5);
    }
  };
  const loads = [load(), load()];
  const rotated = async (gateway: Gateway, change: () => void) => {
    const reloads = () => gateway.lines.filter((line) => line.includes("TLS files were read anew")).length;
    const before = reloads();
    change();
    await until("files are read anew", () => reloads() > before);
  };
  const next = await createThrowawayAuthority("next");
  await rotated(upper, () => made.write("eu.pem", `${eu.caPem}\n${next.caPem}`));
  await rotated(lower, () => made.write("own.pem", `${own.caPem}\n${next.caPem}`));
  const [server, gateway] = await Promise.all([
    next.issue({ commonName: "lower" }),
    next.issue({ commonName: "gateway" }),
  ]);
  await rotated(lower, () => made.pair("server", server));
  await rotated(upper, () => made.pair("gateway", gateway));
  await rotated(lower, () => made.write("own.pem", next.caPem));
  await rotated(upper, () => made.write("eu.pem", next.caPem));
  await sleep(1_500);
  isOver = true;
  await Promise.all(loads);
  assert.equal(bad, []);
  // A gateway that still shows a certificate of the old authority is turned away.
  made.pair("old", await own.issue({ commonName: "old" }));
  const stale = made.write(
    "stale.yml",
    `clusters:\n  - {name: eu, endpoints: ["${lower.grpcAddress}"], tls: {ca: eu.pem, cert: old.crt, key: old.key}}\n`,
  );
  const { reason = "", state } = stateOf(await ask(await open(`--config-file=${stale}`)), "eu") ?? {};
  assert.is(state, "missing", reason);
});

clusters.run();
