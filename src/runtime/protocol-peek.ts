import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { systemClock } from "./clock.ts";

const preface = new TextEncoder().encode("PRI * HTTP/2.0");

/** A connection that says nothing for so long is ended. */
const firstByteMs = 30_000;

/**
 * Tells HTTP/2 with prior knowledge from HTTP/1 by the first bytes of a connection, which stay in the socket for whoever gets it.
 * Reads with `readable` and not with `data`: a socket that has flowed once loses its preface on Node.
 */
export function peekProtocol(socket: Socket, decide: (protocol: "h2" | "http/1.1") => void): void {
  const stopTimer = systemClock.after(firstByteMs, () => socket.destroy());
  const stop = () => {
    stopTimer();
    socket.off("readable", look);
    socket.off("end", giveUp);
    socket.off("close", stop);
  };
  const giveUp = () => {
    stop();
    socket.destroy();
  };
  let head: Buffer = Buffer.alloc(0);
  const look = () => {
    const more: Buffer | null = socket.read();
    if (more === null) return;
    head = Buffer.concat([head, more]);
    const shared = sharedLength(head);
    if (shared === head.length && shared < preface.length) return; // Too short to tell.
    stop();
    socket.unshift(head);
    decide(shared === preface.length ? "h2" : "http/1.1");
  };
  socket.on("readable", look);
  socket.once("end", giveUp);
  socket.once("close", stop);
}

function sharedLength(head: Uint8Array): number {
  let at = 0;
  while (at < head.length && at < preface.length && head[at] === preface[at]) at++;
  return at;
}
