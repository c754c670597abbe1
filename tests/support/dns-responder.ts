import { createSocket } from "node:dgram";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Answer, AUTHORITATIVE_ANSWER, decode, encode, type Packet } from "dns-packet";

export interface AskedQuestion {
  readonly name: string;
  readonly type: string;
  readonly over: "udp" | "tcp";
  readonly packet: Packet;
}

/** What a server sends back: records, an rcode, bytes as they are (each a message of its own), or nothing. */
export type ScriptedReply =
  | { readonly answers: readonly Answer[]; readonly rcode?: number; readonly truncated?: boolean }
  | { readonly rcode: number }
  | { readonly bytes: readonly Uint8Array[] }
  | "silence";

/** A DNS server on loopback that says what a test tells it to. */
export interface DnsResponder {
  readonly port: number;
  readonly asked: AskedQuestion[];
  /** Path of a resolv.conf that names this server; `more` are further lines. */
  conf(...more: string[]): string;
  close(): Promise<void>;
}

export const rcodes = { FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 };

/** Starts a server over UDP and TCP that answers each question with `reply`. */
export async function startDnsResponder(
  reply: (question: AskedQuestion) => ScriptedReply,
): Promise<DnsResponder> {
  const asked: AskedQuestion[] = [];
  const open = new Set<Socket>();
  const folder = mkdtempSync(join(tmpdir(), "sluice-dns-"));
  const messagesFor = (bytes: Buffer, over: "udp" | "tcp"): readonly Uint8Array[] => {
    const packet = decode(bytes);
    const [question] = packet.questions ?? [];
    if (question === undefined) return [];
    const one = { name: question.name.toLowerCase(), type: question.type, over, packet };
    asked.push(one);
    const scripted = reply(one);
    if (scripted === "silence") return [];
    return "bytes" in scripted ? scripted.bytes : [encodeReply(packet, scripted)];
  };
  const tcp = createServer((socket) => {
    open.add(socket);
    let held: Buffer = Buffer.alloc(0);
    socket.on("close", () => open.delete(socket));
    socket.on("error", () => undefined);
    socket.on("data", (piece: Buffer) => {
      held = Buffer.concat([held, piece]);
      if (held.length < 2 || held.length < 2 + held.readUInt16BE(0)) return;
      for (const message of messagesFor(held.subarray(2), "tcp")) {
        const length = Buffer.alloc(2);
        length.writeUInt16BE(message.length);
        // In two pieces, as it may come.
        socket.write(Buffer.concat([length, message.subarray(0, 1)]));
        socket.write(message.subarray(1));
      }
    });
  });
  await new Promise<void>((resolve) => tcp.listen(0, "127.0.0.1", resolve));
  const address = tcp.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const udp = createSocket("udp4");
  udp.on("message", (bytes, from) => {
    for (const message of messagesFor(bytes, "udp")) udp.send(message, from.port, from.address);
  });
  await new Promise<void>((resolve) => udp.bind(port, "127.0.0.1", resolve));
  return {
    port,
    asked,
    conf(...more) {
      const path = join(folder, "resolv.conf");
      writeFileSync(path, [`nameserver [127.0.0.1]:${port}`, ...more, ""].join("\n"));
      return path;
    },
    async close() {
      for (const socket of open) socket.destroy();
      rmSync(folder, { recursive: true, force: true });
      await new Promise<void>((resolve) => udp.close(() => resolve()));
      await new Promise<void>((resolve) => tcp.close(() => resolve()));
    },
  };
}

/** The answer to a question, as a server would write it. */
export function encodeReply(
  { id, questions }: Packet,
  reply: { readonly answers?: readonly Answer[]; readonly rcode?: number; readonly truncated?: boolean },
): Uint8Array {
  const truncated = reply.truncated === true ? 0x0200 : 0;
  return encode({
    type: "response",
    id: id ?? 0,
    flags: AUTHORITATIVE_ANSWER | truncated | (reply.rcode ?? 0),
    questions: questions ?? [],
    answers: [...(reply.answers ?? [])],
  });
}

export const aRecord = (name: string, data: string, ttl = 60): Answer => ({ type: "A", name, data, ttl });
export const aaaaRecord = (name: string, data: string, ttl = 60): Answer => ({
  type: "AAAA",
  name,
  data,
  ttl,
});
export const cnameRecord = (name: string, data: string, ttl = 60): Answer => ({
  type: "CNAME",
  name,
  data,
  ttl,
});
export const srvRecord = (name: string, target: string, port: number, ttl = 60): Answer => ({
  type: "SRV",
  name,
  ttl,
  data: { target, port, priority: 0, weight: 0 },
});
