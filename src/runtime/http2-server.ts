import http from "node:http";
import http2 from "node:http2";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { clearTimeout, setTimeout } from "node:timers";
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from "node:tls";
import { systemClock } from "./clock.ts";
import { guardDenoSession } from "./deno-http2-guard.ts";
import { peekProtocol } from "./protocol-peek.ts";
import { noteRemoteAddress, refusedCertificateReason, remoteAddressOf } from "./refused-certificate.ts";
import { exchangeOfMessage, exchangeOfStream, type ServerExchange } from "./server-exchange.ts";
import { isStillTrusted, type ServerTls, serverTlsOptions } from "./tls.ts";

export interface Http2ServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** `undefined` for plain text, on which HTTP/2 needs prior knowledge. */
  readonly tls: ServerTls | undefined;
  /** Answers through the exchange. One that rejects or throws is reset. */
  readonly handle: (exchange: ServerExchange) => Promise<void>;
  /** After this a connection takes no new streams; the peer is told, and opens another. */
  readonly maxConnectionAgeMs: number;
  /** Handlers that failed, and errors that no request can be blamed for. */
  readonly onError: (error: unknown) => void;
  /** Handshakes and connections that failed; for a debug log. */
  readonly onConnectionError?: ((error: unknown, remoteAddress: string) => void) | undefined;
  /** Clients turned away for the certificate that they showed or did not show. */
  readonly onRefusedCertificate?: ((reason: string, remoteAddress: string) => void) | undefined;
}

export interface Http2Server {
  /** `host:port` as bound. */
  readonly address: string;
  /**
   * New connections use this certificate and client authority; only where the server was started with TLS. Connections of clients
   * that the authority does not stand behind any more are told to go (GOAWAY), and cut where they are not gone in 30 s.
   */
  setTls(tls: ServerTls): void;
  /** Takes no new calls, waits for those in flight up to `graceMs`, then cuts them. */
  close(graceMs: number): Promise<void>;
}

/** Limits of one HTTP/2 connection. Node's default ends it after some 1,000 resets, which a busy gateway sends in a minute. */
const sessionOptions: http2.ServerOptions = {
  maxSessionMemory: 64,
  maxSessionInvalidFrames: 100,
  streamResetBurst: 20_000,
  streamResetRate: 2_000,
  settings: { maxConcurrentStreams: 2_000, maxHeaderListSize: 64 * 1024, enablePush: false },
};
const maxHeaderBytes = 64 * 1024;
/** Between telling a peer that its connection grows old and refusing its new streams. */
const goawayLeadMs = 1_000;
/** How long calls may go on over a connection of a client that is not trusted any more. */
const distrustGraceMs = 30_000;
/** Above the 60 s of usual load balancers. */
const keepAliveMs = 75_000;

/** Listens for HTTP/2 and HTTP/1.1 on one port. Rejects with the system's error where the address cannot be bound. */
export async function listenHttp2(options: Http2ServerOptions): Promise<Http2Server> {
  const sockets = new Set<Socket>();
  const sessions: Sessions = new Map();
  let arriving: Socket | undefined;
  let clientCaPem = options.tls?.clientCaPem;
  let changedMs = Number.NEGATIVE_INFINITY;
  const isTrusted = (socket: Socket | undefined) =>
    isStillTrusted(socket, { caPem: clientCaPem, skipVerify: false });
  const h2 = createH2(options, (session) => {
    sessions.set(session, arriving);
    session.once("close", () => sessions.delete(session));
    // Its handshake may have begun before the authorities changed.
    const mayBeOld = systemClock.monotonicMs() - changedMs < tlsListenOptions.handshakeTimeout;
    if (mayBeOld && !isTrusted(arriving)) drain(session, distrustGraceMs);
  });
  const h1 = createH1(options);
  const undecided = new Set<Socket>();
  const front = createFront(options, undecided, (protocol, socket) => {
    arriving = socket;
    (protocol === "h2" ? h2 : h1.server).emit("connection", socket);
    arriving = undefined;
  });
  let closing = false;
  front.on("connection", (socket: Socket) => {
    if (closing) return void socket.destroy(); // It was on its way when listening ended.
    sockets.add(socket);
    noteRemoteAddress(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", (error) => options.onConnectionError?.(error, socket.remoteAddress ?? ""));
  });
  await bind(front, options);
  front.on("error", options.onError);
  return {
    address: addressOf(front),
    setTls(tls) {
      if (!("setSecureContext" in front)) return;
      front.setSecureContext(serverTlsOptions(tls));
      if (tls.clientCaPem === clientCaPem) return;
      clientCaPem = tls.clientCaPem;
      changedMs = systemClock.monotonicMs();
      for (const [session, socket] of sessions) if (!isTrusted(socket)) drain(session, distrustGraceMs);
      h1.retire((socket) => !isTrusted(socket), distrustGraceMs);
    },
    close(graceMs) {
      closing = true;
      return closeAll({ front, h1, sessions, sockets, undecided }, graceMs);
    },
  };
}

/** Each with its connection: on Deno a session does not know its own. */
type Sessions = Map<http2.ServerHttp2Session, Socket | undefined>;

function createH2(
  options: Http2ServerOptions,
  onSession: (session: http2.ServerHttp2Session) => void,
): http2.Http2Server {
  const server = http2.createServer(sessionOptions);
  const report = (error: unknown) => options.onConnectionError?.(error, "");
  server.on("sessionError", report);
  server.on("session", (session) => {
    guardDenoSession(session, report);
    session.on("error", report);
    onSession(session);
    session.once("close", age(session, options.maxConnectionAgeMs));
  });
  server.on("stream", (stream, headers) => {
    serve(options, exchangeOfStream(stream, headers));
  });
  return server;
}

interface H1 {
  readonly server: http.Server;
  /** Ends connections without a request, and others after their request. */
  close(): void;
  /**
   * The same for those that `isUnwanted` names, and cuts those that are left after `graceMs`: on Deno, which does not say when an
   * answer over TLS has left, all that ever had a request.
   */
  retire(isUnwanted: (socket: Socket) => boolean, graceMs: number): void;
}

/** Counts requests by connection: a server that is handed its connections does not know which are idle. */
function createH1(options: Http2ServerOptions): H1 {
  const active = new Map<Socket, number>();
  const retired = new WeakSet<Socket>();
  let closing = false;
  const scheme = options.tls === undefined ? "http" : "https";
  const server = http.createServer({ maxHeaderSize: maxHeaderBytes }, (incoming, outgoing) => {
    const { socket } = incoming;
    active.set(socket, (active.get(socket) ?? 0) + 1);
    outgoing.once("close", () => {
      const requests = active.get(socket);
      if (requests === undefined) return;
      const left = requests - 1;
      active.set(socket, left);
      if ((closing || retired.has(socket)) && left === 0) socket.end();
    });
    serve(options, exchangeOfMessage(incoming, outgoing, scheme));
  });
  server.on("connection", (socket: Socket) => {
    active.set(socket, 0);
    socket.once("close", () => active.delete(socket));
  });
  server.keepAliveTimeout = keepAliveMs;
  server.headersTimeout = keepAliveMs + 5_000;
  server.requestTimeout = 0;
  server.on("clientError", (error, socket) => {
    options.onConnectionError?.(error, "");
    if (!socket.writable) return void socket.destroy();
    socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  });
  return {
    server,
    close() {
      closing = true;
      for (const [socket, requests] of active) if (requests === 0) socket.destroy();
    },
    retire(isUnwanted, graceMs) {
      for (const [socket, requests] of active) {
        if (!isUnwanted(socket)) continue;
        retired.add(socket);
        if (requests === 0) socket.destroy();
        else systemClock.after(graceMs, () => socket.destroy());
      }
    },
  };
}

function serve(options: Http2ServerOptions, exchange: ServerExchange): void {
  const failed = (error: unknown) => {
    options.onError(error);
    exchange.reset();
  };
  try {
    options.handle(exchange).catch(failed);
  } catch (error) {
    failed(error);
  }
}

type Front = Server | TlsServer;

const tlsListenOptions = {
  ALPNProtocols: ["h2", "http/1.1"],
  handshakeTimeout: 10_000,
  noDelay: true,
  keepAlive: true,
};

function createFront(
  options: Http2ServerOptions,
  undecided: Set<Socket>,
  route: (protocol: "h2" | "http/1.1", socket: Socket) => void,
): Front {
  if (options.tls === undefined) {
    return createServer({ noDelay: true, keepAlive: true }, (socket) => {
      undecided.add(socket);
      socket.once("close", () => undecided.delete(socket));
      peekProtocol(socket, (protocol) => {
        undecided.delete(socket);
        route(protocol, socket);
      });
    });
  }
  const server = createTlsServer(
    { ...serverTlsOptions(options.tls), ...tlsListenOptions },
    (socket: TLSSocket) => {
      socket.on("error", (error) => options.onConnectionError?.(error, socket.remoteAddress ?? ""));
      route(socket.alpnProtocol === "h2" ? "h2" : "http/1.1", socket);
    },
  );
  server.on("tlsClientError", (error, socket) => {
    const reason = refusedCertificateReason(error, socket);
    const remoteAddress = remoteAddressOf(socket);
    if (reason === undefined) options.onConnectionError?.(error, remoteAddress);
    else options.onRefusedCertificate?.(reason, remoteAddress);
    socket.destroy();
  });
  return server;
}

/** Ends a connection when its time is over. */
function age(session: http2.ServerHttp2Session, maxAgeMs: number): () => void {
  if (maxAgeMs <= 0 || !Number.isFinite(maxAgeMs)) return () => undefined;
  return systemClock.after(maxAgeMs * (0.9 + Math.random() * 0.2), () => drain(session, undefined));
}

/** First a warning, then no new streams, and the end after the last stream, or after `graceMs`. */
function drain(session: http2.ServerHttp2Session, graceMs: number | undefined): void {
  if (session.destroyed || session.closed) return;
  session.goaway(http2.constants.NGHTTP2_NO_ERROR, 0x7fff_ffff);
  const stops = [
    systemClock.after(goawayLeadMs, () => {
      if (!session.destroyed) session.close();
    }),
  ];
  if (graceMs !== undefined) stops.push(systemClock.after(graceMs, () => session.destroy()));
  session.once("close", () => {
    for (const stop of stops) stop();
  });
}

function bind(server: Front, { host, port }: Http2ServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port, backlog: 1024 }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function addressOf(server: Front): string {
  const { address, port, family } = server.address() as AddressInfo;
  return family === "IPv6" ? `[${address}]:${port}` : `${address}:${port}`;
}

interface Parts {
  readonly front: Front;
  readonly h1: H1;
  readonly sessions: ReadonlyMap<http2.ServerHttp2Session, Socket | undefined>;
  readonly sockets: ReadonlySet<Socket>;
  /** Connections that have not said yet what they speak. */
  readonly undecided: ReadonlySet<Socket>;
}

function closeAll({ front, h1, sessions, sockets, undecided }: Parts, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      for (const session of sessions.keys()) session.destroy();
      for (const socket of sockets) socket.destroy();
    }, graceMs);
    front.close(() => {
      clearTimeout(timer);
      resolve();
    });
    for (const session of sessions.keys()) session.close();
    for (const socket of undecided) socket.destroy();
    h1.close();
  });
}
