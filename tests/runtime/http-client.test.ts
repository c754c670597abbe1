import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import net, { type AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { GatewayError } from "../../src/lib/errors.ts";
import { createHttpClient, type HttpClient } from "../../src/runtime/http-client.ts";
import { createThrowawayAuthority } from "../../src/runtime/throwaway-certificates.ts";
import type { ClientTls } from "../../src/runtime/tls.ts";

const client = suite("http client");

interface Setup {
  readonly url: URL;
  readonly http: HttpClient;
  readonly send: (path: string, signal?: AbortSignal) => ReturnType<HttpClient["send"]>;
  readonly close: () => Promise<void>;
}

async function setUp(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  silenceTimeoutMs = 5000,
): Promise<Setup> {
  const server = createServer(answer);
  return await setUpServer(server, silenceTimeoutMs, () => server.closeAllConnections());
}

/** A server that speaks bytes, for answers that no HTTP library would write. */
async function setUpRaw(answer: (socket: net.Socket) => void, silenceTimeoutMs = 5000): Promise<Setup> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => sockets.delete(socket));
    socket.on("data", () => answer(socket));
  });
  return await setUpServer(server, silenceTimeoutMs, () => {
    for (const socket of sockets) socket.destroy();
  });
}

async function setUpServer(
  server: net.Server | Server,
  silenceTimeoutMs: number,
  endAll: () => void,
): Promise<Setup> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const http = createHttpClient({ tls: undefined, maxConnections: 4, silenceTimeoutMs });
  return {
    url,
    http,
    send: (path, signal = new AbortController().signal) =>
      http.send({ method: "GET", url: new URL(path, url), headers: {}, body: undefined, signal }),
    async close() {
      http.close();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      endAll();
      await closed;
    },
  };
}

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  let text = "";
  for await (const piece of body) text += new TextDecoder().decode(piece);
  return text;
}

async function failure(promise: Promise<unknown>): Promise<GatewayError> {
  try {
    await promise;
  } catch (error) {
    assert.instance(error, GatewayError);
    return error as GatewayError;
  }
  return assert.unreachable("wants an error") as never;
}

client("sends method, path, query, headers and body, and hands back status, headers and body", async () => {
  let seen = "";
  const { url, http, close } = await setUp(async (request, response) => {
    seen = `${request.method} ${request.url} ${request.headers["x-a"]} ${await textOf(request)}`;
    response.writeHead(418, { "content-type": "text/x" }).end("short");
  });
  const signal = new AbortController().signal;
  const body = new TextEncoder().encode("ping");
  const response = await http.send({
    method: "POST",
    url: new URL("/p?q=1", url),
    headers: { "x-a": "b" },
    body,
    signal,
  });
  assert.is(response.status, 418);
  assert.is(response.header("content-type"), "text/x");
  assert.is(response.header("absent"), undefined);
  assert.is(await textOf(response.body), "short");
  assert.is(seen, "POST /p?q=1 b ping");
  await close();
});

client("keeps a connection for the next request", async () => {
  const ports = new Set<number | undefined>();
  const { send, close } = await setUp((request, response) => {
    ports.add(request.socket.remotePort);
    response.end("ok");
  });
  for (let i = 0; i < 3; i++) assert.is(await textOf((await send("/")).body), "ok");
  assert.is(ports.size, 1);
  await close();
});

client("asks again where the server closed the kept connection before any answer", async () => {
  let requests = 0;
  const { send, close } = await setUpRaw((socket) => {
    requests++;
    if (requests === 2) socket.resetAndDestroy();
    else socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
  });
  assert.is(await textOf((await send("/")).body), "ok");
  assert.is(await textOf((await send("/")).body), "ok");
  assert.is(requests, 3);
  await close();
});

client("leaving the body early ends the request at the server", async () => {
  let ended: Promise<void> | undefined;
  const { send, close } = await setUp((_, response) => {
    ended = new Promise((resolve) => response.on("close", () => resolve()));
    response.write("first");
  });
  const response = await send("/");
  for await (const piece of response.body) {
    assert.is(new TextDecoder().decode(piece), "first");
    break;
  }
  await ended;
  await close();
});

client("a body that nobody reads fast is not received into memory", async () => {
  let sent = 0;
  let stalled = (): void => undefined;
  const stall = new Promise<void>((resolve) => {
    stalled = resolve;
  });
  const { send, close } = await setUp((_, response) => {
    const piece = Buffer.alloc(1 << 20);
    const fill = () => {
      while (sent < 256 && response.write(piece)) sent++;
      setTimeout(stalled, 300);
    };
    fill();
    response.on("drain", fill);
  });
  const response = await send("/");
  await stall;
  assert.ok(sent < 64, `${sent} MiB were taken`);
  response.cancel();
  await close();
});

client("the signal ends a request that waits for headers, and one that waits for its body", async () => {
  for (const path of ["/headers", "/body"]) {
    const { send, close } = await setUp((request, response) => {
      if (request.url === "/body") response.write("x");
    });
    const stop = new AbortController();
    setTimeout(() => stop.abort(new GatewayError("timeout", "the time is up")), 50);
    const reading = send(path, stop.signal).then((response) => textOf(response.body));
    const error = await failure(reading);
    assert.is(error.code, "timeout");
    assert.is(error.message, "the time is up");
    await close();
  }
});

client("a server that is silent before its headers or within its body is given up", async () => {
  for (const path of ["/headers", "/body"]) {
    const { url, send, close } = await setUp((request, response) => {
      if (request.url === "/body") response.write("x");
    }, 100);
    const error = await failure(send(path).then((response) => textOf(response.body)));
    assert.is(error.code, "unavailable");
    assert.is(error.message, `Cannot read from ${url.origin}: no data for 0.1 s`);
    await close();
  }
});

client("time that the consumer takes is not the server's silence", async () => {
  const { send, close } = await setUp((_, response) => {
    response.write("a");
    setTimeout(() => response.end("b"), 20);
  }, 150);
  let text = "";
  for await (const piece of (await send("/")).body) {
    text += new TextDecoder().decode(piece);
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  assert.is(text, "ab");
  await close();
});

client("an answer cut short is an error, with a known length and in chunks", async () => {
  for (const head of ["content-length: 10\r\n\r\nhalf", "transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n"]) {
    const { send, close } = await setUpRaw((socket) => {
      socket.end(`HTTP/1.1 200 OK\r\n${head}`);
    });
    const error = await failure(send("/").then((response) => textOf(response.body)));
    assert.is(error.code, "unavailable");
    assert.match(error.message, /^Cannot read from http:\/\/127\.0\.0\.1:\d+: /);
    await close();
  }
});

client("what is no HTTP is an error that names the server", async () => {
  const { send, close } = await setUpRaw((socket) => {
    socket.end("SSH-2.0-OpenSSH_9.2\r\n");
  });
  const error = await failure(send("/"));
  assert.is(error.code, "unavailable");
  assert.match(error.message, /^Cannot read from http:\/\/127\.0\.0\.1:\d+: /);
  await close();
});

client("a refused connection names the server", async () => {
  const { url, send, close } = await setUp(() => undefined);
  await close();
  const error = await failure(send("/"));
  assert.is(error.code, "unavailable");
  assert.is(error.message, `Cannot read from ${url.origin}: connection refused`);
});

client("TLS towards a server without TLS is told apart", async () => {
  const { url, http, close } = await setUp((_, response) => response.end());
  const { signal } = new AbortController();
  const secure = new URL(`https://${url.host}`);
  const error = await failure(
    http.send({ method: "GET", url: secure, headers: {}, body: undefined, signal }),
  );
  assert.is(error.message, `Cannot read from ${secure.origin}: it does not speak TLS`);
  await close();
});

client("over TLS it shows its certificate and makes sure of the server's", async () => {
  const authority = await createThrowawayAuthority();
  const other = await createThrowawayAuthority("another");
  const [own, pair] = await Promise.all([authority, authority].map((ca) => ca.issue({ commonName: "x" })));
  const server = createSecureServer(
    {
      cert: own!.certPem,
      key: own!.keyPem,
      ca: authority.caPem,
      requestCert: true,
      rejectUnauthorized: true,
    },
    (_, response) => response.end("secret"),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  const ask = async (tls: Partial<ClientTls>) => {
    const http = createHttpClient({
      tls: {
        caPem: authority.caPem,
        pair,
        serverName: undefined,
        skipVerify: false,
        minVersion: "1.2",
        ...tls,
      },
      maxConnections: 1,
      silenceTimeoutMs: 5000,
    });
    const { signal } = new AbortController();
    try {
      const response = await http.send({ method: "GET", url, headers: {}, body: undefined, signal });
      return await textOf(response.body);
    } finally {
      http.close();
    }
  };
  assert.is(await ask({}), "secret");
  for (const tls of [{ caPem: other.caPem }, { pair: undefined }, { serverName: "elsewhere.example" }]) {
    const error = await failure(ask(tls));
    assert.is(error.code, "unavailable");
    assert.ok(error.message.startsWith(`Cannot read from ${url.origin}: `), error.message);
  }
  await new Promise((resolve) => server.close(resolve));
});

client("new TLS is used by the next connection, and an answer under way comes to its end", async () => {
  const authority = await createThrowawayAuthority();
  const [own, first, second] = await Promise.all(
    ["server", "first", "second"].map((commonName) => authority.issue({ commonName })),
  );
  let finish: () => void = () => undefined;
  const server = createSecureServer(
    { cert: own!.certPem, key: own!.keyPem, ca: authority.caPem, requestCert: true },
    (request, response) => {
      const { subject } = (request.socket as TLSSocket).getPeerCertificate();
      response.write(`${subject.CN} `);
      if (request.url === "/slow") finish = () => response.end("whole");
      else response.end();
    },
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const tls = (pair: ClientTls["pair"]): ClientTls => ({
    caPem: authority.caPem,
    pair,
    serverName: undefined,
    skipVerify: false,
    minVersion: "1.2",
  });
  const http = createHttpClient({ tls: tls(first), maxConnections: 4, silenceTimeoutMs: 5_000 });
  const { signal } = new AbortController();
  const get = (path: string) =>
    http.send({ method: "GET", url: new URL(path, origin), headers: {}, body: undefined, signal });
  assert.is(await textOf((await get("/")).body), "first ");
  const slow = await get("/slow");
  http.setTls(tls(second));
  assert.is(await textOf((await get("/")).body), "second ");
  finish();
  assert.is(await textOf(slow.body), "first whole");
  http.close();
  await new Promise((resolve) => server.close(resolve)); // All connections are gone.
});

client("an aborted signal sends nothing", async () => {
  let asked = false;
  const { send, close } = await setUp((_, response) => {
    asked = true;
    response.end();
  });
  assert.is((await failure(send("/", AbortSignal.abort()))).code, "canceled");
  assert.is(asked, false);
  await close();
});

client.run();
