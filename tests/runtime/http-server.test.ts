import { connect } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type HttpExchange, type HttpServer, listenHttp } from "../../src/runtime/http-server.ts";

const server = suite("http server");
const opened: HttpServer[] = [];
const errors: unknown[] = [];

server.after.each(async () => {
  errors.length = 0;
  for (const each of opened.splice(0)) await each.close(0);
});

async function listen(
  handle: (request: Request, exchange: HttpExchange) => Promise<void> | void,
): Promise<{ readonly url: string; readonly port: number; readonly server: HttpServer }> {
  const listening = await listenHttp({
    host: "127.0.0.1",
    port: 0,
    handle: async (request, exchange) => handle(request, exchange),
    maxHeaderBytes: 1 << 20,
    keepAliveMs: 75_000,
    onError: (error) => errors.push(error),
  });
  opened.push(listening);
  const port = Number(listening.address.split(":").at(-1));
  return { url: `http://${listening.address}`, port, server: listening };
}

const head = { status: 200, headers: { "Content-Type": "text/plain" } };
const text = (value: string) => new TextEncoder().encode(value);

/** Sends raw bytes and resolves with what came back until the connection closed. */
function speak(
  port: number,
  request: string,
): Promise<{ readonly received: string; readonly error: string }> {
  return new Promise((resolve) => {
    let received = "";
    let error = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(request));
    socket.on("data", (bytes) => {
      received += bytes.toString();
    });
    socket.on("error", (reason: Error & { readonly code?: string }) => {
      error = reason.code ?? reason.message;
    });
    socket.on("close", () => resolve({ received, error }));
  });
}

server("a whole answer has its length, and its memory comes back", async () => {
  const back = Promise.withResolvers<void>();
  const { url } = await listen(async (request, exchange) => {
    exchange.send(head, [text(request.method), text(await request.text())], back.resolve);
  });
  const answer = await fetch(url, { method: "POST", body: "x".repeat(100_000) });
  assert.is(answer.headers.get("content-length"), "100004");
  assert.is((await answer.text()).length, 100_004);
  await back.promise;
});

server("a streamed answer ends well, and each piece comes back once", async () => {
  let back = 0;
  const { url } = await listen(async (_request, exchange) => {
    const sink = exchange.start(head);
    for (let i = 0; i < 100; i++) {
      await new Promise<void>((resolve) => {
        sink.write(text("piece "), () => {
          back++;
          resolve();
        });
      });
    }
    sink.end();
  });
  assert.is((await (await fetch(url)).text()).length, 600);
  assert.is(back, 100);
});

server("a reset answer is never taken for a whole one", async () => {
  const { port } = await listen((_request, exchange) => {
    const sink = exchange.start(head);
    sink.write(text("half"), () => sink.reset());
  });
  const { received, error } = await speak(port, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  assert.match(received, "half");
  assert.not.match(received, "\r\n0\r\n");
  assert.is(error, "ECONNRESET");
});

server("a client that goes away aborts the exchange, and what it did not take comes back", async () => {
  const gone = Promise.withResolvers<void>();
  let waiting = 0;
  const { port } = await listen((_request, exchange) => {
    const sink = exchange.start(head);
    exchange.signal.addEventListener("abort", () => gone.resolve());
    for (let i = 0; i < 400; i++) {
      waiting++;
      sink.write(new Uint8Array(65_536), () => waiting--);
    }
  });
  const socket = connect(port, "127.0.0.1", () => socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
  socket.once("data", () => socket.destroy());
  await gone.promise;
  await new Promise((resolve) => setTimeout(resolve, 10));
  assert.is(waiting, 0);
});

server(
  "headers of half a megabyte are read, longer ones are refused, and so is what is no HTTP",
  async () => {
    const { url, port } = await listen((_request, exchange) => exchange.send(head, [text("ok")]));
    const long = await fetch(url, { headers: { "X-Long": "y".repeat(500_000) } });
    assert.is(await long.text(), "ok");
    assert.match((await speak(port, "nonsense\r\n\r\n")).received, "HTTP/1.1 400 Bad Request");
    const unescaped = (await speak(port, "GET /?q=é HTTP/1.1\r\nHost: x\r\n\r\n")).received;
    assert.match(
      unescaped,
      /^HTTP\/1\.1 400 Bad Request\r\n[\s\S]*\r\n\r\n400 Bad Request: Parse Error: .+\n$/,
    );
    assert.is(await (await fetch(url)).text(), "ok");
  },
);

server("a handler that fails resets its connection and is reported", async () => {
  const { url, port } = await listen((request, exchange) => {
    if (new URL(request.url).pathname === "/bad") throw new Error("broken");
    exchange.send(head, [text("ok")]);
  });
  assert.is((await speak(port, "GET /bad HTTP/1.1\r\nHost: x\r\n\r\n")).received, "");
  assert.is((errors[0] as Error).message, "broken");
  assert.is(await (await fetch(url)).text(), "ok");
});

server("closing lets requests in flight end, up to the grace", async () => {
  const started = Promise.withResolvers<void>();
  const { url, server: listening } = await listen((request, exchange) => {
    started.resolve();
    if (new URL(request.url).pathname === "/slow") setTimeout(() => exchange.send(head, [text("done")]), 50);
  });
  const slow = fetch(`${url}/slow`).then((answer) => answer.text());
  await started.promise;
  await listening.close(5_000);
  assert.is(await slow, "done");

  const stuck = await listen(() => undefined);
  const never = fetch(stuck.url).catch((error: Error) => error.name);
  await new Promise((resolve) => setTimeout(resolve, 20));
  await stuck.server.close(10);
  assert.is(await never, "TypeError");
});

server.run();
