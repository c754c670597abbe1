import { connect as connectSocket, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { onDeno } from "./process.ts";
import { type ClientTls, clientTlsOptions } from "./tls.ts";

export interface ClientSocketOptions {
  /** `host:port`, with brackets around an IPv6 host. */
  readonly address: string;
  /** `undefined`: plain text. */
  readonly tls: ClientTls | undefined;
  /** In the order of preference. */
  readonly protocols: readonly string[];
}

/** A socket that is on its way to a server. */
export interface ClientSocket {
  readonly socket: Socket;
  /** Hears of all bytes, if called before any come in; they are lent until `listener` returns. */
  read(listener: (bytes: Uint8Array) => void): void;
}

/** As much as one read takes. All sockets share it: a read is handed on before the next one begins. */
let readBuffer: Uint8Array | undefined;
const readBytes = 256 * 1024;

/**
 * Opens a socket. On Node it reads into memory that is used again, as memory made for each read is most of what its garbage
 * collector sees of a stream; Deno reads ahead and cannot.
 */
export function openClientSocket(options: ClientSocketOptions): ClientSocket {
  if (onDeno) {
    const socket = connect(options, {});
    return { socket, read: (listener) => void socket.on("data", listener) };
  }
  let hear: (bytes: Uint8Array) => void = () => undefined;
  readBuffer ??= new Uint8Array(readBytes);
  const callback = (count: number, buffer: Uint8Array) => {
    hear(buffer.subarray(0, count));
    return true;
  };
  return {
    socket: connect(options, { onread: { buffer: readBuffer, callback } }),
    read(listener) {
      hear = listener;
    },
  };
}

interface Reading {
  readonly onread?: {
    readonly buffer: Uint8Array;
    readonly callback: (count: number, buffer: Uint8Array) => boolean;
  };
}

function connect(options: ClientSocketOptions, reading: Reading): Socket {
  const split = options.address.lastIndexOf(":");
  const host = options.address.slice(0, split).replace(/^\[|\]$/g, "");
  const target = {
    host,
    port: Number(options.address.slice(split + 1)),
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: 30_000,
    ...reading,
  };
  if (options.tls === undefined) return connectSocket(target);
  return connectTls({
    ...target,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...clientTlsOptions(options.tls),
    ALPNProtocols: [...options.protocols],
  });
}
