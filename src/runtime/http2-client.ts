import http2 from "node:http2";
import { clearTimeout, setImmediate, setTimeout } from "node:timers";
import { messageOf } from "../lib/errors.ts";
import { connectionErrorReason } from "./connection-errors.ts";
import {
  type Http2Connection,
  type Http2ConnectionOptions,
  openHttp2Connection,
} from "./http2-connection.ts";

/** Names are lower-case; a name that came more than once has an array. */
export type Http2Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

export interface Http2Request {
  readonly path: string;
  /** `:authority`, where it is not the address. */
  readonly authority: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** Why a stream ended before its time. */
export interface Http2Failure {
  /** dial: no connection came about · unprocessed: the peer never began · reset: the peer reset the stream · lost: the connection ended. */
  readonly kind: "dial" | "unprocessed" | "reset" | "lost";
  /** HTTP/2 error code of a reset, else 0. */
  readonly resetCode: number;
  readonly reason: string;
}

/** Hears of one stream. `onEnd` is the last call; after `cancel` there is none. Must not throw. */
export interface Http2StreamHandler {
  onHeaders(status: number, headers: Http2Headers): void;
  /** The bytes are the handler's to keep. Not called while the stream is paused. */
  onData(bytes: Uint8Array): void;
  /** May come while data are still waiting in a paused stream. */
  onTrailers(headers: Http2Headers): void;
  onEnd(failure: Http2Failure | undefined): void;
}

export interface Http2Stream {
  pause(): void;
  resume(): void;
  /** Resets the stream with CANCEL at once. */
  cancel(): void;
}

export interface Http2ClientOptions {
  /** Read anew for every connection, so that new certificates and windows need no restart. */
  readonly connection: () => Http2ConnectionOptions;
}

/** POSTs over HTTP/2 to one address, over one connection at a time; old ones end when their streams are done. */
export interface Http2Client {
  start(request: Http2Request, handler: Http2StreamHandler): Http2Stream;
  /** Lets streams in flight end for at most `graceMs`, then cuts them; later `start`s fail. */
  close(graceMs: number): Promise<void>;
}

/** A node:http2 server ends a session after some 1,000 resets by its client: move on before. */
const maxResets = 900;
const maxTries = 3;

export function createHttp2Client(options: Http2ClientOptions): Http2Client {
  const live = new Set<Http2Connection>();
  let current: Http2Connection | undefined;
  let closed = false;
  let calm = 1;

  const open = (): Http2Connection => {
    const wanted = options.connection();
    const connection = openHttp2Connection({ ...wanted, pingIntervalMs: wanted.pingIntervalMs * calm });
    live.add(connection);
    void connection.closed.then(() => {
      live.delete(connection);
      if (connection.wasToldToCalmDown()) calm = Math.min(calm * 2, 64);
    });
    return connection;
  };
  const pick = (): Http2Connection => {
    if (current?.usable() && current.resets < maxResets) return current;
    if (current !== undefined && !current.session.destroyed) current.session.close();
    current = open();
    return current;
  };

  return {
    start(request, handler) {
      const call = createCall(request, handler);
      if (closed) setImmediate(() => call.fail({ kind: "dial", resetCode: 0, reason: "client is closed" }));
      else void dispatch(call, pick);
      return call;
    },
    async close(graceMs) {
      closed = true;
      const all = [...live];
      for (const { session } of all) session.close();
      const timer = setTimeout(() => {
        for (const { session } of all) session.destroy();
      }, graceMs);
      await Promise.all(all.map((connection) => connection.closed));
      clearTimeout(timer);
    },
  };
}

interface Call extends Http2Stream {
  readonly isOver: () => boolean;
  fail(failure: Http2Failure): void;
  /** Throws where the connection cannot take a stream any more. */
  send(connection: Http2Connection): void;
}

/** Finds a connection that takes the call: one that is found going away costs another try, not the call. */
async function dispatch(call: Call, pick: () => Http2Connection): Promise<void> {
  let reason = "";
  for (let attempt = 0; attempt < maxTries; attempt++) {
    try {
      const connection = pick();
      await connection.ready;
      if (call.isOver()) return;
      if (!connection.usable()) continue;
      call.send(connection);
      return;
    } catch (error) {
      reason = messageOf(error);
      if (!(error instanceof StreamRefused)) break;
    }
  }
  call.fail({
    kind: "dial",
    resetCode: 0,
    reason: reason === "" ? "connection closes again and again" : reason,
  });
}

/** The session said no to a new stream. */
class StreamRefused extends Error {}

function createCall(request: Http2Request, handler: Http2StreamHandler): Call {
  let over = false;
  let paused = false;
  let answered = false;
  let stream: http2.ClientHttp2Stream | undefined;
  let connection: Http2Connection | undefined;
  const end = (failure: Http2Failure | undefined) => {
    if (over) return;
    over = true;
    handler.onEnd(failure);
  };
  return {
    isOver: () => over,
    fail: end,
    send(target) {
      const opened = openStream(target, request);
      stream = opened;
      connection = target;
      opened.pause(); // Deno tells of data before it tells of the response.
      opened.on("data", (bytes: Uint8Array) => {
        target.sawBytes();
        if (!over) handler.onData(bytes);
      });
      opened.on("response", (headers) => {
        target.sawBytes();
        answered = true;
        if (!over) handler.onHeaders(Number(headers[":status"] ?? 0), headers);
        if (!paused) opened.resume();
      });
      opened.on("trailers", (headers) => {
        if (!over) handler.onTrailers(headers);
      });
      endOf(target, opened, end);
      opened.end(request.body);
    },
    pause() {
      paused = true;
      stream?.pause();
    },
    resume() {
      paused = false;
      if (answered) stream?.resume();
    },
    cancel() {
      if (over) return;
      over = true;
      if (stream === undefined || connection === undefined || stream.closed) return;
      connection.resets += 1;
      stream.close(http2.constants.NGHTTP2_CANCEL);
      stream.resume(); // What still lies in its buffer goes to nobody.
    },
  };
}

function openStream(connection: Http2Connection, request: Http2Request): http2.ClientHttp2Stream {
  try {
    return connection.session.request({
      ":method": "POST",
      ":path": request.path,
      ...(request.authority === undefined ? {} : { ":authority": request.authority }),
      ...request.headers,
    });
  } catch (error) {
    throw new StreamRefused(messageOf(error), { cause: error });
  }
}

/** Calls `end` when the stream is gone and all that it brought has been handed on; maybe once more after that. */
function endOf(
  connection: Http2Connection,
  stream: http2.ClientHttp2Stream,
  end: (failure: Http2Failure | undefined) => void,
): void {
  let cause: unknown;
  let answered = false;
  let trailers = false;
  let whole = false;
  const judge = () => {
    const resetCode = stream.rstCode ?? 0;
    const lost = connection.isLost() || connection.failure() !== undefined;
    if (cause === undefined && resetCode === 0 && whole && answered && !lost) return end(undefined);
    const refused = resetCode === http2.constants.NGHTTP2_REFUSED_STREAM;
    const untouched = !answered && (lost || resetCode === 0);
    end({
      kind: refused || untouched ? "unprocessed" : lost ? "lost" : "reset",
      resetCode,
      reason: failureReason(connection, lost, resetCode, cause),
    });
  };
  const removeStream = connection.addStream(() => {
    removeStream();
    judge();
  });
  stream.on("error", (error) => {
    cause = error;
  });
  stream.once("response", () => {
    answered = true;
  });
  stream.once("trailers", () => {
    trailers = true;
  });
  stream.once("end", () => {
    whole = true;
  });
  stream.once("close", () => {
    removeStream();
    if (trailers && whole) end(undefined);
    else setImmediate(judge); // Deno ends streams in good order before it tells that their connection is lost.
  });
}

function failureReason(
  connection: Http2Connection,
  lost: boolean,
  resetCode: number,
  cause: unknown,
): string {
  const known = connection.failure();
  if (known !== undefined) return known;
  if (lost) return "connection ended in the middle of the call";
  if (resetCode !== 0) return `stream was reset by the peer (HTTP/2 error code ${resetCode})`;
  return cause === undefined ? "stream ended in the middle of the call" : connectionErrorReason(cause);
}
