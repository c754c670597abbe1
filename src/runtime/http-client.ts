import http from "node:http";
import https from "node:https";
import { clearTimeout, setTimeout } from "node:timers";
import { GatewayError, messageOf } from "../lib/errors.ts";
import { type ClientTls, clientTlsOptions } from "./tls.ts";

export interface HttpRequest {
  readonly method: "GET" | "POST";
  /** Absolute, `http:` or `https:`; a user name in it is not sent. */
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | undefined;
  /** Ends the request at any stage, its body included. */
  readonly signal: AbortSignal;
}

export interface HttpResponse {
  readonly status: number;
  /** One header, by its lower-case name. */
  header(name: string): string | undefined;
  /** Read it once, to its end or not at all: leaving the loop ends the request. What is not read is not received. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Ends the request; for answers whose body nobody reads. */
  cancel(): void;
}

/** Sends requests over kept connections. Follows no redirect, asks for no compression, keeps no cookie. */
export interface HttpClient {
  /**
   * Resolves when the headers are there. Rejects with GatewayError `unavailable` that names the server,
   * or with the signal's reason. So does reading the body.
   */
  send(request: HttpRequest): Promise<HttpResponse>;
  /** New connections use this; kept ones are ended, those in use once their request is over. */
  setTls(tls: ClientTls | undefined): void;
  /** Ends kept connections. */
  close(): void;
}

export interface HttpClientOptions {
  readonly tls: ClientTls | undefined;
  /** Connections to one server at most; further requests wait. */
  readonly maxConnections: number;
  /** How long the server may stay silent while we wait: before its headers and between two pieces of the body. */
  readonly silenceTimeoutMs: number;
}

export function createHttpClient(options: HttpClientOptions): HttpClient {
  const agentOptions = { keepAlive: true, maxSockets: options.maxConnections };
  const plain = new http.Agent(agentOptions);
  const secureAgent = (tls: ClientTls | undefined) =>
    new https.Agent({ ...agentOptions, ...(tls === undefined ? {} : clientTlsOptions(tls)) });
  let secure = secureAgent(options.tls);
  return {
    async send(request) {
      try {
        return await sendOnce(request, { agent: agentFor(request.url, { plain, secure }), ...options });
      } catch (error) {
        if (!(error instanceof LostKeptConnection)) throw error;
        return await sendOnce(request, { agent: agentFor(request.url, { plain, secure }), ...options });
      }
    },
    setTls(tls) {
      retire(secure);
      secure = secureAgent(tls);
    },
    close() {
      plain.destroy();
      secure.destroy();
    },
  };
}

/** Ends an agent's idle connections, and the others when they become idle; `destroy` would cut them. */
function retire(agent: http.Agent): void {
  agent.maxFreeSockets = 0;
  for (const sockets of Object.values(agent.freeSockets))
    for (const socket of sockets ?? []) socket.destroy();
}

/** The server closed a kept connection while we wrote to it: nothing was answered, so the request may go again. */
class LostKeptConnection extends GatewayError {}

interface Agents {
  readonly plain: http.Agent;
  readonly secure: https.Agent;
}

function agentFor(url: URL, agents: Agents): http.Agent {
  return url.protocol === "https:" ? agents.secure : agents.plain;
}

interface SendOptions extends HttpClientOptions {
  readonly agent: http.Agent;
}

function sendOnce(request: HttpRequest, options: SendOptions): Promise<HttpResponse> {
  const { method, url, headers, body, signal } = request;
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(GatewayError.from(signal.reason, "canceled"));
    const send = url.protocol === "https:" ? https.request : http.request;
    const length = body === undefined ? {} : { "content-length": String(body.length) };
    const outgoing = send({
      ...addressOf(url),
      method,
      headers: { ...headers, ...length },
      agent: options.agent,
    });
    const silence = createSilenceWatch(options.silenceTimeoutMs, () => outgoing.destroy());
    const stop = () => outgoing.destroy();
    signal.addEventListener("abort", stop, { once: true });
    outgoing.on("close", () => {
      silence.disarm();
      signal.removeEventListener("abort", stop);
      reject(requestError(new Error("connection closed"), { request, silence }));
    });
    // Stays for the life of the request: errors also come after the headers.
    outgoing.on("error", (error) => {
      const failure = requestError(error, { request, silence });
      const lost = outgoing.reusedSocket === true && codeOf(error) === "ECONNRESET" && !signal.aborted;
      reject(lost ? new LostKeptConnection(failure.code, failure.message, { cause: error }) : failure);
    });
    outgoing.on("response", (incoming) => {
      silence.disarm();
      resolve({
        status: incoming.statusCode ?? 0,
        header: (name) => textOf(incoming.headers[name]),
        body: readBody(incoming, { request, silence, outgoing }),
        cancel: () => outgoing.destroy(),
      });
    });
    silence.arm();
    outgoing.end(body);
  });
}

function addressOf(url: URL): http.RequestOptions {
  return {
    protocol: url.protocol,
    hostname: url.hostname.replace(/^\[|\]$/g, ""),
    ...(url.port === "" ? {} : { port: url.port }),
    path: url.pathname + url.search,
  };
}

interface SilenceWatch {
  readonly timeoutMs: number;
  readonly passed: boolean;
  arm(): void;
  disarm(): void;
}

function createSilenceWatch(timeoutMs: number, onSilence: () => void): SilenceWatch {
  let timer: NodeJS.Timeout | undefined;
  let passed = false;
  return {
    timeoutMs,
    get passed() {
      return passed;
    },
    arm() {
      timer = setTimeout(() => {
        passed = true;
        onSilence();
      }, timeoutMs);
    },
    disarm() {
      clearTimeout(timer);
    },
  };
}

interface BodyContext {
  readonly request: HttpRequest;
  readonly silence: SilenceWatch;
  readonly outgoing: http.ClientRequest;
}

/** The time the consumer takes is not the server's silence: the watch runs only while a piece is awaited. */
async function* readBody(incoming: http.IncomingMessage, context: BodyContext): AsyncGenerator<Uint8Array> {
  const pieces = incoming[Symbol.asyncIterator]();
  try {
    for (;;) {
      context.silence.arm();
      const next = await pieces.next();
      context.silence.disarm();
      if (next.done === true) break;
      yield next.value as Uint8Array;
    }
    if (!incoming.complete) throw new Error("the answer is cut short");
  } catch (error) {
    throw requestError(error, context);
  } finally {
    context.silence.disarm();
    if (!incoming.complete) context.outgoing.destroy();
  }
}

function requestError(error: unknown, context: Omit<BodyContext, "outgoing">): GatewayError {
  const { url, signal } = context.request;
  if (signal.aborted) return GatewayError.from(signal.reason, "canceled");
  const { passed, timeoutMs } = context.silence;
  const reason = passed ? `no data for ${timeoutMs / 1000} s` : reasonOf(error);
  return new GatewayError("unavailable", `Cannot read from ${url.origin}: ${reason}`, { cause: error });
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset or answer cut short",
  ENOTFOUND: "no such host",
  EHOSTUNREACH: "host unreachable",
  ETIMEDOUT: "connection timed out",
};

function reasonOf(error: unknown): string {
  const known = reasons[codeOf(error)];
  if (known !== undefined) return known;
  const text = messageOf(error);
  return /wrong version number|packet length too long|corrupt message|InvalidContentType/.test(text)
    ? "it does not speak TLS"
    : text;
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

function textOf(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === "object" ? value.join(", ") : value;
}
