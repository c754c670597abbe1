import type { Socket } from "node:net";
import { setImmediate } from "node:timers";
import { openClientSocket } from "./client-socket.ts";
import { type Clock, systemClock } from "./clock.ts";
import { connectionErrorReason } from "./connection-errors.ts";
import { http2Error } from "./http2-frames.ts";
import { Http2Session } from "./http2-session.ts";
import { type ClientTls, isStillTrusted } from "./tls.ts";

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
  readonly session: Http2Session;
  /** Resolves when the peer's SETTINGS are in; rejects with an Error whose message is a plain reason. */
  readonly ready: Promise<void>;
  isReady(): boolean;
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>;
  /** Whether new streams may be opened: no GOAWAY so far, not closing. */
  usable(): boolean;
  /** Whether the peer said GOAWAY because of too many PINGs. */
  wasToldToCalmDown(): boolean;
  /** Lets streams in flight end, and takes no more. */
  close(): void;
  /** The same, and cuts those that are left after `graceMs`. */
  drain(graceMs: number): void;
  destroy(): void;
  /** Whether the peer would be let in with `tls` too; once the connection is ready. */
  isTrustedBy(tls: ClientTls | undefined): boolean;
}

/** Opens a connection. It keeps its error listeners for life, so that no failure of it can end the process. */
export function openHttp2Connection(options: Http2ConnectionOptions): Http2Connection {
  const clock = options.clock ?? systemClock;
  const isTls = options.tls !== undefined;
  let failure: string | undefined;
  let toldToCalmDown = false;
  let isReady = false;
  let isLost = false;
  let lastBytesMs = clock.monotonicMs();
  let becameReady: () => void = () => undefined;

  const { socket, read } = openClientSocket({
    address: options.address,
    tls: options.tls,
    protocols: ["h2"],
  });
  const fail = (reason: string) => {
    failure ??= reason;
    socket.destroy();
  };
  const sawBytes = () => {
    lastBytesMs = clock.monotonicMs();
  };
  const session = new Http2Session({
    socket,
    read,
    isTls,
    authority: options.address,
    streamWindowBytes: options.streamWindowBytes,
    events: {
      onReady: () => becameReady(),
      onBytes: sawBytes,
      onGoaway(code) {
        toldToCalmDown = code === http2Error.enhanceYourCalm;
        if (code !== http2Error.noError) failure ??= `peer closed the connection (GOAWAY ${code})`;
      },
      onBroken: (problem) => fail(isReady ? `the peer broke HTTP/2: ${problem}` : "it does not speak HTTP/2"),
      onBusy(busy) {
        if (!busy) return ping.stop();
        sawBytes(); // The time without streams does not count as silence.
        ping.start();
      },
      failure: () => failure,
    },
  });
  const ping = createPinger(session, options, { clock, fail, lastBytesMs: () => lastBytesMs, sawBytes });
  socket.on("error", (error) => {
    failure ??= connectionErrorReason(error);
  });
  const closed = whenGone(socket, () => {
    isLost = true;
    ping.stop();
    session.lost(
      () => failure ?? (session.hasAnswered || !isTls ? cutReason : `${cutReason}, ${untrustedHint}`),
    );
  });
  const ready = new Promise<void>((resolve, reject) => {
    const stopTimer = clock.after(options.connectTimeoutMs, () =>
      fail(`no HTTP/2 connection within ${options.connectTimeoutMs} ms`),
    );
    becameReady = () => {
      stopTimer();
      isReady = true;
      resolve();
    };
    socket.once(isTls ? "secureConnect" : "connect", () => {
      if (isTls && (!("alpnProtocol" in socket) || socket.alpnProtocol !== "h2"))
        fail("it does not speak HTTP/2");
      else session.begin();
    });
    void closed.then(() => {
      stopTimer();
      reject(new Error(failure ?? closedEarlyReason(isTls)));
    });
  });
  ready.catch(() => undefined); // Whoever waits sees it; nobody may be waiting.

  const close = () => (isReady ? session.close() : fail("the connection is closed"));
  return {
    session,
    ready,
    closed,
    isReady: () => isReady,
    usable: () => session.isOpen && !isLost && !socket.destroyed,
    wasToldToCalmDown: () => toldToCalmDown,
    close,
    drain(graceMs) {
      close();
      const stopTimer = clock.after(graceMs, () => fail("the peer's certificate is not trusted any more"));
      void closed.then(stopTimer);
    },
    destroy: () => socket.destroy(),
    isTrustedBy: (tls) => tls?.caPem === options.tls?.caPem || isStillTrusted(socket, tls),
  };
}

/** Calls `onGone` once when the socket ends, and resolves. */
function whenGone(socket: Socket, onGone: () => void): Promise<void> {
  return new Promise((resolve) => {
    let gone = false;
    const end = () => {
      if (gone) return;
      gone = true;
      socket.destroy();
      onGone();
      resolve();
    };
    socket.once("close", end);
    // Node forgets the "close" after an alert of the peer's TLS.
    socket.once("error", () => setImmediate(end));
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
  session: Http2Session,
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

const cutReason = "connection ended in the middle of the call";
/** Node's TLS servers refuse a client certificate by closing without a word, once the handshake is over. */
const untrustedHint = "as servers do that do not trust the client certificate";

function closedEarlyReason(overTls: boolean): string {
  const reason = "peer closed the connection before any HTTP/2 frame";
  return overTls ? `${reason}, ${untrustedHint}` : reason;
}
