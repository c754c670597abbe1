import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type RunningQuery, startQuery } from "../../src/commands/query.ts";
import { readQueryConfig } from "../../src/config/query-config.ts";
import { labelsOf } from "../../src/model/labels.ts";
import { createGrpcServer } from "../../src/rpc/grpc-server.ts";
import { createThrowawayAuthority } from "../../src/runtime/throwaway-certificates.ts";
import { aRecord, srvRecord, startDnsResponder } from "../support/dns-responder.ts";
import { createMemoryStore } from "../support/memory-store.ts";
import { endpointInfoOf } from "../support/store-api.ts";

/** A gateway in this process that finds its endpoints through DNS and speaks TLS to them. */
const gateway = suite("query command with discovery");
const opened: (() => Promise<void> | void)[] = [];
gateway.after.each(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

const authority = await createThrowawayAuthority("right");

function fileOf(name: string, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "sluice-discovery-"));
  opened.push(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** A store whose certificate names `dnsNames` only, no address; its port. */
async function serve(cluster: string, ...dnsNames: readonly string[]): Promise<number> {
  const store = createMemoryStore({
    name: cluster,
    externalLabels: labelsOf({ cluster }),
    series: [{ labels: labelsOf({ __name__: "up" }), samples: [[1_793_491_200_000, 1]] }],
  });
  const pair = await authority.issue({ commonName: cluster, dnsNames, ipAddresses: [] });
  const tls = { ...pair, clientCaPem: undefined, minVersion: "1.3" } as const;
  const server = createGrpcServer({ store, info: () => endpointInfoOf(store), health: () => true, tls });
  opened.push(() => server.close(0));
  const address = await server.listen({ host: "127.0.0.1", port: 0 });
  return Number(address.slice(address.lastIndexOf(":") + 1));
}

async function open(...argv: string[]): Promise<RunningQuery> {
  const local = ["--http-address=127.0.0.1:0", "--grpc-address=127.0.0.1:0", "--grpc-grace-period=0s"];
  const read = readQueryConfig([...local, "--http-grace-period=0s", ...argv]);
  if (read.kind !== "run") throw new Error("expected a config");
  const stop = new AbortController();
  const running = await startQuery(read.config, {
    out: () => undefined,
    err: () => undefined,
    stop: stop.signal,
  });
  opened.push(running.close);
  return running;
}

async function ask({ httpAddress }: RunningQuery) {
  const response = await fetch(`http://${httpAddress}/api/v1/query?query=up&time=1793491201`);
  const { data, completeness } = (await response.json()) as {
    data: { result: { metric: { cluster: string } }[] };
    completeness: { clusters: { name: string; state: string; reason?: string }[] };
  };
  return {
    clusters: data.result.map(({ metric }) => metric.cluster).sort(),
    outcomes: completeness.clusters,
  };
}

gateway("certificates are checked for the name that an address was found under", async () => {
  const ports = { a: await serve("a", "a.example"), b: await serve("b", "stranger.example") };
  const dns = await startDnsResponder(({ name, type }) => {
    if (type === "A") return { answers: [aRecord(name, "127.0.0.1")] };
    if (type !== "SRV") return { answers: [] };
    return {
      answers: (["a", "b"] as const).map((target) => srvRecord(name, `${target}.example`, ports[target])),
    };
  });
  opened.push(dns.close);
  const running = await open(
    "--endpoint=dnssrv+_grpc._tcp.stores.example",
    `--dns.resolv-conf=${dns.conf()}`,
    "--grpc-client-tls-secure",
    `--grpc-client-tls-ca=${fileOf("ca.pem", authority.caPem)}`,
  );
  const { clusters, outcomes } = await ask(running);
  assert.equal(clusters, ["a"]);
  assert.equal([outcomes[0]?.name, outcomes[0]?.state], ["dnssrv+_grpc._tcp.stores.example", "partial"]);
});

gateway("an endpoint of the endpoint config has the TLS that it names, also where DNS finds it", async () => {
  const [port, group] = [await serve("a", "a.example"), await serve("b", "b.example")];
  const dns = await startDnsResponder(({ name, type }) => ({
    answers: type === "A" ? [aRecord(name, "127.0.0.1")] : [],
  }));
  opened.push(dns.close);
  const ca = fileOf("ca.pem", authority.caPem);
  const text = `
endpoints:
- address: dns+a.example:${port}
  client_config: {tls_config: {ca_file: ${ca}}}
- address: dns+elsewhere.example:${group}
  group: true
  client_config: {tls_config: {ca_file: ${ca}}, server_name: b.example}
`;
  const running = await open(`--endpoint.sd-config=${text}`, `--dns.resolv-conf=${dns.conf()}`);
  const { clusters, outcomes } = await ask(running);
  assert.equal(clusters, ["a", "b"]);
  assert.equal(
    outcomes.map(({ state }) => state),
    ["complete", "complete"],
  );
});

gateway("is up within moments while DNS is silent, and takes what comes later", async () => {
  const port = await serve("a", "a.example");
  let isSilent = true;
  const dns = await startDnsResponder(({ name, type }) =>
    isSilent ? "silence" : { answers: type === "A" ? [aRecord(name, "127.0.0.1")] : [] },
  );
  opened.push(dns.close);
  const running = await open(
    `--endpoint=dns+a.example:${port}`,
    `--dns.resolv-conf=${dns.conf("options timeout:1 attempts:1")}`,
    "--grpc-client-tls-secure",
    `--grpc-client-tls-ca=${fileOf("ca.pem", authority.caPem)}`,
  );
  const { outcomes } = await ask(running);
  assert.is(outcomes[0]?.state, "missing");
  assert.match(outcomes[0]?.reason ?? "", /^lookup a\.example: 127\.0\.0\.1:\d+: no answer within 1s$/);
  isSilent = false;
  const end = Date.now() + 20_000;
  while ((await ask(running)).clusters.length === 0) {
    if (Date.now() > end) throw new Error(JSON.stringify(await ask(running)));
    await sleep(100);
  }
});

gateway.run();
