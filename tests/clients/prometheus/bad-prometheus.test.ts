import net, { type AddressInfo } from "node:net";
// The package itself opens a BroadcastChannel on import, which Deno waits for to the end.
import { http as mock } from "msw/core/http";
import { setupServer } from "msw/node";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createPrometheusApi } from "../../../src/clients/prometheus/prometheus-api.ts";
import { createPrometheusStore } from "../../../src/clients/prometheus/prometheus-store.ts";
import { GatewayError } from "../../../src/lib/errors.ts";
import { labelsOf } from "../../../src/model/labels.ts";
import { allTime, type TimeRange } from "../../../src/model/time-range.ts";
import { systemClock } from "../../../src/runtime/clock.ts";
import { createHttpClient } from "../../../src/runtime/http-client.ts";
import type { QueryContext, Store } from "../../../src/store/store.ts";
import { chunkedMessage, frameOf, startFakePrometheus } from "../../support/fake-prometheus.ts";
import { createTestContext, encodeChunks, labelRequest, seriesRequest } from "../../support/memory-store.ts";

const bad = suite("a Prometheus that misbehaves");

const streamedType = "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse";

function storeAt(baseUrl: URL, silenceTimeoutMs = 5000): { readonly store: Store; close(): void } {
  const http = createHttpClient({ tls: undefined, maxConnections: 8, silenceTimeoutMs });
  const api = createPrometheusApi({ http, baseUrl, credentials: async () => ({}) });
  const facts = {
    externalLabels: labelsOf({ cluster: "eu" }),
    ownLabels: labelsOf({ cluster: "eu" }),
    minMs: Number.NEGATIVE_INFINITY,
    takesLabelMatchers: true,
  };
  const store = createPrometheusStore({
    name: "prometheus",
    api,
    facts: () => facts,
    clock: systemClock,
    maxAnswerBytes: 1 << 20,
  });
  return { store, close: http.close };
}

async function failureOf(run: Promise<unknown>): Promise<string> {
  try {
    await run;
  } catch (error) {
    assert.instance(error, GatewayError);
    return `${(error as GatewayError).code}: ${(error as GatewayError).message}`;
  }
  return assert.unreachable("wants an error") as never;
}

const up = seriesRequest({ matchers: [{ type: "=", name: "__name__", value: "up" }] });

/** Reads to the end and counts rows. */
async function readAll(
  store: Store,
  ctx: QueryContext = createTestContext(),
  range: TimeRange = allTime,
): Promise<number> {
  let rows = 0;
  for await (const batch of store.series(ctx, { ...up, range })) rows += batch.count;
  return rows;
}

/** One frame with one series. */
function frame(name: string, labels: Readonly<Record<string, string>> = {}): Uint8Array {
  const chunks = encodeChunks([[1000, 1]]).map((chunk) => ({ ...chunk, type: 1 }));
  return frameOf(chunkedMessage(labelsOf({ __name__: name, ...labels }), chunks));
}

const base = "http://prometheus.example:9090/prefix";

async function withMock(
  handlers: Parameters<typeof setupServer>,
  body: (store: Store) => Promise<void>,
): Promise<void> {
  const noValues = mock.get(`${base}/api/v1/label/cluster/values`, () =>
    Response.json({ status: "success", data: [] }),
  );
  const server = setupServer(...handlers, noValues);
  server.listen({ onUnhandledRequest: "error" });
  const { store, close } = storeAt(new URL(`${base}/`));
  try {
    await body(store);
  } finally {
    close();
    server.close();
  }
}

const statuses: readonly [status: number, body: string, error: string][] = [
  [500, "boom\n", "internal: query Prometheus: request failed with code 500; msg boom"],
  [
    400,
    "exceeded sample limit (5)",
    "internal: query Prometheus: request failed with code 400; msg exceeded sample limit (5)",
  ],
  [401, "", "internal: query Prometheus: request failed with code 401; msg "],
  [302, "", "internal: query Prometheus: request failed with code 302; msg "],
  [
    503,
    "x".repeat(5000),
    `unavailable: query Prometheus: request failed with code 503; msg ${"x".repeat(1024)}`,
  ],
];

for (const [status, body, error] of statuses) {
  bad(`status ${status} of a remote read is an error with its text`, () =>
    withMock([mock.post(`${base}/api/v1/read`, () => new Response(body, { status }))], async (store) => {
      assert.is(await failureOf(readAll(store)), error);
    }),
  );
}

for (const contentType of ["text/html", "", "application/json; charset=utf-8"]) {
  bad(`content type ${JSON.stringify(contentType)} of a remote read is refused`, () =>
    withMock(
      [
        mock.post(
          `${base}/api/v1/read`,
          () => new Response(frame("up").slice(), { headers: { "content-type": contentType } }),
        ),
      ],
      async (store) => {
        assert.is(
          await failureOf(readAll(store)),
          `internal: not supported remote read content type: ${contentType}`,
        );
      },
    ),
  );
}

bad("content types are read without regard to case and parameters", () =>
  withMock(
    [
      mock.post(
        `${base}/api/v1/read`,
        () =>
          new Response(frame("up").slice(), {
            headers: { "content-type": "Application/X-Streamed-Protobuf;proto=other" },
          }),
      ),
    ],
    async (store) => {
      assert.is(await readAll(store), 1);
    },
  ),
);

const bodies: readonly [title: string, contentType: string, body: Uint8Array, error: string][] = [
  [
    "a wrong checksum",
    streamedType,
    frameOf(Uint8Array.of(0x10, 0), 5),
    "internal: Cannot read remote-read frame: its checksum is cea48653, wants 5",
  ],
  [
    "the end of a stream inside a frame",
    streamedType,
    frame("up").subarray(0, -1),
    "internal: Cannot read remote-read frame: the stream ended inside it",
  ],
  [
    "a size that never ends",
    streamedType,
    new Uint8Array(20).fill(0xff),
    "execution: Cannot read remote-read frame: it has 268435455 bytes, wants at most 50000000",
  ],
  ["a frame of junk", streamedType, frameOf(Uint8Array.of(0x0a, 0x7f, 1)), ""],
  ["samples that are no snappy", "application/x-protobuf", Uint8Array.of(0xff, 0xff, 0xff), ""],
  [
    "samples that claim to be huge",
    "application/x-protobuf",
    Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f),
    "",
  ],
  [
    "samples without a result",
    "application/x-protobuf",
    Uint8Array.of(0),
    "internal: unexpected result size 0",
  ],
  [
    "samples with two results",
    "application/x-protobuf",
    Uint8Array.of(4, 0x0c, 0x0a, 0, 0x0a, 0),
    "internal: unexpected result size 2",
  ],
];

for (const [title, contentType, body, expected] of bodies) {
  bad(`${title} is one clear error`, () =>
    withMock(
      [
        mock.post(
          `${base}/api/v1/read`,
          () => new Response(body.slice(), { headers: { "content-type": contentType } }),
        ),
      ],
      async (store) => {
        const ctx = createTestContext();
        const error = await failureOf(readAll(store, ctx));
        if (expected === "") assert.match(error, /^(internal|execution): Cannot (read|decode) /);
        else assert.is(error, expected);
        assert.is(ctx.heldBytes(), 0);
      },
    ),
  );
}

const labelAnswers: readonly [status: number, body: string, error: string][] = [
  [
    400,
    '{"status":"error","errorType":"bad_data","error":"nope"}',
    'bad_data: expected 2xx response, got 400. Body: {"status":"error","errorType":"bad_data","error":"nope"}',
  ],
  [404, "x", "not_found: expected 2xx response, got 404. Body: x"],
  [422, "x", "internal: expected 2xx response, got 422. Body: x"],
  [503, "x", "unavailable: expected 2xx response, got 503. Body: x"],
  [500, "x", "internal: expected 2xx response, got 500. Body: x"],
  [200, '{"status":"error","error":"nope"}', "internal: nope"],
  [
    200,
    '{"status":"success","data":{"a":1}}',
    "internal: Cannot read label names of Prometheus: not a list of texts",
  ],
  [200, "[]", "internal: Cannot read an answer of Prometheus: it has no status"],
  [
    200,
    `"${"x".repeat(2 << 20)}"`,
    "execution: Cannot read an answer of Prometheus: it is longer than 1048576 bytes",
  ],
];

for (const [status, body, error] of labelAnswers) {
  bad(`an answer to a label call of ${status} ${body.slice(0, 40)} is an error`, () =>
    withMock([mock.get(`${base}/api/v1/labels`, () => new Response(body, { status }))], async (store) => {
      const ctx = createTestContext();
      assert.is(await failureOf(store.labelNames(ctx, labelRequest())), error);
      assert.is(ctx.heldBytes(), 0);
    }),
  );
}

bad("HTML where JSON is wanted is an error", () =>
  withMock([mock.get(`${base}/api/v1/labels`, () => new Response("<html>"))], async (store) => {
    const error = await failureOf(store.labelNames(createTestContext(), labelRequest()));
    assert.match(error, /^internal: Cannot read an answer of Prometheus as JSON: /);
  }),
);

bad("a server that cannot tell label values has its answers sorted as a whole", () =>
  withMock(
    [
      mock.get(`${base}/api/v1/label/cluster/values`, () => new Response("no", { status: 500 })),
      mock.post(
        `${base}/api/v1/read`,
        () =>
          new Response(Buffer.concat([frame("b"), frame("a")]), {
            headers: { "content-type": streamedType },
          }),
      ),
    ],
    async (store) => {
      const ctx = createTestContext();
      assert.is(await readAll(store, ctx), 2);
      assert.is(ctx.heldBytes(), 0);
    },
  ),
);

bad("chunks outside the range are left out, and series that have no others", () =>
  withMock(
    [
      mock.post(
        `${base}/api/v1/read`,
        () => new Response(frame("up").slice(), { headers: { "content-type": streamedType } }),
      ),
    ],
    async (store) => {
      assert.is(await readAll(store, createTestContext(), { minMs: 0, maxMs: 999 }), 0);
      assert.is(await readAll(store, createTestContext(), { minMs: 1001, maxMs: 2000 }), 0);
      assert.is(await readAll(store, createTestContext(), { minMs: 1000, maxMs: 1000 }), 1);
    },
  ),
);

interface RawServer {
  readonly url: URL;
  readonly closed: Promise<void>;
  close(): Promise<void>;
}

/** Answers label values with none and remote reads with these bytes, whatever they are. `closed`: the read's socket is gone. */
async function startRaw(answer: (socket: net.Socket) => void): Promise<RawServer> {
  const sockets = new Set<net.Socket>();
  const closed = Promise.withResolvers<void>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (data) => {
      if (data.toString("latin1").startsWith("POST")) {
        socket.on("close", () => closed.resolve());
        answer(socket);
      } else if (data.toString("latin1").startsWith("GET")) {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 30\r\n\r\n{"status":"success","data":[]}');
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    closed: closed.promise,
    async close() {
      const ended = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await ended;
    },
  };
}

function chunkOf(bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]);
}

const head = `HTTP/1.1 200 OK\r\ncontent-type: ${streamedType}\r\ntransfer-encoding: chunked\r\n\r\n`;

bad("a body cut short anywhere is an error, never a short answer", async () => {
  const whole = Buffer.concat([chunkOf(frame("a")), chunkOf(frame("b"))]);
  for (const at of [0, 1, 5, 20, chunkOf(frame("a")).length, chunkOf(frame("a")).length + 9, whole.length]) {
    for (const reset of [false, true]) {
      const server = await startRaw((socket) => {
        socket.write(Buffer.concat([Buffer.from(head), whole.subarray(0, at)]), () =>
          setTimeout(() => (reset ? socket.resetAndDestroy() : socket.end()), 5),
        );
      });
      const { store, close } = storeAt(server.url);
      const error = await failureOf(readAll(store));
      assert.match(error, /^unavailable: Cannot read from http:\/\/127\.0\.0\.1:\d+: /, `cut at ${at}`);
      close();
      await server.close();
    }
  }
});

bad("a server that falls silent in the middle is given up", async () => {
  const server = await startRaw((socket) =>
    socket.write(Buffer.concat([Buffer.from(head), chunkOf(frame("a"))])),
  );
  const { store, close } = storeAt(server.url, 100);
  assert.match(await failureOf(readAll(store)), /: no data for 0\.1 s$/);
  await server.closed;
  close();
  await server.close();
});

bad("the deadline ends a read from a silent server", async () => {
  const server = await startRaw((socket) => socket.write(head));
  const { store, close } = storeAt(server.url);
  const ctx = createTestContext({ deadlineMs: Date.now() + 50 });
  assert.is(await failureOf(readAll(store, ctx)), "timeout: context deadline exceeded");
  await server.closed;
  close();
  await server.close();
});

bad("a consumer that leaves, or whose caller goes away, ends the request", async () => {
  for (const way of ["leave", "abort"]) {
    const server = await startRaw((socket) =>
      socket.write(Buffer.concat([Buffer.from(head), chunkOf(frame("a")), chunkOf(frame("b"))])),
    );
    const { store, close } = storeAt(server.url);
    const caller = new AbortController();
    const read = (async () => {
      for await (const batch of store.series(createTestContext({ signal: caller.signal }), up)) {
        if (batch.count > 0 && way === "leave") break;
        if (batch.count > 0) caller.abort();
      }
    })();
    if (way === "abort") assert.match(await failureOf(read), /^canceled: /);
    await read.catch(() => undefined);
    await server.closed;
    close();
    await server.close();
  }
});

bad("a limit that is reached ends the request", async () => {
  const server = await startRaw((socket) => {
    const frames = ["a", "b", "c"].map((name) => chunkOf(frame(name, { z: "1" })));
    socket.write(Buffer.concat([Buffer.from(head), ...frames]));
  });
  const { store, close } = storeAt(server.url);
  let rows = 0;
  for await (const batch of store.series(createTestContext(), { ...up, limit: 2 })) rows += batch.count;
  assert.is(rows, 2);
  await server.closed;
  close();
  await server.close();
});

bad("what the consumer does not take is not read from the server", async () => {
  let sent = 0;
  const piece = Buffer.concat(Array.from({ length: 500 }, () => chunkOf(frame("n", { z: "1" }))));
  const server = await startRaw((socket) => {
    socket.write(head);
    const fill = () => {
      while (sent < 2000 && socket.write(piece)) sent++;
      if (sent < 2000) socket.once("drain", fill);
    };
    fill();
  });
  const { store, close } = storeAt(server.url);
  for await (const batch of store.series(createTestContext(), up)) {
    assert.ok(batch.count > 0);
    await new Promise((resolve) => setTimeout(resolve, 300));
    break;
  }
  assert.ok(sent < 1000, `${sent} pieces were taken`);
  await server.closed;
  close();
  await server.close();
});

bad("an honest server next to it is not touched", async () => {
  const prometheus = await startFakePrometheus({
    series: [{ labels: labelsOf({ __name__: "up" }), samples: [[1, 1]] }],
  });
  const { store, close } = storeAt(prometheus.url);
  assert.is(await readAll(store), 1);
  close();
  await prometheus.close();
});

bad.run();
