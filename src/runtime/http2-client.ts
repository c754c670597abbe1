import { clearTimeout, setImmediate, setTimeout } from "node:timers";
import { messageOf } from "../lib/errors.ts";
import type { Http2Failure, Http2Request, Http2Stream, Http2StreamHandler } from "./http2-call.ts";
import {
  type Http2Connection,
  type Http2ConnectionOptions,
  openHttp2Connection,
} from "./http2-connection.ts";
import { ClientStream } from "./http2-stream.ts";

export type {
  Http2Failure,
  Http2Headers,
  Http2Request,
  Http2Stream,
  Http2StreamHandler,
} from "./http2-call.ts";

export interface Http2ClientOptions {
  /** Read anew for every connection, so that new certificates and windows need no restart. */
  readonly connection: () => Http2ConnectionOptions;
  /** Calls `listener` when the TLS of `connection` has changed, until the returned function is called. */
  readonly onTlsChange?: ((listener: () => void) => () => void) | undefined;
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
/** How long calls may go on over a connection to a server that is not trusted any more. */
const distrustGraceMs = 30_000;

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
    if (current?.usable() && current.session.resets < maxResets) return current;
    current?.close();
    current = open();
    return current;
  };

  const recheck = (connection: Http2Connection) => {
    if (!connection.isTrustedBy(options.connection().tls)) connection.drain(distrustGraceMs);
  };
  const stopHearing = options.onTlsChange?.(() => {
    for (const connection of live) {
      if (connection.isReady()) recheck(connection);
      else void connection.ready.then(() => recheck(connection)).catch(() => undefined); // Its callers hear why.
    }
  });

  return {
    start(request, handler) {
      const stream = new ClientStream(request, handler);
      if (closed) setImmediate(() => stream.fail(dialFailure("client is closed")));
      else if (current?.isReady() && current === pick()) stream.send(current.session);
      else void dispatch(stream, pick);
      return stream;
    },
    async close(graceMs) {
      closed = true;
      stopHearing?.();
      const all = [...live];
      for (const connection of all) connection.close();
      const timer = setTimeout(() => {
        for (const connection of all) connection.destroy();
      }, graceMs);
      await Promise.all(all.map((connection) => connection.closed));
      clearTimeout(timer);
    },
  };
}

/** Finds a connection that takes the call: one that is found going away costs another try, not the call. */
async function dispatch(stream: ClientStream, pick: () => Http2Connection): Promise<void> {
  try {
    for (let attempt = 0; attempt < maxTries; attempt++) {
      const connection = pick();
      await connection.ready;
      if (stream.isOver) return;
      if (connection.usable()) return stream.send(connection.session);
    }
    stream.fail(dialFailure("connection closes again and again"));
  } catch (error) {
    stream.fail(dialFailure(messageOf(error)));
  }
}

function dialFailure(reason: string): Http2Failure {
  return { kind: "dial", resetCode: 0, reason };
}
