import { X509Certificate } from "node:crypto";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as connectTls } from "node:tls";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { allNames, certificateNames, hasOneOf } from "../../src/runtime/certificate-names.ts";
import { isSignedByOneOf, parseCertificates } from "../../src/runtime/certificate-trust.ts";
import { createHttp2Client } from "../../src/runtime/http2-client.ts";
import { type Http2Server, listenHttp2 } from "../../src/runtime/http2-server.ts";
import { createThrowawayAuthority } from "../../src/runtime/throwaway-certificates.ts";
import type { ClientTls } from "../../src/runtime/tls.ts";

const trust = suite("who is trusted");

const [one, two] = await Promise.all([createThrowawayAuthority("one"), createThrowawayAuthority("two")]);
const [shown, client] = await Promise.all([
  one.issue({ commonName: "server" }),
  one.issue({ commonName: "client" }),
]);

const endings: (() => unknown)[] = [];
trust.after.each(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

trust("names of a certificate are read from its bytes", async () => {
  const { certPem } = await one.issue({
    commonName: "x",
    dnsNames: ["A.Example", "b.example, DNS:evil.example"],
    ipAddresses: ["10.0.0.1", "2001:db8:0:0::1"],
    spiffeId: "spiffe://demo/eu",
  });
  const names = certificateNames(new X509Certificate(certPem).raw);
  assert.equal(names, {
    dns: ["a.example", "b.example, dns:evil.example"],
    uris: ["spiffe://demo/eu"],
    ips: ["10.0.0.1", "2001:db8::1"],
  });
  assert.is(allNames(names).length, 5);
  for (const good of ["a.example", "A.EXAMPLE", "10.0.0.1", "2001:DB8::0:1", "spiffe://demo/eu"])
    assert.ok(hasOneOf(names, ["other", good]), good);
  for (const bad of ["evil.example", "spiffe://demo/EU", "spiffe://demo", "10.0.0.10", "x", ""])
    assert.not.ok(hasOneOf(names, [bad]), bad);
});

trust("bytes that are no certificate have no names", () => {
  const { raw } = new X509Certificate(shown.certPem);
  for (let cut = 0; cut < raw.length; cut++) certificateNames(raw.subarray(0, cut));
  for (let at = 0; at < raw.length; at++) {
    const spoilt = Uint8Array.from(raw);
    spoilt[at] = (spoilt[at] as number) ^ 0xff;
    certificateNames(spoilt);
  }
  assert.equal(certificateNames(new Uint8Array(0)), { dns: [], uris: [], ips: [] });
});

trust("a certificate is signed by its own authority, not by another of the same name", async () => {
  const twin = await createThrowawayAuthority("one");
  const [leaf] = parseCertificates(shown.certPem);
  const of = (pem: string) => isSignedByOneOf(leaf === undefined ? [] : [leaf], parseCertificates(pem));
  assert.is(of(one.caPem), true);
  assert.is(of(`${two.caPem}\n${one.caPem}`), true);
  assert.is(of(two.caPem), false);
  assert.is(of(twin.caPem), false);
  assert.is(of(""), false);
  assert.is(of(shown.certPem), true); // A certificate that is trusted as it is.
  assert.is(isSignedByOneOf([], parseCertificates(one.caPem)), false);
});

async function serve(): Promise<Http2Server> {
  const server = await listenHttp2({
    host: "127.0.0.1",
    port: 0,
    tls: { ...shown, clientCaPem: one.caPem, minVersion: "1.3" },
    maxConnectionAgeMs: 0,
    handle: async (exchange) => {
      await sleep(exchange.target === "/slow" ? 1_500 : 0);
      exchange.respond(200, { "content-length": "0" }, false);
      exchange.end();
    },
    onError: (error) => console.log(error),
  });
  endings.push(() => server.close(0));
  return server;
}

interface Caller {
  call(path: string): Promise<string>;
  /** Trusts others from now on. */
  trust(caPem: string): void;
  opened(): number;
}

function connect({ address }: Http2Server): Caller {
  let caPem = one.caPem;
  let changed: () => void = () => undefined;
  let isChanging = false;
  let opens = 0;
  const tls = (): ClientTls => ({
    caPem,
    pair: client,
    serverName: undefined,
    skipVerify: false,
    minVersion: "1.3",
  });
  const made = createHttp2Client({
    connection: () => {
      if (!isChanging) opens++;
      return {
        address,
        tls: tls(),
        streamWindowBytes: 65_536,
        connectTimeoutMs: 5_000,
        pingIntervalMs: 10_000,
        pingTimeoutMs: 1_000,
      };
    },
    onTlsChange(listener) {
      changed = listener;
      return () => undefined;
    },
  });
  endings.push(() => made.close(0));
  return {
    call: (path) =>
      new Promise((resolve) => {
        let status = 0;
        made.start(
          { path, authority: undefined, headers: {}, body: new Uint8Array(0) },
          {
            onHeaders: (code) => {
              status = code;
            },
            onData: () => undefined,
            onTrailers: () => undefined,
            onEnd: (failure) => resolve(failure?.reason ?? String(status)),
          },
        );
      }),
    trust(pem) {
      caPem = pem;
      isChanging = true;
      changed();
      isChanging = false;
    },
    opened: () => opens,
  };
}

trust(
  "a client leaves a server that it trusts no more, once its calls are over, and stays with one that it does",
  async () => {
    const caller = connect(await serve());
    assert.is(await caller.call("/"), "200");
    caller.trust(`${two.caPem}\n${one.caPem}`);
    assert.is(await caller.call("/"), "200");
    caller.trust(one.caPem);
    assert.is(await caller.call("/"), "200");
    assert.is(caller.opened(), 1);
    const slow = caller.call("/slow");
    caller.trust(two.caPem);
    assert.match(await caller.call("/"), /not signed by a known authority/);
    assert.is(await slow, "200");
    caller.trust(one.caPem);
    assert.is(await caller.call("/"), "200");
    assert.ok(caller.opened() > 1);
  },
);

trust("a server sends away a client that it trusts no more, once its calls are over", async () => {
  const server = await serve();
  const caller = connect(server);
  assert.is(await caller.call("/"), "200");
  server.setTls({ ...shown, clientCaPem: `${two.caPem}\n${one.caPem}`, minVersion: "1.3" });
  await sleep(1_200);
  assert.is(await caller.call("/"), "200");
  assert.is(caller.opened(), 1);
  const slow = caller.call("/slow");
  await sleep(20);
  server.setTls({ ...shown, clientCaPem: two.caPem, minVersion: "1.3" });
  assert.is(await slow, "200");
  for (let tries = 0; tries < 50 && (await caller.call("/")) === "200"; tries++) await sleep(20);
  assert.is.not(await caller.call("/"), "200");
  assert.ok(caller.opened() > 1);
});

// Deno does not say when an answer over TLS has left: there the connection goes with the grace.
const onNode = "deno" in process.versions ? trust.skip : trust;
onNode("a server closes an idle HTTP/1.1 connection of a client that it trusts no more", async () => {
  const server = await serve();
  const port = Number(server.address.split(":")[1]);
  const socket = connectTls({
    host: "127.0.0.1",
    port,
    ca: one.caPem,
    cert: client.certPem,
    key: client.keyPem,
    ALPNProtocols: ["http/1.1"],
  });
  endings.push(() => socket.destroy());
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  socket.on("error", () => undefined);
  const answered = new Promise<string>((resolve) =>
    socket.once("data", (bytes) => resolve(bytes.toString())),
  );
  socket.once("secureConnect", () => socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  assert.match(await answered, /^HTTP\/1\.1 200/);
  await sleep(20);
  server.setTls({ ...shown, clientCaPem: two.caPem, minVersion: "1.3" });
  await closed;
});

trust.run();
