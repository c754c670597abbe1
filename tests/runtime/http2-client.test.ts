import http from "node:http";
import http2 from "node:http2";
import net from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { systemClock } from "../../src/runtime/clock.ts";
import {
  createHttp2Client,
  type Http2Client,
  type Http2Failure,
  type Http2Headers,
  type Http2Stream,
} from "../../src/runtime/http2-client.ts";
import type { Http2ConnectionOptions } from "../../src/runtime/http2-connection.ts";
import { createThrowawayAuthority } from "../../src/runtime/throwaway-certificates.ts";
import type { ClientTls } from "../../src/runtime/tls.ts";

const client = suite("HTTP/2 client");

const authority = await createThrowawayAuthority();
const serverPair = await authority.issue({ commonName: "server" });
const clientPair = await authority.issue({ commonName: "client" });
const trusting: ClientTls = {
  caPem: authority.caPem,
  pair: undefined,
  serverName: undefined,
  skipVerify: false,
  minVersion: "1.2",
};

const endings: (() => void | Promise<void>)[] = [];
client.after.each(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

async function listen(server: net.Server): Promise<string> {
  const sockets = new Set<net.Socket>();
  server.on("connection", (socket: net.Socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  endings.push(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  });
  return `127.0.0.1:${(server.address() as net.AddressInfo).port}`;
}

type StreamListener = (stream: http2.ServerHttp2Stream, session: http2.ServerHttp2Session) => void;

function h2c(onStream: StreamListener, options: http2.ServerOptions = {}): http2.Http2Server {
  const server = http2.createServer(options);
  server.on("sessionError", () => undefined);
  server.on("stream", (stream) => {
    stream.on("error", () => undefined);
    onStream(stream, stream.session as http2.ServerHttp2Session);
  });
  return server;
}

function connect(address: string, more: Partial<Http2ConnectionOptions> = {}): Http2Client {
  const made = createHttp2Client({
    connection: () => ({
      address,
      tls: undefined,
      streamWindowBytes: 256 * 1024,
      connectTimeoutMs: 1_000,
      pingIntervalMs: 10_000,
      pingTimeoutMs: 1_000,
      ...more,
    }),
  });
  endings.push(() => made.close(0));
  return made;
}

interface Outcome {
  readonly status: number;
  readonly text: string;
  readonly trailers: Http2Headers;
  readonly failure: Http2Failure | undefined;
}

interface Running {
  readonly stream: Http2Stream;
  readonly outcome: Promise<Outcome>;
  received(): number;
}

function start(
  from: Http2Client,
  body = "",
  onData: (stream: Http2Stream) => void = () => undefined,
): Running {
  let status = 0;
  let trailers: Http2Headers = {};
  let size = 0;
  const parts: Uint8Array[] = [];
  let stream!: Http2Stream;
  const outcome = new Promise<Outcome>((resolve) => {
    stream = from.start(
      { path: "/a.B/C", authority: undefined, headers: { te: "trailers" }, body: Buffer.from(body) },
      {
        onHeaders: (got) => {
          status = got;
        },
        onData: (bytes) => {
          parts.push(new Uint8Array(bytes));
          size += bytes.length;
          onData(stream);
        },
        onTrailers: (got) => {
          trailers = got;
        },
        onEnd: (failure) => resolve({ status, text: Buffer.concat(parts).toString(), trailers, failure }),
      },
    );
  });
  return { stream, outcome, received: () => size };
}

const call = (from: Http2Client, body?: string) => start(from, body).outcome;

function echo(stream: http2.ServerHttp2Stream): void {
  stream.respond({ ":status": 200 }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.pipe(stream);
}

async function until(condition: () => boolean, withinMs = 2_000): Promise<void> {
  const endMs = systemClock.monotonicMs() + withinMs;
  while (!condition()) {
    if (systemClock.monotonicMs() > endMs) throw new Error("condition does not come true");
    await systemClock.sleep(2);
  }
}

client("brings status, bytes and trailers", async () => {
  const to = connect(await listen(h2c(echo)));
  const outcome = await call(to, "hello");
  assert.equal(
    { ...outcome, trailers: outcome.trailers["grpc-status"] },
    { status: 200, text: "hello", trailers: "0", failure: undefined },
  );
});

client("many calls share one connection", async () => {
  const sessions = new Set<object>();
  const to = connect(
    await listen(
      h2c((stream, session) => {
        sessions.add(session);
        echo(stream);
      }),
    ),
  );
  const outcomes = await Promise.all(Array.from({ length: 50 }, (_, i) => call(to, `n${i}`)));
  assert.equal(
    outcomes.map((outcome) => outcome.text),
    Array.from({ length: 50 }, (_, i) => `n${i}`),
  );
  assert.is(sessions.size, 1);
});

client("a refused connection fails the call as a failed dial", async () => {
  const server = net.createServer();
  const address = await listen(server);
  await endings.pop()?.();
  const { failure } = await call(connect(address));
  assert.equal(failure, { kind: "dial", resetCode: 0, reason: "connection refused" });
});

client("a server that only accepts fails the call when the time to connect is over", async () => {
  const address = await listen(net.createServer(() => undefined));
  const { failure } = await call(connect(address, { connectTimeoutMs: 100 }));
  assert.equal(failure, { kind: "dial", resetCode: 0, reason: "no HTTP/2 connection within 100 ms" });
});

client("a server that hangs up fails the call", async () => {
  const address = await listen(net.createServer((socket) => socket.destroy()));
  const { failure } = await call(connect(address));
  assert.is(failure?.kind, "dial");
  assert.match(failure?.reason ?? "", /connection reset by peer|before any HTTP\/2 frame/);
});

client("an HTTP/1 server is told apart", async () => {
  const address = await listen(http.createServer((_request, response) => response.end("hi")));
  const { failure } = await call(connect(address));
  assert.is(failure?.kind, "dial");
  assert.match(failure?.reason ?? "", /does not speak HTTP\/2|before any HTTP\/2 frame|reset by peer/);
});

client("garbage instead of HTTP/2 fails the call", async () => {
  const address = await listen(net.createServer((socket) => void socket.write(Buffer.alloc(4_000, 0xa5))));
  const { failure } = await call(connect(address));
  assert.is(failure?.kind, "dial");
  assert.match(failure?.reason ?? "", /does not speak HTTP\/2/, failure?.reason);
});

function tlsServer(more: http2.SecureServerOptions = {}): http2.Http2SecureServer {
  const server = http2.createSecureServer({ cert: serverPair.certPem, key: serverPair.keyPem, ...more });
  server.on("sessionError", () => undefined);
  server.on("stream", (stream) => {
    stream.on("error", () => undefined);
    echo(stream);
  });
  return server;
}

client("speaks TLS to a server of a known authority", async () => {
  const outcome = await call(connect(await listen(tlsServer()), { tls: trusting }), "x");
  assert.is(outcome.text, "x");
});

client("refuses a server of an unknown authority", async () => {
  const tls = { ...trusting, caPem: (await createThrowawayAuthority("other")).caPem };
  const { failure } = await call(connect(await listen(tlsServer()), { tls }));
  assert.is(failure?.kind, "dial");
  assert.match(failure?.reason ?? "", /its certificate is not signed by a known authority/);
});

client("skips that check when told so", async () => {
  const tls = { ...trusting, caPem: undefined, skipVerify: true };
  assert.is((await call(connect(await listen(tlsServer()), { tls }), "x")).text, "x");
});

client("checks the server name that it was given instead of the address", async () => {
  const pair = await authority.issue({ commonName: "s", dnsNames: ["store.example"], ipAddresses: [] });
  const address = await listen(tlsServer({ cert: pair.certPem, key: pair.keyPem }));
  const named = await call(connect(address, { tls: { ...trusting, serverName: "store.example" } }), "x");
  assert.is(named.text, "x");
  const { failure } = await call(connect(address, { tls: trusting }));
  assert.is(
    failure?.reason,
    "its certificate is made out to another name: it shows store.example, wants 127.0.0.1",
  );
});

client("shows its certificate to a server that wants one", async () => {
  const mutual = { ca: authority.caPem, requestCert: true, rejectUnauthorized: true };
  const address = await listen(tlsServer(mutual));
  const shown = await call(connect(address, { tls: { ...trusting, pair: clientPair } }), "x");
  assert.is(shown.text, "x");
  const { failure } = await call(connect(address, { tls: trusting }));
  assert.is(failure?.kind, "dial");
  assert.match(failure?.reason ?? "", /wants a client certificate|reset by peer|before any HTTP\/2 frame/);
});

client("a TLS server that closes without a word hints at the certificate, a plain one does not", async () => {
  const silent = tlsServer();
  silent.on("secureConnection", (socket: net.Socket) => socket.end());
  const over = await call(connect(await listen(silent), { tls: trusting }));
  assert.match(over.failure?.reason ?? "", /do not trust the client certificate$|^connection reset by peer$/);
  const plain = await call(connect(await listen(net.createServer((socket) => socket.end()))));
  assert.match(plain.failure?.reason ?? "", /before any HTTP\/2 frame$|^connection reset by peer$/);
});

client("an expired certificate is named as such", async () => {
  const pair = await authority.issue({ commonName: "old", validMs: -1_000 });
  const address = await listen(tlsServer({ cert: pair.certPem, key: pair.keyPem }));
  const { failure } = await call(connect(address, { tls: trusting }));
  assert.match(failure?.reason ?? "", /its certificate (has expired|is not .* valid at this time)/);
});

client("TLS towards a plain-text server, and the reverse, fail at the dial", async () => {
  const plain = await call(connect(await listen(h2c(echo)), { tls: trusting }));
  assert.is(plain.failure?.kind, "dial");
  const secure = await call(connect(await listen(tlsServer())));
  assert.is(secure.failure?.kind, "dial");
});

client("reads its options anew for each connection", async () => {
  let tls: ClientTls = { ...trusting, caPem: (await createThrowawayAuthority("other")).caPem };
  const address = await listen(tlsServer());
  const to = createHttp2Client({
    connection: () => ({
      address,
      tls,
      streamWindowBytes: 65_536,
      connectTimeoutMs: 1_000,
      pingIntervalMs: 10_000,
      pingTimeoutMs: 1_000,
    }),
  });
  endings.push(() => to.close(0));
  assert.is((await call(to)).failure?.kind, "dial");
  tls = trusting;
  assert.is((await call(to, "x")).text, "x");
});

client("cancel resets the stream at once, and nothing is heard of it again", async () => {
  let resetMs = 0;
  let resetCode = 0;
  const to = connect(
    await listen(
      h2c((stream) => {
        stream.respond({ ":status": 200 });
        stream.write("first");
        stream.once("close", () => {
          resetMs = systemClock.monotonicMs();
          resetCode = stream.rstCode ?? 0;
        });
      }),
    ),
  );
  const running = start(to);
  let ended = false;
  void running.outcome.then(() => {
    ended = true;
  });
  await until(() => running.received() > 0);
  const canceledMs = systemClock.monotonicMs();
  running.stream.cancel();
  await until(() => resetMs > 0);
  assert.is(resetCode, http2.constants.NGHTTP2_CANCEL);
  assert.ok(resetMs - canceledMs < 50, `took ${resetMs - canceledMs} ms`);
  await systemClock.sleep(10);
  assert.not(ended);
});

client("cancel before the connection is up sends nothing", async () => {
  let streams = 0;
  const to = connect(await listen(h2c(() => streams++)));
  start(to).stream.cancel();
  await systemClock.sleep(50);
  assert.is(streams, 0);
});

client("a paused stream brings no more than its window, and cancel frees it", async () => {
  let sent = 0;
  let closed = false;
  const to = connect(
    await listen(
      h2c((stream) => {
        stream.respond({ ":status": 200 });
        stream.once("close", () => {
          closed = true;
        });
        const more = () => {
          while (!stream.destroyed && sent < 64 << 20) {
            sent += 65_536;
            if (!stream.write(Buffer.alloc(65_536))) return void stream.once("drain", more);
          }
        };
        more();
      }),
    ),
  );
  const running = start(to, "", (stream) => stream.pause());
  await until(() => running.received() > 0);
  await systemClock.sleep(150);
  assert.ok(running.received() <= 256 * 1024, `heard ${running.received()}`);
  assert.ok(sent < 1 << 20, `sent ${sent}`);
  running.stream.cancel();
  await until(() => closed);
});

client("after GOAWAY calls in flight end and new ones go over a new connection", async () => {
  const sessions: http2.ServerHttp2Session[] = [];
  const waiting: http2.ServerHttp2Stream[] = [];
  const to = connect(
    await listen(
      h2c((stream, session) => {
        if (!sessions.includes(session)) sessions.push(session);
        if (sessions.length === 1) {
          stream.respond({ ":status": 200 }, { waitForTrailers: true });
          stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
          stream.write("slow ");
          waiting.push(stream);
        } else echo(stream);
      }),
    ),
  );
  const slow = start(to);
  await until(() => slow.received() > 0);
  sessions[0]?.goaway(http2.constants.NGHTTP2_NO_ERROR, 0x7fff_ffff);
  await systemClock.sleep(20);
  const outcomes = await Promise.all([call(to, "a"), call(to, "b")]);
  assert.equal(
    outcomes.map((outcome) => outcome.text),
    ["a", "b"],
  );
  waiting[0]?.end("done");
  const outcome = await slow.outcome;
  assert.is(outcome.text, "slow done");
  assert.is(outcome.failure, undefined);
  assert.is(sessions.length, 2);
});

client("a connection that is cut fails its calls as lost, and the next call dials again", async () => {
  const sockets: net.Socket[] = [];
  const server = h2c((stream) => {
    stream.respond({ ":status": 200 });
    stream.write("part");
  });
  server.on("connection", (socket: net.Socket) => sockets.push(socket));
  const to = connect(await listen(server));
  const running = start(to);
  await until(() => running.received() > 0);
  sockets[0]?.destroy();
  assert.is((await running.outcome).failure?.kind, "lost");
  const again = start(to);
  await until(() => again.received() > 0);
  again.stream.cancel();
  assert.is(sockets.length, 2);
});

client("a stream that the peer resets is told apart", async () => {
  const to = connect(await listen(h2c((stream) => stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR))));
  const { failure } = await call(to);
  assert.is(failure?.kind, "reset");
  assert.is(failure?.resetCode, http2.constants.NGHTTP2_INTERNAL_ERROR);
});

client("moves to a fresh connection before a server tires of its resets", async () => {
  const sessions = new Set<object>();
  let ended = 0;
  const to = connect(
    await listen(
      h2c((stream, session) => {
        sessions.add(session);
        stream.respond({ ":status": 200 });
        stream.write("x");
      }),
    ),
  );
  for (let round = 0; round < 30; round++) {
    const some = Array.from({ length: 100 }, () => start(to));
    for (const running of some) void running.outcome.then(() => ended++);
    await until(() => some.every((running) => running.received() > 0));
    for (const running of some) running.stream.cancel();
  }
  assert.is(ended, 0);
  assert.ok(sessions.size >= 4 && sessions.size <= 5, `${sessions.size} connections`);
});

client("a peer that falls silent in the middle of a call is found by PING", async () => {
  const backends: net.Socket[] = [];
  const target = await listen(
    h2c((stream) => {
      stream.respond({ ":status": 200 });
      stream.write("part");
    }),
  );
  // A proxy that can stop passing bytes on, without closing.
  const front = net.createServer((socket) => {
    const [host, port] = target.split(":");
    const backend = net.connect(Number(port), host);
    backend.on("error", () => undefined);
    backends.push(backend);
    socket.on("data", (bytes) => backend.write(bytes));
    socket.on("close", () => backend.destroy());
    backend.on("data", (bytes) => socket.write(bytes));
  });
  const to = connect(await listen(front), { pingIntervalMs: 60, pingTimeoutMs: 60 });
  const running = start(to);
  await until(() => running.received() > 0);
  await systemClock.sleep(200);
  for (const backend of backends) backend.removeAllListeners("data").pause();
  const { failure } = await running.outcome;
  assert.equal(failure, { kind: "lost", resetCode: 0, reason: "no answer to a PING within 60 ms" });
});

client("a closed client starts nothing", async () => {
  const to = connect(await listen(h2c(echo)));
  await call(to, "x");
  await to.close(100);
  assert.is((await call(to)).failure?.reason, "client is closed");
});

client.run();
