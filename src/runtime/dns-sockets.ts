import { Buffer } from "node:buffer";
import { createSocket } from "node:dgram";
import { connect, isIPv6 } from "node:net";
import { clearTimeout, setTimeout } from "node:timers";
import { GatewayError, messageOf } from "../lib/errors.ts";

/** Bytes as dns-packet reads them. */
export type MessageBytes = Buffer;

/** One question to one server. */
export interface SocketQuestion {
  /** An IP address. */
  readonly host: string;
  readonly port: number;
  readonly message: Uint8Array;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Whether bytes that came in are the answer; what is not is passed over. Must not throw. */
  accepts(bytes: MessageBytes): boolean;
}

/**
 * Sends one datagram from a port of its own and waits for the answer; what others send there is not heard.
 * Throws GatewayError `timeout` or `unavailable`, or the signal's reason.
 */
export function askOverUdp(question: SocketQuestion): Promise<MessageBytes> {
  const { host, port, message, accepts } = question;
  const socket = createSocket(isIPv6(host) ? "udp6" : "udp4");
  return bounded(question, (settle) => {
    socket.on("error", (error) => settle.fail(unreachable(error)));
    socket.on("message", (bytes, from) => {
      if (from.port === port && accepts(bytes)) settle.done(bytes);
    });
    // Connected, so that the system drops datagrams of others and tells of refused ones.
    socket.connect(port, host, () => {
      socket.send(message, (error) => {
        if (error instanceof Error) settle.fail(unreachable(error));
      });
    });
    return () => socket.close();
  });
}

/** The same over a connection of its own, each message after two bytes of its length. */
export function askOverTcp(question: SocketQuestion): Promise<MessageBytes> {
  const { host, port, message, accepts } = question;
  return bounded(question, (settle) => {
    const socket = connect({ host, port });
    const framed = Buffer.alloc(message.length + 2);
    framed.writeUInt16BE(message.length, 0);
    framed.set(message, 2);
    let held: MessageBytes = Buffer.alloc(0);
    socket.on("connect", () => socket.write(framed));
    socket.on("error", (error) => settle.fail(unreachable(error)));
    socket.on("close", () => settle.fail(new GatewayError("unavailable", "the connection was closed")));
    socket.on("data", (piece: MessageBytes) => {
      held = Buffer.concat([held, piece]);
      while (held.length >= 2) {
        const end = 2 + held.readUInt16BE(0);
        if (held.length < end) return;
        const bytes = held.subarray(2, end);
        held = held.subarray(end);
        if (accepts(bytes)) return settle.done(bytes);
      }
    });
    return () => socket.destroy();
  });
}

interface Settle {
  done(bytes: MessageBytes): void;
  fail(reason: unknown): void;
}

/** Runs `begin` until it settles, the time is up or the signal aborts, and then what it returned. */
function bounded(
  { timeoutMs, signal }: SocketQuestion,
  begin: (settle: Settle) => () => void,
): Promise<MessageBytes> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    let over = false;
    let free: () => void = () => undefined;
    const end = () => {
      over = true;
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
      free();
    };
    const fail = (reason: unknown) => {
      if (over) return;
      end();
      reject(reason);
    };
    const stop = () => fail(signal.reason);
    const timer = setTimeout(
      () => fail(new GatewayError("timeout", `no answer within ${timeoutMs / 1000}s`)),
      timeoutMs,
    );
    signal.addEventListener("abort", stop, { once: true });
    const done = (bytes: MessageBytes) => {
      if (over) return;
      end();
      resolve(bytes);
    };
    free = begin({ done, fail });
    if (over) free();
  });
}

function unreachable(error: unknown): GatewayError {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return new GatewayError("unavailable", reasons[code] ?? messageOf(error), { cause: error });
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nobody listens there",
  EHOSTUNREACH: "no way to the host",
  ENETUNREACH: "no way to the network",
  ECONNRESET: "the connection was reset",
};
