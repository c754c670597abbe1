import http from "node:http";
import http2 from "node:http2";
import net from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type DialOptions, dialThanos } from "../../../src/clients/thanos/dial-thanos.ts";
import { GatewayError } from "../../../src/lib/errors.ts";
import { allTime } from "../../../src/model/time-range.ts";
import { systemClock } from "../../../src/runtime/clock.ts";
import type { Store, StoreInfo } from "../../../src/store/store.ts";
import { streamPhaseOf } from "../../../src/store/stream-phase.ts";
import { encodeFrame } from "../../../src/wire/grpc-frames.ts";
import { createTestContext, labelRequest, seriesRequest } from "../../support/memory-store.ts";
import { countRows } from "../../support/store-api.ts";

const peers = suite("bad peers of the Thanos client");

const endings: (() => Promise<unknown>)[] = [];
peers.after.each(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

const info: StoreInfo = {
  labelSets: [],
  timeRange: allTime,
  component: "sidecar",
  supportsSharding: false,
  supportsWithoutReplicaLabels: true,
};

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

function dial(address: string, more: Partial<DialOptions> = {}) {
  const endpoint = dialThanos({ address, connectTimeoutMs: 300, ...more });
  endings.push(() => endpoint.close());
  return endpoint;
}

/** A gRPC peer played by hand. */
async function grpcPeer(
  onStream: (stream: http2.ServerHttp2Stream) => void,
  more: Partial<DialOptions> = {},
): Promise<{ readonly store: Store; readonly address: string; calls(): number }> {
  let calls = 0;
  const server = http2.createServer();
  server.on("sessionError", () => undefined);
  server.on("stream", (stream) => {
    calls += 1;
    stream.on("error", () => undefined);
    onStream(stream);
  });
  const address = await listen(server);
  return { store: dial(address, more).store(() => info), address, calls: () => calls };
}

const head = { ":status": 200, "content-type": "application/grpc" };

function answer(
  stream: http2.ServerHttp2Stream,
  bytes: Uint8Array | undefined,
  trailers?: http2.OutgoingHttpHeaders,
): void {
  stream.respond(head, { waitForTrailers: trailers !== undefined });
  stream.once("wantTrailers", () => stream.sendTrailers(trailers ?? {}));
  stream.end(bytes);
}

async function failure(work: Promise<unknown>): Promise<GatewayError> {
  const startMs = systemClock.monotonicMs();
  try {
    await work;
  } catch (error) {
    assert.instance(error, GatewayError);
    assert.ok(systemClock.monotonicMs() - startMs < 2_000, "fails in time");
    return error as GatewayError;
  }
  throw new Error("did not fail");
}

async function readAll(store: Store): Promise<number> {
  const ctx = createTestContext({ deadlineMs: systemClock.nowMs() + 10_000 });
  try {
    return await countRows(store.series(ctx, seriesRequest()));
  } finally {
    assert.is(ctx.heldBytes(), 0, "memory given back");
  }
}

/** SeriesResponse{series{labels{name: "a", value: "b"}}}. */
const oneSeries = Uint8Array.of(0x0a, 8, 0x0a, 6, 0x0a, 1, 0x61, 0x12, 1, 0x62);
const ok = { "grpc-status": "0" };

peers("a well-behaved answer by hand is read", async () => {
  const { store } = await grpcPeer((stream) => answer(stream, encodeFrame(oneSeries), ok));
  assert.is(await readAll(store), 1);
});

const dialCases: readonly (readonly [title: string, server: () => net.Server, reason: RegExp])[] = [
  [
    "an HTTP/1 server",
    () => http.createServer((_q, a) => a.end("hi")),
    /does not speak HTTP\/2|before any HTTP\/2 frame|reset by peer/,
  ],
  [
    "garbage",
    () => net.createServer((socket) => void socket.write(new Uint8Array(5_000).fill(0xee))),
    /does not speak HTTP\/2/,
  ],
  ["silence", () => net.createServer(() => undefined), /no HTTP\/2 connection within 300 ms/],
  [
    "a hang-up",
    () => net.createServer((socket) => void socket.destroy()),
    /reset by peer|before any HTTP\/2 frame/,
  ],
  [
    "an endless HTTP/1 answer",
    () => net.createServer((socket) => void socket.write(`HTTP/1.1 200 OK\r\n\r\n${"x".repeat(100_000)}`)),
    /does not speak HTTP\/2/,
  ],
];
for (const [title, server, reason] of dialCases) {
  peers(`${title} on the port is one clear error that names the endpoint`, async () => {
    const address = await listen(server());
    const endpoint = dial(address);
    for (const work of [
      readAll(endpoint.store(() => info)),
      endpoint.fetchInfo(createTestContext()),
      endpoint.store(() => info).labelNames(createTestContext(), labelRequest()),
    ]) {
      const error = await failure(work);
      assert.is(error.code, "unavailable");
      assert.ok(
        error.message.startsWith(`rpc error: code = Unavailable desc = cannot connect to ${address}: `),
        error.message,
      );
      assert.match(error.message, reason);
    }
  });
}

peers("a refused connection is one clear error, in the phase of opening", async () => {
  const address = await listen(net.createServer());
  await endings.pop()?.();
  const error = await failure(readAll(dial(address).store(() => info)));
  assert.is(
    error.message,
    `rpc error: code = Unavailable desc = cannot connect to ${address}: connection refused`,
  );
  assert.is(streamPhaseOf(error), "open");
});

type Answer = (stream: http2.ServerHttp2Stream) => void;
const callCases: readonly (readonly [title: string, answer: Answer, text: string | RegExp])[] = [
  [
    "another content type",
    (stream) => {
      stream.respond({ ":status": 200, "content-type": "text/html" });
      stream.end("<html>");
    },
    'Unknown desc = ADDRESS does not answer with gRPC: content type is "text/html", wants "application/grpc"',
  ],
  [
    "HTTP status 404",
    (stream) => {
      stream.respond({ ":status": 404, "content-type": "text/plain" });
      stream.end("nothing here");
    },
    "Unimplemented desc = ADDRESS does not answer with gRPC: HTTP status is 404, wants 200",
  ],
  [
    "HTTP status 503",
    (stream) => {
      stream.respond({ ":status": 503 });
      stream.end();
    },
    "Unavailable desc = ADDRESS does not answer with gRPC: HTTP status is 503, wants 200",
  ],
  [
    "no trailers after a frame",
    (stream) => answer(stream, encodeFrame(oneSeries)),
    "Internal desc = ADDRESS ended the call without a gRPC status",
  ],
  [
    "no trailers and nothing at all",
    (stream) => answer(stream, undefined),
    "Internal desc = ADDRESS ended the call without a gRPC status",
  ],
  [
    "a frame cut in its message",
    (stream) => answer(stream, encodeFrame(oneSeries).subarray(0, 9), ok),
    "Internal desc = ADDRESS ended the call inside a message, after 9 bytes of it",
  ],
  [
    "a frame cut in its prefix",
    (stream) => answer(stream, encodeFrame(oneSeries).subarray(0, 3), ok),
    "Internal desc = ADDRESS ended the call inside a message, after 3 bytes of it",
  ],
  [
    "a huge length prefix",
    (stream) => answer(stream, Uint8Array.of(0, 0xff, 0xff, 0xff, 0xff, 1, 2, 3), ok),
    /^ResourceExhausted desc = bad gRPC frame from ADDRESS: Cannot read gRPC message: it has 4294967295 bytes, wants at most/,
  ],
  [
    "a compressed message",
    (stream) => answer(stream, Uint8Array.of(1, 0, 0, 0, 1, 1), ok),
    /^Internal desc = bad gRPC frame from ADDRESS: .*compressed/,
  ],
  [
    "bytes that are no frames",
    (stream) => answer(stream, new Uint8Array(1_000).fill(0xab), ok),
    /^Internal desc = bad gRPC frame from ADDRESS: .*flag is 171/,
  ],
  [
    "a message that is no SeriesResponse",
    (stream) => answer(stream, encodeFrame(new Uint8Array(20).fill(0xff)), ok),
    /^Internal desc = bad series from ADDRESS: Cannot decode SeriesResponse/,
  ],
  [
    "a compression that was not agreed on",
    (stream) => {
      stream.respond({ ...head, "grpc-encoding": "gzip" }, { waitForTrailers: true });
      stream.once("wantTrailers", () => stream.sendTrailers(ok));
      stream.end(encodeFrame(oneSeries));
    },
    "Internal desc = ADDRESS compresses with gzip, which was not agreed on",
  ],
  [
    "a status of its own",
    (stream) => answer(stream, undefined, { "grpc-status": "9", "grpc-message": "not%20today%2C %E2%9C%93" }),
    "FailedPrecondition desc = not today, ✓",
  ],
  [
    "a status that is no number",
    (stream) => answer(stream, undefined, { "grpc-status": "many" }),
    "Unknown desc = ",
  ],
  [
    "trailers only",
    (stream) => {
      stream.respond({ ...head, "grpc-status": "12", "grpc-message": "no such method" }, { endStream: true });
    },
    "Unimplemented desc = no such method",
  ],
  [
    "a reset",
    (stream) => {
      stream.respond(head);
      stream.write(encodeFrame(oneSeries), () => stream.destroy(new Error("reset")));
    },
    "Internal desc = call to ADDRESS was cut: stream was reset by the peer (HTTP/2 error code 2)",
  ],
];
for (const [title, play, text] of callCases) {
  peers(`${title}: one clear error`, async () => {
    const { store, address } = await grpcPeer(play);
    const error = await failure(readAll(store));
    const [prefix, rest] = ["rpc error: code = ", error.message.replaceAll(address, "ADDRESS")];
    assert.ok(rest.startsWith(prefix), rest);
    if (typeof text === "string") assert.is(rest.slice(prefix.length), text);
    else assert.match(rest.slice(prefix.length), text);
  });
}

peers("what came before a failure is handed out first", async () => {
  const { store } = await grpcPeer((stream) =>
    answer(stream, encodeFrame(oneSeries), { "grpc-status": "14", "grpc-message": "gone" }),
  );
  let rows = 0;
  const read = async () => {
    for await (const batch of store.series(createTestContext(), seriesRequest())) rows += batch.count;
  };
  const error = await failure(read());
  assert.is(rows, 1);
  assert.is(error.message, "rpc error: code = Unavailable desc = gone");
  assert.is(streamPhaseOf(error), "receive");
});

peers("a connection cut in the middle of a stream is an error, never a silent end", async () => {
  const { store, address } = await grpcPeer((stream) => {
    stream.respond(head);
    stream.write(encodeFrame(oneSeries));
    setTimeout(() => stream.session?.destroy(), 20);
  });
  const error = await failure(readAll(store));
  assert.is(error.code, "unavailable");
  assert.ok(error.message.includes(`call to ${address} was cut: `), error.message);
});

peers("a connection that ends before the first byte costs one more try, and no more", async () => {
  let first = true;
  const once = await grpcPeer((stream) => {
    if (first) stream.session?.destroy();
    else answer(stream, encodeFrame(oneSeries), ok);
    first = false;
  });
  assert.is(await readAll(once.store), 1);
  assert.is(once.calls(), 2);
  const always = await grpcPeer((stream) => stream.session?.destroy());
  assert.is((await failure(readAll(always.store))).code, "unavailable");
  assert.is(always.calls(), 2);
});

peers("a stream refused by the peer is tried once more", async () => {
  let first = true;
  const { store, calls } = await grpcPeer((stream) => {
    if (first) stream.close(http2.constants.NGHTTP2_REFUSED_STREAM);
    else answer(stream, encodeFrame(oneSeries), ok);
    first = false;
  });
  assert.is(await readAll(store), 1);
  assert.is(calls(), 2);
});

peers("a peer that accepts the call and says nothing is given up before the deadline", async () => {
  const { store } = await grpcPeer(() => undefined);
  const ctx = createTestContext({ deadlineMs: systemClock.nowMs() + 150 });
  const error = await failure(countRows(store.series(ctx, seriesRequest())));
  assert.match(error.message, /^failed to receive any data in \d+ms from /);
});

peers("Info of a peer without it is told in Thanos's words", async () => {
  const { address } = await grpcPeer((stream) => answer(stream, undefined, { "grpc-status": "12" }));
  const error = await failure(dial(address).fetchInfo(createTestContext()));
  assert.is(error.code, "unavailable");
  assert.is(error.message, "cannot obtain metadata: neither info nor store client found");
});

peers("an Info answer that is none, none at all, or two, is refused", async () => {
  for (const bytes of [
    encodeFrame(new Uint8Array(9).fill(0xff)),
    undefined,
    Buffer.concat([encodeFrame(new Uint8Array(0)), encodeFrame(new Uint8Array(0))]),
  ]) {
    const { address } = await grpcPeer((stream) => answer(stream, bytes, ok));
    const error = await failure(dial(address).fetchInfo(createTestContext()));
    assert.is(error.code, "unavailable");
    assert.match(error.message, new RegExp(`code = Internal desc = ${address} answers with`));
  }
});

peers("frames split at any byte arrive whole", async () => {
  const frames = Buffer.concat(Array.from({ length: 4 }, () => encodeFrame(oneSeries)));
  for (let cut = 1; cut < frames.length; cut += 3) {
    const { store } = await grpcPeer((stream) => {
      stream.respond(head, { waitForTrailers: true });
      stream.once("wantTrailers", () => stream.sendTrailers(ok));
      stream.write(frames.subarray(0, cut), () => setTimeout(() => stream.end(frames.subarray(cut)), 1));
    });
    assert.is(await readAll(store), 4);
  }
});

peers.run();
