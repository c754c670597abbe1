import http2 from "node:http2";
import { connect as connectSocket, isIP, type Socket } from "node:net";
import { setImmediate } from "node:timers";
import { connect as connectTls } from "node:tls";
import { type Clock, systemClock } from "./clock.ts";
import { connectionErrorReason } from "./connection-errors.ts";
import { guardDenoSession } from "./deno-http2-guard.ts";
import { type ClientTls, clientTlsOptions } from "./tls.ts";

export interface Http2ConnectionOptions {
  /** `host:port`, with brackets around an IPv6 host. */
  readonly address: string;
  /** `undefined`: plain text (h2c). */
  readonly tls: ClientTls | undefined;
  /** What a stream may send before it is read; a stream that is not read holds this much. */
  readonly streamWindowBytes: number;
  /** Time for TCP, TLS and the peer's SETTINGS together. */
  readonly connectTimeoutMs: number;
  /** How long a connection with open streams may be silent before a PING. */
  readonly pingIntervalMs: number;
  readonly pingTimeoutMs: number;
  readonly clock?: Clock;
}

/** One HTTP/2 connection and what is known about it. */
export interface Http2Connection {
  readonly session: http2.ClientHttp2Session;
  /** Resolves when the peer's SETTINGS are in; rejects with an Error whose message is a plain reason. */
  readonly ready: Promise<void>;
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>;
  /** Whether new streams may be opened: no GOAWAY so far, not closing. */
  usable(): boolean;
  /** Whether the connection is gone, in order or not. */
  isLost(): boolean;
  /** Why the connection ended; `undefined` while it lives or where it ended in order. */
  failure(): string | undefined;
  /** Whether the peer said GOAWAY because of too many PINGs. */
  wasToldToCalmDown(): boolean;
  /** Count of streams that this side has reset. */
  resets: number;
  /** Notes an open stream; `onLost` is called when the connection is gone before the returned function was. */
  addStream(onLost: () => void): () => void;
  /** Bytes have come in: the peer is alive. */
  sawBytes(): void;
}

/** A session whose socket is gone says so itself within this time, or never. */
const sessionCloseWaitMs = 20;

/** Opens a connection. It keeps its error listeners for life, so that no failure of it can end the process. */
export function openHttp2Connection(options: Http2ConnectionOptions): Http2Connection {
  const clock = options.clock ?? systemClock;
  const streams = new Set<() => void>();
  let failure: string | undefined;
  let goingAway = false;
  let toldToCalmDown = false;
  let lost = false;
  let lastBytesMs = clock.monotonicMs();

  const socket = openSocket(options);
  const session = http2.connect(`${options.tls === undefined ? "http" : "https"}://${options.address}`, {
    createConnection: () => socket,
    settings: { enablePush: false, initialWindowSize: options.streamWindowBytes },
    maxReservedRemoteStreams: 0,
    maxSessionMemory: 64,
  });

  const fail = (reason: string) => {
    failure ??= reason;
    session.destroy();
    socket.destroy();
  };
  const sawBytes = () => {
    lastBytesMs = clock.monotonicMs();
  };
  const ping = createPinger(session, options, { clock, fail, lastBytesMs: () => lastBytesMs, sawBytes });

  session.on("goaway", (code) => {
    goingAway = true;
    toldToCalmDown = code === http2.constants.NGHTTP2_ENHANCE_YOUR_CALM;
    if (code !== http2.constants.NGHTTP2_NO_ERROR) failure ??= `peer closed the connection (GOAWAY ${code})`;
  });
  const noteError = (error: Error) => {
    failure ??= connectionErrorReason(error);
  };
  guardDenoSession(session, noteError);
  session.on("error", noteError);
  socket.on("error", noteError);
  const closed = whenGone({ session, socket, clock }, () => {
    lost = true;
    ping.stop();
  }).then(() => {
    for (const onLost of [...streams]) onLost();
  });
  const ready = whenReady({ session, socket, clock }, options, fail).then(sawBytes);
  const usableOrFailed = Promise.race([
    ready,
    closed.then(() => {
      throw new Error(failure ?? closedEarlyReason(options.tls !== undefined));
    }),
  ]);
  usableOrFailed.catch(() => undefined); // Whoever waits sees it; nobody may be waiting.

  return {
    session,
    ready: usableOrFailed,
    closed,
    resets: 0,
    sawBytes,
    usable: () => !goingAway && !lost && !session.closed && !session.destroyed,
    isLost: () => lost || session.destroyed || socket.destroyed,
    failure: () => failure,
    wasToldToCalmDown: () => toldToCalmDown,
    addStream(onLost) {
      streams.add(onLost);
      if (streams.size === 1) {
        sawBytes(); // The time without streams does not count as silence.
        ping.start();
      }
      return () => {
        streams.delete(onLost);
        if (streams.size === 0) ping.stop();
      };
    },
  };
}

interface Parts {
  readonly session: http2.ClientHttp2Session;
  readonly socket: Socket;
  readonly clock: Clock;
}

/** Calls `onGone` when socket or session end, and resolves when the session's streams have said how they ended. */
function whenGone({ session, socket, clock }: Parts, onGone: () => void): Promise<void> {
  return new Promise((resolve) => {
    let gone = false;
    const end = () => {
      if (gone) return;
      gone = true;
      onGone();
      if (!session.destroyed) session.destroy();
      // Node forgets the "close" of socket and session after an alert of the peer's TLS.
      clock.after(sessionCloseWaitMs, resolve);
    };
    session.once("close", () => {
      end();
      setImmediate(resolve); // A turn later the streams have said themselves how they ended.
    });
    socket.once("close", end);
    socket.once("error", () => setImmediate(end));
  });
}

/** Resolves when the peer's SETTINGS are in; calls `fail` when that takes too long or cannot come. */
function whenReady(
  { session, socket, clock }: Parts,
  { connectTimeoutMs, streamWindowBytes }: Http2ConnectionOptions,
  fail: (reason: string) => void,
): Promise<void> {
  return new Promise((resolve) => {
    const stopTimer = clock.after(connectTimeoutMs, () =>
      fail(`no HTTP/2 connection within ${connectTimeoutMs} ms`),
    );
    socket.once("secureConnect", () => {
      if (!("alpnProtocol" in socket) || socket.alpnProtocol !== "h2") fail("it does not speak HTTP/2");
    });
    session.once("connect", () => session.setLocalWindowSize(Math.max(streamWindowBytes * 2, 65_535)));
    session.once("remoteSettings", () => {
      stopTimer();
      resolve();
    });
    session.once("close", stopTimer);
    socket.once("close", stopTimer);
  });
}

interface PingerView {
  readonly clock: Clock;
  fail(reason: string): void;
  lastBytesMs(): number;
  sawBytes(): void;
}

/** Sends a PING when nothing has come in for a while, and fails the connection when no answer comes. */
function createPinger(
  session: http2.ClientHttp2Session,
  options: Http2ConnectionOptions,
  view: PingerView,
): { start(): void; stop(): void } {
  let running = false;
  let stopTimer: (() => void) | undefined;
  const wait = (ms: number) => {
    stopTimer = view.clock.after(ms, check);
  };
  const check = () => {
    const silentMs = view.clock.monotonicMs() - view.lastBytesMs();
    if (silentMs < options.pingIntervalMs) return wait(options.pingIntervalMs - silentMs);
    stopTimer = view.clock.after(options.pingTimeoutMs, () =>
      view.fail(`no answer to a PING within ${options.pingTimeoutMs} ms`),
    );
    session.ping(() => {
      if (!running) return;
      stopTimer?.();
      view.sawBytes();
      wait(options.pingIntervalMs);
    });
  };
  return {
    start() {
      running = true;
      wait(options.pingIntervalMs);
    },
    stop() {
      running = false;
      stopTimer?.();
    },
  };
}

/** The socket is opened here and not by http2.connect, so that its own errors can be heard. */
function openSocket(options: Http2ConnectionOptions): Socket {
  const split = options.address.lastIndexOf(":");
  const host = options.address.slice(0, split).replace(/^\[|\]$/g, "");
  const target = {
    host,
    port: Number(options.address.slice(split + 1)),
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: 30_000,
  };
  if (options.tls === undefined) return connectSocket(target);
  return connectTls({
    ...target,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...clientTlsOptions(options.tls),
    ALPNProtocols: ["h2"],
  });
}

/** Node's TLS servers refuse a client certificate by closing without a word, once the handshake is over. */
function closedEarlyReason(overTls: boolean): string {
  const reason = "peer closed the connection before any HTTP/2 frame";
  return overTls ? `${reason}, as servers do that do not trust the client certificate` : reason;
}
