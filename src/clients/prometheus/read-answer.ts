import { type ErrorCode, GatewayError, messageOf } from "../../lib/errors.ts";
import type { HttpResponse } from "../../runtime/http-client.ts";
import type { MemoryAccount } from "../../store/store.ts";

export interface ReadLimit {
  readonly maxBytes: number;
  /** Where the bytes are counted while they are held; nothing is counted without it. */
  readonly memory?: MemoryAccount;
}

/** Error bodies are quoted up to here. */
const maxQuotedBytes = 1024;

/** The whole body; throws GatewayError `execution` past the limit. The caller gives the memory back. */
export async function readBytes(response: HttpResponse, limit: ReadLimit): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  let taken = 0;
  try {
    for await (const piece of response.body) {
      size += piece.length;
      if (size > limit.maxBytes) {
        throw new GatewayError(
          "execution",
          `Cannot read an answer of Prometheus: it is longer than ${limit.maxBytes} bytes`,
        );
      }
      limit.memory?.take(piece.length);
      taken += piece.length;
      pieces.push(piece);
    }
  } catch (error) {
    limit.memory?.give(taken);
    throw error;
  }
  return concatenate(pieces, size);
}

function concatenate(pieces: readonly Uint8Array[], size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** The start of a body as text, for an error's message; what follows is not read. */
export async function readQuote(response: HttpResponse): Promise<string> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of response.body) {
    pieces.push(piece);
    size += piece.length;
    if (size >= maxQuotedBytes) break;
  }
  const bytes = concatenate(pieces, size).subarray(0, maxQuotedBytes);
  return new TextDecoder().decode(bytes).trim();
}

/** `data` of an API answer; the codes of failures follow Thanos's. */
export async function readData(response: HttpResponse, limit: ReadLimit): Promise<unknown> {
  if (response.status < 200 || response.status > 299) {
    const body = await readQuote(response);
    throw new GatewayError(
      codeOfStatus(response.status),
      `expected 2xx response, got ${response.status}. Body: ${body}`,
    );
  }
  const bytes = await readBytes(response, limit);
  try {
    return dataOf(parseJson(bytes), response.status);
  } finally {
    limit.memory?.give(bytes.length);
  }
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    throw new GatewayError("internal", `Cannot read an answer of Prometheus as JSON: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function dataOf(answer: unknown, status: number): unknown {
  if (typeof answer !== "object" || answer === null || !("status" in answer)) {
    throw new GatewayError("internal", "Cannot read an answer of Prometheus: it has no status");
  }
  if (answer.status === "success") return "data" in answer ? answer.data : undefined;
  const message = "error" in answer ? String(answer.error) : "no reason given";
  throw new GatewayError(codeOfStatus(status), message);
}

const codes: Readonly<Record<number, ErrorCode>> = {
  400: "bad_data",
  404: "not_found",
  503: "unavailable",
};

function codeOfStatus(status: number): ErrorCode {
  return codes[status] ?? "internal";
}

/** Checks that an answer's data are a list of texts; `null` stands for none. */
export function textsOf(data: unknown, what: string): readonly string[] {
  if (data === null || data === undefined) return [];
  if (Array.isArray(data) && data.every((entry) => typeof entry === "string")) return data;
  throw new GatewayError("internal", `Cannot read ${what} of Prometheus: not a list of texts`);
}
