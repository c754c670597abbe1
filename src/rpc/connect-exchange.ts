import { createRegistry } from "@bufbuild/protobuf";
import { type ConnectRouter, createConnectRouter } from "@connectrpc/connect";
import type { UniversalHandler, UniversalServerResponse } from "@connectrpc/connect/protocol";
import { compressionBrotli, compressionGzip } from "@connectrpc/connect-node";
import { GatewayError } from "../lib/errors.ts";
import { yieldToLoop } from "../runtime/clock.ts";
import type { ResponseHeaders, ServerExchange } from "../runtime/server-exchange.ts";
import { file_hintspb_hints } from "../wire/gen/hintspb/hints_pb.ts";
import { file_sluice_completeness } from "../wire/gen/sluice/completeness_pb.ts";
import { encodeGrpcMessage } from "../wire/grpc-headers.ts";
import { snappyCompression } from "./snappy-compression.ts";

const maxRequestBytes = 16 * 1024 * 1024;
const maxWaitingBytes = 256 * 1024;
/** Below this an answer is not worth the time to compress it. */
const compressMinBytes = 32 * 1024;

/** Handlers by path, `/package.Service/Method`. */
export type ConnectHandlers = ReadonlyMap<string, UniversalHandler>;

export interface ConnectHandlerOptions {
  readonly addServices: (router: ConnectRouter) => void;
  /** Whether gRPC itself is spoken too, which needs HTTP/2. */
  readonly grpc: boolean;
}

const hintTypes = createRegistry(file_hintspb_hints, file_sluice_completeness);

/** Makes the handlers of a router: Connect and gRPC-Web, and gRPC where wanted. */
export function createConnectHandlers(options: ConnectHandlerOptions): ConnectHandlers {
  const router = createConnectRouter({
    // Hints are of any type: JSON needs to know those that are sent.
    jsonOptions: { registry: hintTypes },
    grpc: options.grpc,
    grpcWeb: true,
    connect: true,
    acceptCompression: [snappyCompression, compressionGzip, compressionBrotli],
    compressMinBytes,
    readMaxBytes: maxRequestBytes,
  });
  options.addServices(router);
  return new Map(router.handlers.map((handler) => [handler.requestPath, handler]));
}

/** Answers an exchange with the handler of its path, or with "unimplemented". */
export async function serveConnect(exchange: ServerExchange, handlers: ConnectHandlers): Promise<void> {
  const handler = handlers.get(exchange.target.split("?", 1)[0] ?? "");
  if (handler === undefined) return refuse(exchange, handlers);
  const response = await handler({
    httpVersion: exchange.httpVersion,
    method: exchange.method,
    url: `${exchange.scheme}://${exchange.authority}${exchange.target}`,
    header: toWebHeaders(exchange),
    body: exchange.body(),
    signal: exchange.signal,
  });
  await send(exchange, response);
}

function refuse(exchange: ServerExchange, handlers: ConnectHandlers): void {
  if (/^application\/grpc($|[+;])/.test(String(exchange.headers["content-type"] ?? ""))) {
    const message = encodeGrpcMessage(unimplementedText(exchange.target, handlers));
    exchange.respond(
      200,
      { "content-type": "application/grpc", "grpc-status": "12", "grpc-message": message },
      false,
    );
  } else exchange.respond(404, { "content-type": "text/plain" }, false);
  exchange.end();
}

/** As grpc-go says it. */
function unimplementedText(path: string, handlers: ConnectHandlers): string {
  const [, service = "", method] = path.split("/");
  if (method === undefined) return `malformed method name: ${JSON.stringify(path)}`;
  const isKnown = [...handlers.keys()].some((known) => known.startsWith(`/${service}/`));
  return isKnown ? `unknown method ${method} for service ${service}` : `unknown service ${service}`;
}

/** Writes a response as it comes, waits for a slow reader, and lets the handler clean up when the caller goes away. */
async function send(exchange: ServerExchange, response: UniversalServerResponse): Promise<void> {
  const headers = toHeaders(response.header);
  const body = response.body?.[Symbol.asyncIterator]();
  let sinceTurn = 0;
  try {
    for (;;) {
      const next = body === undefined ? undefined : await body.next();
      exchange.respond(response.status, headers, response.trailer !== undefined);
      if (next === undefined || next.done === true) break;
      exchange.write(next.value);
      sinceTurn += next.value.length;
      if (sinceTurn > maxWaitingBytes) {
        sinceTurn = 0;
        await yieldToLoop(); // What is small and at hand never leaves the microtasks: sockets would starve.
      }
      while (exchange.waitingBytes() > maxWaitingBytes && !exchange.signal.aborted) await exchange.drained();
      if (exchange.signal.aborted) {
        await body?.throw?.(new GatewayError("canceled", "context canceled")).catch(() => undefined);
        return;
      }
    }
    exchange.end(response.trailer === undefined ? undefined : toHeaders(response.trailer));
  } finally {
    await body?.return?.();
  }
}

function toHeaders(headers: Headers | undefined): ResponseHeaders {
  const result: Record<string, string> = {};
  headers?.forEach((value, name) => {
    result[name] = value;
  });
  return result;
}

function toWebHeaders(exchange: ServerExchange): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(exchange.headers)) {
    if (name.startsWith(":") || value === undefined) continue;
    if (typeof value === "string") headers.set(name, value);
    else for (const each of value) headers.append(name, each);
  }
  return headers;
}
