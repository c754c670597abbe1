import type { IncomingMessage, ServerResponse } from "node:http";
import type http2 from "node:http2";
import { yieldToLoop } from "./clock.ts";
import type { Http2Headers } from "./http2-client.ts";

export type ResponseHeaders = Readonly<Record<string, string>>;

/** One request and the way back, the same for HTTP/1.1 and HTTP/2. */
export interface ServerExchange {
  readonly httpVersion: "1.1" | "2.0";
  readonly method: string;
  /** Path and query as sent. */
  readonly target: string;
  readonly scheme: "http" | "https";
  readonly authority: string;
  readonly headers: Http2Headers;
  readonly remoteAddress: string;
  /** Aborted with an AbortError when the exchange ends before `end` has done its work. */
  readonly signal: AbortSignal;
  /** The request's bytes; read once. */
  body(): AsyncIterable<Uint8Array>;
  /** Sends the head; `trailers` that `end` may bring must be announced here by `withTrailers`. */
  respond(status: number, headers: ResponseHeaders, withTrailers: boolean): void;
  /** Queues bytes, which must not be changed any more. `done` is called once they have left, or never will. */
  write(bytes: Uint8Array, done?: () => void): void;
  /** Bytes that were written and have not left. */
  waitingBytes(): number;
  /** Resolves when bytes have left, or the exchange is over. */
  drained(): Promise<void>;
  end(trailers?: ResponseHeaders): void;
  /** Ends it so that the peer cannot take what it got for a whole answer. */
  reset(): void;
}

/** An exchange that is over for a reason of the peer's. */
function gone(): Error {
  return new DOMException("context canceled", "AbortError");
}

/** A request of an HTTP/2 stream. */
export function exchangeOfStream(
  stream: http2.ServerHttp2Stream,
  headers: http2.IncomingHttpHeaders,
): ServerExchange {
  const abort = new AbortController();
  let trailers: ResponseHeaders = {};
  let ended = false;
  const waits = createWaits(() => stream.destroyed || stream.closed);
  stream.on("error", () => undefined); // `close` follows, and says enough.
  stream.on("drain", waits.wake);
  stream.once("close", () => {
    waits.wake();
    if (!ended || (stream.rstCode ?? 0) !== 0 || !stream.writableFinished) abort.abort(gone());
  });
  return {
    httpVersion: "2.0",
    method: headers[":method"] ?? "",
    target: headers[":path"] ?? "",
    scheme: headers[":scheme"] === "https" ? "https" : "http",
    authority: headers[":authority"] ?? String(headers.host ?? "localhost"),
    headers,
    remoteAddress: addressOf(stream.session?.socket),
    signal: abort.signal,
    body: () => stream.iterator({ destroyOnReturn: false }),
    respond(status, head, withTrailers) {
      if (stream.destroyed || stream.closed || stream.headersSent) return;
      if (withTrailers) {
        stream.once("wantTrailers", () => {
          if (!stream.destroyed) stream.sendTrailers({ ...trailers });
        });
      }
      stream.respond({ ":status": status, ...head }, { waitForTrailers: withTrailers });
    },
    write(bytes, done) {
      // A writer that never leaves the microtasks would not be told by `close`.
      if (stream.destroyed || stream.closed) abort.abort(gone());
      waits.write(bytes.length, done, (sent) => stream.write(bytes, sent));
    },
    waitingBytes: waits.bytes,
    drained: waits.drained,
    end(last) {
      if (stream.destroyed || stream.closed) return;
      trailers = last ?? {};
      ended = true;
      stream.end();
    },
    reset() {
      // Not `close`: with writes under way Node 24 then loops for ever in native code, or ends the stream in good order.
      if (!stream.destroyed) stream.destroy(new Error("exchange was reset"));
    },
  };
}

/** A request of HTTP/1.1. */
export function exchangeOfMessage(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  scheme: "http" | "https",
): ServerExchange {
  const abort = new AbortController();
  const waits = createWaits(() => outgoing.destroyed);
  outgoing.on("error", () => undefined);
  incoming.on("error", () => undefined);
  outgoing.on("drain", waits.wake);
  outgoing.once("close", () => {
    waits.wake();
    if (!outgoing.writableFinished) abort.abort(gone());
  });
  return {
    httpVersion: "1.1",
    method: incoming.method ?? "",
    target: incoming.url ?? "",
    scheme,
    authority: incoming.headers.host ?? "localhost",
    headers: incoming.headers,
    remoteAddress: addressOf(incoming.socket),
    signal: abort.signal,
    body: () => incoming.iterator({ destroyOnReturn: false }),
    respond(status, head) {
      if (outgoing.headersSent || outgoing.destroyed) return;
      outgoing.writeHead(status, { ...head });
      outgoing.flushHeaders();
    },
    write(bytes, done) {
      if (outgoing.destroyed) abort.abort(gone());
      waits.write(bytes.length, done, (sent) => outgoing.write(bytes, sent));
    },
    waitingBytes: waits.bytes,
    drained: waits.drained,
    end(trailers) {
      if (outgoing.destroyed) return;
      if (trailers !== undefined) outgoing.addTrailers({ ...trailers });
      outgoing.end();
    },
    reset: () => void incoming.socket.destroy(),
  };
}

interface Waits {
  write(sizeBytes: number, done: (() => void) | undefined, send: (sent: () => void) => void): void;
  bytes(): number;
  drained(): Promise<void>;
  wake(): void;
}

/**
 * Counts what was written and has not left (Deno's HTTP/1 has no count of its own), keeps who waits for room, and lets all
 * go when the stream is over: its own callbacks may never come then.
 */
function createWaits(over: () => boolean): Waits {
  const pending = new Set<() => void>();
  let wakers: (() => void)[] = [];
  let waitingBytes = 0;
  const wake = () => {
    const all = wakers;
    wakers = [];
    for (const waker of all) waker();
    if (over()) for (const sent of [...pending]) sent();
  };
  return {
    bytes: () => waitingBytes,
    wake,
    write(sizeBytes, done, send) {
      if (over()) return done?.();
      waitingBytes += sizeBytes;
      const sent = () => {
        if (!pending.delete(sent)) return;
        waitingBytes -= sizeBytes;
        done?.();
        if (wakers.length > 0) wake();
      };
      pending.add(sent);
      send(sent);
    },
    drained() {
      if (over()) return yieldToLoop(); // A loop of resolved promises would keep `close` from being told.
      return new Promise((resolve) => wakers.push(resolve));
    },
  };
}

function addressOf(socket: { readonly remoteAddress?: string | undefined } | undefined): string {
  return socket?.remoteAddress ?? "";
}
