import { decode, encode, type Packet, RECURSION_DESIRED } from "dns-packet";
import type { MessageBytes } from "../../runtime/dns-sockets.ts";

export type DnsType = "A" | "AAAA" | "SRV";

export interface DnsQuestion {
  /** Without a dot at its end. */
  readonly name: string;
  readonly type: DnsType;
}

/** A record that discovery has a use for; `name` is whose it is, in lower case. */
export type DnsRecord =
  | { readonly type: "A" | "AAAA"; readonly name: string; readonly ttlS: number; readonly address: string }
  | {
      readonly type: "SRV";
      readonly name: string;
      readonly ttlS: number;
      readonly target: string;
      readonly port: number;
    }
  | { readonly type: "CNAME"; readonly name: string; readonly ttlS: number; readonly target: string };

export interface DnsAnswer {
  /** `NOERROR`, `NXDOMAIN`, `SERVFAIL`, `REFUSED`, … */
  readonly rcode: string;
  readonly truncated: boolean;
  /** Empty where it is truncated. */
  readonly records: readonly DnsRecord[];
}

/** What fits a datagram on every path (DNS flag day 2020). */
const udpPayloadSize = 1232;

/** Bytes of a question; `edns` lets the server answer with more than 512 bytes. */
export function encodeQuestion({ name, type }: DnsQuestion, id: number, edns: boolean): Uint8Array {
  return encode({
    type: "query",
    id,
    flags: RECURSION_DESIRED,
    questions: [{ name, type, class: "IN" }],
    ...(edns
      ? {
          additionals: [
            {
              type: "OPT" as const,
              name: ".",
              udpPayloadSize,
              extendedRcode: 0,
              ednsVersion: 0,
              flags: 0,
              flag_do: false,
              options: [],
            },
          ],
        }
      : {}),
  });
}

/** The answer to a question; `undefined` for bytes that are none, or that answer another one. */
export function decodeAnswer(bytes: MessageBytes, question: DnsQuestion, id: number): DnsAnswer | undefined {
  if (bytes.length < 12) return undefined;
  const header = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const flags = header.getUint16(2);
  if (header.getUint16(0) !== id || (flags & 0x8000) === 0) return undefined;
  // What is left of a truncated message need not make sense.
  if ((flags & 0x0200) !== 0) return { rcode: rcodeOf(flags), truncated: true, records: [] };
  const packet = decodePacket(bytes);
  const rcode = rcodeOf(flags);
  if (packet === undefined || !repeats(packet, question, rcode)) return undefined;
  return { rcode, truncated: false, records: (packet.answers ?? []).flatMap(recordOf) };
}

/** Names are the same whatever the case of their letters and whether a dot ends them. */
export function plainName(name: string): string {
  return name.replace(/\.$/, "").toLowerCase();
}

/** Whether a name can be asked for: labels of at most 63 bytes, 253 together. */
export function isDnsName(name: string): boolean {
  return name.length <= 254 && /^(?:[A-Za-z0-9_-]{1,63}\.)*[A-Za-z0-9_-]{1,63}\.?$/.test(name);
}

function decodePacket(bytes: MessageBytes): Packet | undefined {
  try {
    const packet = decode(bytes);
    // It does not notice records that would go on past the end.
    return decode.bytes > bytes.length ? undefined : packet;
  } catch {
    return undefined; // Whoever sends bytes that are no message is not the one that was asked.
  }
}

/** Whether the question comes back with the answer. A server that refuses or cannot read it may leave it out. */
function repeats({ questions = [] }: Packet, { name, type }: DnsQuestion, rcode: string): boolean {
  const [first] = questions;
  if (first === undefined) return rcode !== "NOERROR" && rcode !== "NXDOMAIN";
  return questions.length === 1 && first.type === type && plainName(first.name) === plainName(name);
}

function recordOf(answer: NonNullable<Packet["answers"]>[number]): DnsRecord[] {
  const { name } = answer;
  const ttlS = "ttl" in answer && typeof answer.ttl === "number" ? answer.ttl : 0;
  const own = { name: plainName(name), ttlS };
  switch (answer.type) {
    case "A":
    case "AAAA":
      return [{ ...own, type: answer.type, address: answer.data }];
    case "CNAME":
      return [{ ...own, type: "CNAME", target: answer.data }];
    case "SRV":
      return [{ ...own, type: "SRV", target: answer.data.target, port: answer.data.port }];
    default:
      return [];
  }
}

const rcodes = [
  "NOERROR",
  "FORMERR",
  "SERVFAIL",
  "NXDOMAIN",
  "NOTIMP",
  "REFUSED",
  "YXDOMAIN",
  "YXRRSET",
  "NXRRSET",
  "NOTAUTH",
  "NOTZONE",
];

function rcodeOf(flags: number): string {
  return rcodes[flags & 0xf] ?? `RCODE${flags & 0xf}`;
}
