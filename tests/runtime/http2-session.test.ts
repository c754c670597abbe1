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
} from "../../src/runtime/http2-client.ts";
import { FrameParser, FrameWriter, frameFlag, frameType } from "../../src/runtime/http2-frames.ts";

const test = suite("HTTP/2 session");

const endings: (() => void | Promise<void>)[] = [];
test.after.each(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

async function listen(server: net.Server): Promise<Http2Client> {
  const sockets = new Set<net.Socket>();
  server.on("connection", (socket: net.Socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  endings.push(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  });
  const client = createHttp2Client({
    connection: () => ({
      address: `127.0.0.1:${(server.address() as net.AddressInfo).port}`,
      tls: undefined,
      streamWindowBytes: 65_536,
      connectTimeoutMs: 1_000,
      pingIntervalMs: 10_000,
      pingTimeoutMs: 1_000,
    }),
  });
  endings.push(() => client.close(0));
  return client;
}

interface Outcome {
  readonly headers: Http2Headers;
  readonly size: number;
  readonly failure: Http2Failure | undefined;
}

function call(
  client: Http2Client,
  { body = new Uint8Array(0), headers = {} }: { body?: Uint8Array; headers?: Record<string, string> } = {},
): Promise<Outcome> {
  let got: Http2Headers = {};
  let size = 0;
  return new Promise((resolve) => {
    client.start(
      { path: "/a.B/C", authority: undefined, headers, body },
      {
        onHeaders: (_status, all) => {
          got = all;
        },
        onData: (bytes) => {
          size += bytes.length;
        },
        onTrailers: () => undefined,
        onEnd: (failure) => resolve({ headers: got, size, failure }),
      },
    );
  });
}

/** A peer of plain frames: `serve` hears of each frame that comes in and writes what it likes. */
function rawPeer(
  serve: (type: number, stream: number, out: FrameWriter, socket: net.Socket) => void,
): net.Server {
  return net.createServer((socket) => {
    const out = new FrameWriter();
    const flush = () => {
      if (out.sizeBytes > 0) socket.write(out.take());
    };
    out.settings([]);
    flush();
    let skipped = 0;
    const parser = new FrameParser({
      onFrame: (type, _flags, stream) => serve(type, stream, out, socket),
      onData: (stream) => serve(frameType.data, stream, out, socket),
    });
    socket.on("data", (bytes: Buffer) => {
      const from = Math.min(24 - skipped, bytes.length); // The preface.
      skipped += from;
      parser.push(bytes.subarray(from));
      flush();
    });
  });
}

const status200 = Uint8Array.of(0x88);

test("reads what nghttp2 writes of every printable character, from its table too", async () => {
  const printable = Array.from({ length: 94 }, (_, i) => String.fromCharCode(0x21 + i));
  const values = printable.map((character) => `${character.repeat(9)}0aeiost`);
  const server = http2.createServer();
  server.on("stream", (stream) => stream.respond({ ":status": 200, "x-all": values }, { endStream: true }));
  const client = await listen(server);
  for (let round = 0; round < 3; round++) assert.equal((await call(client)).headers["x-all"], values);
});

test("headers of more than a frame go out and come in whole", async () => {
  const large = "v".repeat(40_000);
  const server = http2.createServer({ maxSessionMemory: 50, settings: { maxHeaderListSize: 200_000 } });
  server.on("stream", (stream, headers) => {
    stream.respond({ ":status": 200, "x-echo": headers["x-large"] ?? "" }, { endStream: true });
  });
  const { headers, failure } = await call(await listen(server), { headers: { "x-large": large } });
  assert.is(failure, undefined);
  assert.is(headers["x-echo"], large);
});

test("a body of more than the peer's windows goes out as they open", async () => {
  const body = new Uint8Array(3_000_000).fill(7);
  let received = 0;
  const server = http2.createServer();
  server.on("stream", (stream) => {
    stream.on("data", (bytes: Buffer) => {
      received += bytes.every((byte) => byte === 7) ? bytes.length : 0;
    });
    stream.on("end", () => {
      stream.respond({ ":status": 200 });
      stream.end("done");
    });
  });
  const client = await listen(server);
  const outcomes = await Promise.all([call(client, { body }), call(client, { body }), call(client)]);
  assert.equal(
    outcomes.map(({ size, failure }) => [size, failure]),
    [
      [4, undefined],
      [4, undefined],
      [4, undefined],
    ],
  );
  assert.is(received, 2 * body.length);
});

test("many large answers come in whole through the windows", async () => {
  const server = http2.createServer({ maxSessionMemory: 100 });
  server.on("stream", (stream) => {
    stream.respond({ ":status": 200 });
    stream.end(Buffer.alloc(1_000_000, 1));
  });
  const client = await listen(server);
  const outcomes = await Promise.all(Array.from({ length: 20 }, () => call(client)));
  assert.ok(outcomes.every(({ size, failure }) => size === 1_000_000 && failure === undefined));
});

test("no more streams are open than the peer takes; the others wait", async () => {
  let open = 0;
  let most = 0;
  const server = http2.createServer({ settings: { maxConcurrentStreams: 3 } });
  server.on("stream", (stream) => {
    most = Math.max(most, ++open);
    setTimeout(() => {
      open--;
      stream.respond({ ":status": 200 }, { endStream: true });
    }, 5);
  });
  const client = await listen(server);
  await call(client);
  const outcomes = await Promise.all(Array.from({ length: 20 }, () => call(client)));
  assert.ok(outcomes.every(({ failure }) => failure === undefined));
  assert.is(most, 3);
});

test("an answer before the end of the request is taken, and the rest is not sent", async () => {
  let reset = -1;
  const peer = rawPeer((type, stream, out) => {
    if (type === frameType.rstStream) reset = stream;
    if (type !== frameType.headers) return;
    out.head(1, frameType.headers, frameFlag.endHeaders | frameFlag.endStream, stream);
    out.raw(status200);
  });
  const { failure } = await call(await listen(peer), { body: new Uint8Array(1_000_000) });
  assert.is(failure, undefined);
  for (let i = 0; i < 100 && reset < 0; i++) await systemClock.sleep(2);
  assert.is(reset, 1);
});

test("a call that the peer did not begin before its GOAWAY was not processed", async () => {
  const peer = rawPeer((type, _stream, out) => {
    if (type === frameType.headers) out.goaway(0);
  });
  const { failure } = await call(await listen(peer));
  assert.is(failure?.kind, "unprocessed");
});

test("an interim answer is not the answer", async () => {
  const peer = rawPeer((type, stream, out) => {
    if (type !== frameType.headers) return;
    out.head(5, frameType.headers, frameFlag.endHeaders, stream);
    out.raw(Uint8Array.of(0x08, 0x03, 0x31, 0x30, 0x33)); // :status: 103
    out.head(1, frameType.headers, frameFlag.endHeaders | frameFlag.endStream, stream);
    out.raw(status200);
  });
  const { headers, failure } = await call(await listen(peer));
  assert.is(headers[":status"], "200");
  assert.is(failure, undefined);
});

const breaches: readonly (readonly [string, RegExp, (stream: number, out: FrameWriter) => void])[] = [
  [
    "a block that is broken off",
    /header block is broken off/,
    (stream, out) => {
      out.head(1, frameType.headers, 0, stream);
      out.raw(status200);
      out.ping(new Uint8Array(8), false);
    },
  ],
  [
    "a block that cannot be read",
    /no header field 127/,
    (stream, out) => {
      out.head(2, frameType.headers, frameFlag.endHeaders, stream);
      out.raw(Uint8Array.of(0xff, 0x00));
    },
  ],
  [
    "headers without an end",
    /too many headers/,
    (stream, out) => {
      out.head(1, frameType.headers, 0, stream);
      out.raw(status200);
      for (let i = 0; i < 100; i++) {
        out.head(16_000, frameType.continuation, 0, stream);
        out.raw(new Uint8Array(16_000));
      }
    },
  ],
  ["a push", /push/, (stream, out) => out.head(0, frameType.pushPromise, 0, stream)],
  [
    "bytes of a stream that was never opened",
    /DATA of no stream/,
    (_stream, out) => out.head(0, frameType.data, 0, 99),
  ],
];
for (const [name, text, breach] of breaches) {
  test(`${name}: the connection ends and the call fails`, async () => {
    const peer = rawPeer((type, stream, out) => {
      if (type === frameType.headers) breach(stream, out);
    });
    const { failure } = await call(await listen(peer));
    assert.ok(failure !== undefined);
    assert.match(failure.reason, text);
  });
}

test("bytes before the headers reset the call alone", async () => {
  let reset = -1;
  const peer = rawPeer((type, stream, out) => {
    if (type === frameType.rstStream) reset = stream;
    if (type === frameType.headers && stream === 1) out.head(0, frameType.data, 0, stream);
    else if (type === frameType.headers) {
      out.head(1, frameType.headers, frameFlag.endHeaders | frameFlag.endStream, stream);
      out.raw(status200);
    }
  });
  const client = await listen(peer);
  const { failure } = await call(client);
  assert.equal([failure?.kind, failure?.resetCode], ["reset", 1]);
  assert.is((await call(client)).failure, undefined);
  assert.is(reset, 1);
});

test("a peer that sends more than the window of a stream ends the connection", async () => {
  const peer = rawPeer((type, stream, out) => {
    if (type !== frameType.headers) return;
    out.head(1, frameType.headers, frameFlag.endHeaders, stream);
    out.raw(status200);
    for (let i = 0; i < 5; i++) {
      out.head(16_384, frameType.data, 0, stream);
      out.raw(new Uint8Array(16_384));
    }
  });
  const client = await listen(peer);
  const failure = await new Promise<Http2Failure | undefined>((resolve) => {
    const stream = client.start(
      { path: "/", authority: undefined, headers: {}, body: new Uint8Array(0) },
      {
        onHeaders: () => stream.pause(),
        onData: () => undefined,
        onTrailers: () => undefined,
        onEnd: resolve,
      },
    );
  });
  assert.match(failure?.reason ?? "", /more DATA than the window/);
});

test.run();
