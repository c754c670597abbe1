import { Buffer } from "node:buffer";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { clearInterval, clearTimeout, setInterval, setTimeout } from "node:timers";
import { getRequestListener } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { countRequest } from "./garbage-collector.ts";

/** Status and headers of an answer. */
export interface ResponseHead {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** An answer on its way whose length was not known at its start. */
export interface BodySink {
  /** Queues bytes. `done` is called once they have left, or never will, and their memory may be used again. */
  write(bytes: Uint8Array, done: () => void): void;
  /** Trailers are sent where the head named them in `Trailer`. */
  end(trailers?: Readonly<Record<string, string>>): void;
  /** Resets the connection, so that what was sent cannot be taken for a whole answer. */
  reset(): void;
}

/** One request's way back. Exactly one of `send` and `start` is called, once. */
export interface HttpExchange {
  /** Aborted when the peer goes away before the answer is complete. */
  readonly signal: AbortSignal;
  readonly remoteAddress: string;
  /** Sends a whole answer; one without pieces has no length either. `done` as in BodySink, after the last byte. */
  send(head: ResponseHead, body: readonly Uint8Array[], done?: () => void): void;
  start(head: ResponseHead): BodySink;
}

export interface HttpServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Answers through the exchange. A request whose promise rejects is reset. */
  readonly handle: (request: Request, exchange: HttpExchange) => Promise<void>;
  /** Takes requests in Node's own form before `handle` sees them; true where it did. */
  readonly intercept?: (incoming: IncomingMessage, outgoing: ServerResponse) => boolean;
  readonly maxHeaderBytes: number;
  /** How long an idle connection is kept; above a load balancer's 60 s. */
  readonly keepAliveMs: number;
  /** Errors that no request can be blamed for, and handlers that failed. */
  readonly onError: (error: unknown) => void;
}

export interface HttpServer {
  /** `host:port` as bound. */
  readonly address: string;
  /** Stops accepting, waits for requests in flight up to `graceMs`, then ends their connections. */
  close(graceMs: number): Promise<void>;
}

/** Listens for HTTP/1.1. Rejects with the system's error where the address cannot be bound. */
export async function listenHttp(options: HttpServerOptions): Promise<HttpServer> {
  const listener = getRequestListener(
    async (request, env) => {
      const exchange = createExchange(env.incoming as IncomingMessage, env.outgoing as ServerResponse);
      try {
        await options.handle(request, exchange);
      } catch (error) {
        options.onError(error);
        (env.outgoing as ServerResponse).destroy();
      }
      return RESPONSE_ALREADY_SENT;
    },
    { overrideGlobalObjects: false, hostname: "localhost" },
  );
  const server = createServer({ maxHeaderSize: options.maxHeaderBytes }, (incoming, outgoing) => {
    outgoing.on("error", ignoreError); // A peer that went away; `close` tells.
    outgoing.on("close", countRequest());
    if (options.intercept?.(incoming, outgoing) === true) return;
    listener(incoming, outgoing).catch(options.onError);
  });
  server.keepAliveTimeout = options.keepAliveMs;
  server.headersTimeout = options.keepAliveMs + 5_000;
  server.requestTimeout = 0;
  server.on("clientError", refuse);
  await bind(server, options);
  server.on("error", options.onError);
  return { address: addressOf(server), close: (graceMs) => closeServer(server, graceMs) };
}

function bind(server: Server, { host, port }: HttpServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port, backlog: 4096 }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function addressOf(server: Server): string {
  const { address, port, family } = server.address() as AddressInfo;
  return family === "IPv6" ? `[${address}]:${port}` : `${address}:${port}`;
}

function closeServer(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), graceMs);
    // A connection that was busy now becomes idle later, and would be kept alive.
    const sweep = setInterval(() => server.closeIdleConnections(), 50);
    server.close(() => {
      clearTimeout(timer);
      clearInterval(sweep);
      resolve();
    });
    server.closeIdleConnections();
  });
}

function ignoreError(): void {
  // The event must have a listener, or it ends the process.
}

/** Answers a request that is no HTTP, or whose headers are too long. */
function refuse(error: Error & { readonly code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === "ECONNRESET") return void socket.destroy();
  const status =
    error.code === "HPE_HEADER_OVERFLOW" ? "431 Request Header Fields Too Large" : "400 Bad Request";
  const body = `${status}: ${error.message}\n`;
  socket.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

function createExchange(incoming: IncomingMessage, outgoing: ServerResponse): HttpExchange {
  const gone = new AbortController();
  outgoing.on("close", () => {
    if (!outgoing.writableFinished) gone.abort(new DOMException("the client went away", "AbortError"));
  });
  return {
    signal: gone.signal,
    remoteAddress: incoming.socket.remoteAddress ?? "",
    send(head, body, done) {
      let length = 0;
      for (const bytes of body) length += bytes.length;
      if (done !== undefined) outgoing.once("close", done);
      writeHead(outgoing, head, body.length > 0 ? length : undefined);
      for (let i = 0; i < body.length - 1; i++) outgoing.write(body[i]);
      outgoing.end(body.at(-1));
    },
    start(head) {
      writeHead(outgoing, head, undefined);
      return createSink(incoming, outgoing);
    },
  };
}

function writeHead(outgoing: ServerResponse, head: ResponseHead, length: number | undefined): void {
  const lengthHeader = length === undefined ? {} : { "Content-Length": String(length) };
  outgoing.writeHead(head.status, { ...head.headers, ...lengthHeader });
}

function createSink(incoming: IncomingMessage, outgoing: ServerResponse): BodySink {
  const waiting = new Set<() => void>();
  outgoing.on("close", () => {
    for (const release of waiting) release(); // Deno drops the callbacks of a connection that was cut.
  });
  return {
    write(bytes, done) {
      if (outgoing.destroyed) return done();
      const release = () => {
        if (waiting.delete(release)) done();
      };
      waiting.add(release);
      outgoing.write(bytes, release);
    },
    end(trailers) {
      if (trailers !== undefined) outgoing.addTrailers(trailers);
      outgoing.end();
    },
    reset() {
      const { socket } = incoming;
      if (typeof socket.resetAndDestroy === "function") socket.resetAndDestroy();
      else socket.destroy();
    },
  };
}
