import { createSocket } from "node:dgram";
import { createServer } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { GatewayError } from "../../src/lib/errors.ts";
import { askOverTcp, askOverUdp, type SocketQuestion } from "../../src/runtime/dns-sockets.ts";

const sockets = suite("DNS sockets");
const opened: (() => Promise<void>)[] = [];
sockets.after.each(async () => {
  for (const close of opened.splice(0)) await close();
});

async function openUdp(hear: (bytes: Buffer, port: number) => void) {
  const socket = createSocket("udp4");
  socket.on("message", (bytes, from) => hear(bytes, from.port));
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  opened.push(() => new Promise((resolve) => socket.close(() => resolve())));
  return { socket, port: socket.address().port };
}

async function openTcp(pieces: readonly (readonly number[])[], isEnding = false): Promise<number> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", async () => {
      for (const piece of pieces) {
        socket.write(Uint8Array.from(piece));
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      if (isEnding) socket.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  opened.push(() => new Promise((resolve) => server.close(() => resolve())));
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

const questionTo = (port: number, more: Partial<SocketQuestion> = {}): SocketQuestion => ({
  host: "127.0.0.1",
  port,
  message: Uint8Array.of(1, 2, 3),
  timeoutMs: 2_000,
  signal: new AbortController().signal,
  accepts: () => true,
  ...more,
});
const codeOf = (asked: Promise<unknown>) =>
  asked.then(
    () => "answered",
    (error: unknown) => (error instanceof GatewayError ? error.code : String(error)),
  );

sockets("datagrams of others than the server are not heard", async () => {
  const stranger = await openUdp(() => undefined);
  const server = await openUdp((bytes, client) => {
    stranger.socket.send(Uint8Array.of(6, 6, 6), client, "127.0.0.1", () => {
      setTimeout(() => server.socket.send(Uint8Array.of(bytes.length), client, "127.0.0.1"), 50);
    });
  });
  assert.equal([...(await askOverUdp(questionTo(server.port)))], [3]);
});

sockets("what is not the answer is passed over", async () => {
  const server = await openUdp((_, client) => {
    for (const byte of [1, 2, 3]) server.socket.send(Uint8Array.of(byte), client, "127.0.0.1");
  });
  const accepts = (bytes: Uint8Array) => bytes[0] === 2;
  assert.equal([...(await askOverUdp(questionTo(server.port, { accepts })))], [2]);
});

sockets("silence is a time-out, and ends at once where it is told to", async () => {
  const { port } = await openUdp(() => undefined);
  assert.is(await codeOf(askOverUdp(questionTo(port, { timeoutMs: 50 }))), "timeout");
  const tcp = await openTcp([]);
  assert.is(await codeOf(askOverTcp(questionTo(tcp, { timeoutMs: 50 }))), "timeout");
  const stop = new AbortController();
  const asked = codeOf(askOverUdp(questionTo(port, { signal: stop.signal, timeoutMs: 60_000 })));
  stop.abort("enough");
  assert.is(await asked, "enough");
  assert.is(await codeOf(askOverTcp(questionTo(tcp, { signal: stop.signal }))), "enough");
});

sockets("messages over TCP come in pieces, and several in one", async () => {
  const accepts = (bytes: Uint8Array) => bytes[0] === 8;
  const port = await openTcp([[0], [2, 7], [7, 0, 2, 8, 9, 0]]);
  assert.equal([...(await askOverTcp(questionTo(port, { accepts })))], [8, 9]);
});

sockets("a connection that ends early or is refused is a failure", async () => {
  assert.is(await codeOf(askOverTcp(questionTo(await openTcp([[0, 9, 1]], true)))), "unavailable");
  const port = await openTcp([]);
  for (const close of opened.splice(0)) await close();
  assert.is(await codeOf(askOverTcp(questionTo(port))), "unavailable");
});

sockets.run();
