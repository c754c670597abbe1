import { GatewayError } from "../../lib/errors.ts";
import { askOverTcp, askOverUdp, type SocketQuestion } from "../../runtime/dns-sockets.ts";
import { randomBytes } from "../../runtime/random.ts";
import { type DnsAnswer, type DnsQuestion, decodeAnswer, encodeQuestion } from "./dns-message.ts";
import type { DnsServer } from "./resolv-conf.ts";

/** What one server says, or why it says nothing. */
export type ServerReply =
  | { readonly kind: "answered"; readonly answer: DnsAnswer }
  | { readonly kind: "silent"; readonly code: "timeout" | "unreachable"; readonly reason: string };

export interface AskOptions {
  readonly timeoutMs: number;
  readonly tcpOnly: boolean;
  readonly signal: AbortSignal;
}

/**
 * Asks one server: over UDP, and over TCP where the answer did not fit. A server that does not know EDNS is asked without it.
 * Rejects with the signal's reason only.
 */
export async function askServer(
  server: DnsServer,
  question: DnsQuestion,
  options: AskOptions,
): Promise<ServerReply> {
  const first = await askWith(server, question, options, true);
  const knowsNoEdns = first.kind === "answered" && ["FORMERR", "NOTIMP"].includes(first.answer.rcode);
  return knowsNoEdns ? askWith(server, question, options, false) : first;
}

async function askWith(
  server: DnsServer,
  question: DnsQuestion,
  { timeoutMs, tcpOnly, signal }: AskOptions,
  edns: boolean,
): Promise<ServerReply> {
  const via = async (ask: (question: SocketQuestion) => Promise<unknown>): Promise<DnsAnswer> => {
    const [high = 0, low = 0] = randomBytes(2);
    const id = high * 256 + low;
    let answer: DnsAnswer | undefined;
    await ask({
      ...server,
      message: encodeQuestion(question, id, edns),
      timeoutMs,
      signal,
      accepts(bytes) {
        answer = decodeAnswer(bytes, question, id);
        return answer !== undefined;
      },
    });
    if (answer === undefined) throw new GatewayError("internal", "a DNS answer was taken unread");
    return answer;
  };
  try {
    const overUdp = tcpOnly ? undefined : await via(askOverUdp);
    const answer = overUdp === undefined || overUdp.truncated ? await via(askOverTcp) : overUdp;
    if (!answer.truncated) return { kind: "answered", answer };
    return { kind: "silent", code: "unreachable", reason: "its answer is truncated over TCP too" };
  } catch (error) {
    if (signal.aborted) throw error;
    const { code, message } = GatewayError.from(error);
    return { kind: "silent", code: code === "timeout" ? "timeout" : "unreachable", reason: message };
  }
}
