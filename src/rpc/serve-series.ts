import { GatewayError } from "../lib/errors.ts";
import { createMatcher } from "../model/matches.ts";
import type { ServerExchange } from "../runtime/server-exchange.ts";
import type { SeriesRequest } from "../store/store.ts";
import { createDeframer } from "../wire/grpc-frames.ts";
import { decodeGrpcTimeout, encodeGrpcMessage, grpcStatusName } from "../wire/grpc-headers.ts";
import type { SeriesBatch } from "../wire/series-batch.ts";
import { decodeSeriesRequest, type WireSeriesRequest } from "../wire/series-request.ts";
import { encodeSeriesFrames, encodeWarningFrame } from "../wire/series-response.ts";
import { type Call, openCall } from "./call-context.ts";
import { isProgrammersError } from "./grpc-failure.ts";
import type { ServedStore } from "./served-store.ts";
import type { RpcMeter } from "./server-metrics.ts";

/** Bytes that may wait for the caller to read before no more batches are asked for. */
const maxWaitingBytes = 256 * 1024;
const maxRequestBytes = 16 * 1024 * 1024;

export const seriesPath = "/thanos.Store/Series";

/** Whether the exchange is gRPC's own form of `Store/Series`, without compression. */
export function isPlainGrpcSeries(exchange: ServerExchange): boolean {
  if (exchange.target !== seriesPath || exchange.httpVersion !== "2.0" || exchange.method !== "POST")
    return false;
  const encoding = exchange.headers["grpc-encoding"];
  if (encoding !== undefined && encoding !== "identity") return false;
  return /^application\/grpc(\+proto)?($|;)/.test(String(exchange.headers["content-type"] ?? ""));
}

/** Answers `Store/Series` in gRPC's framing: what comes out of the store as frames leaves as frames, a batch a write. */
export async function serveSeries(exchange: ServerExchange, served: ServedStore): Promise<void> {
  const { clock } = served;
  const call = openCall({
    signal: exchange.signal,
    timeoutMs: timeoutOf(exchange),
    header: (name) => headerText(exchange, name),
    memory: served.memory(),
    clock,
  });
  const meter = served.metrics.started("server_stream", "thanos.Store", "Series");
  try {
    const request = decodeSeriesRequest(await readMessage(exchange));
    await sendSeries({ exchange, call, meter, request }, served);
    respond(exchange);
    exchange.end({ "grpc-status": "0" });
    meter.handled("OK");
  } catch (error) {
    const { status, message } = call.failureOf(error);
    meter.handled(grpcStatusName(status));
    if (isProgrammersError(error)) served.log.error("Store/Series failed", { error });
    if (call.isGone()) return;
    // What waits for a caller who does not read would keep the status from it as well.
    if (call.isExpired() && exchange.waitingBytes() > 0) return exchange.reset();
    respond(exchange);
    exchange.end({ "grpc-status": String(status), "grpc-message": encodeGrpcMessage(message) });
  } finally {
    call.close();
  }
}

interface SeriesCall {
  readonly exchange: ServerExchange;
  readonly call: Call;
  readonly meter: RpcMeter;
  readonly request: WireSeriesRequest;
}

async function sendSeries(series: SeriesCall, served: ServedStore): Promise<void> {
  const { call, request } = series;
  const { signal } = call.ctx;
  const batches = served.store.series(call.ctx, toSeriesRequest(request))[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await batches.next();
      sendWarnings(series, call.takeWarnings());
      if (next.done === true) break;
      sendBatch(series, next.value);
      while (series.exchange.waitingBytes() > maxWaitingBytes) {
        signal.throwIfAborted();
        await drainedOrAborted(series.exchange, signal);
      }
      signal.throwIfAborted();
    }
  } finally {
    call.close(); // Before `return`: a store that waits must let go.
    await batches.return?.();
  }
}

/** A store's request from the wire's. Throws GatewayError `bad_data` for matchers that do not parse. */
export function toSeriesRequest(request: WireSeriesRequest): SeriesRequest {
  for (const matcher of request.matchers) createMatcher(matcher);
  return { ...request, storeMatchers: [] };
}

function sendBatch(series: SeriesCall, batch: SeriesBatch): void {
  sendWarnings(series, batch.warnings);
  if (batch.count === 0) return;
  const { request, meter } = series;
  const batchSize = request.responseBatchSize;
  write(series, encodeSeriesFrames(batch, { from: 0, to: batch.count, batchSize }));
  meter.sent(Math.ceil(batch.count / Math.max(1, batchSize)));
}

function sendWarnings(series: SeriesCall, warnings: readonly string[]): void {
  for (const warning of warnings) {
    if (series.request.partialResponse === "abort") throw new GatewayError("aborted", warning);
    write(series, encodeWarningFrame(warning));
    series.meter.sent(1);
  }
}

function write({ exchange, call }: SeriesCall, bytes: Uint8Array): void {
  const { memory } = call.ctx;
  memory.take(bytes.length);
  respond(exchange);
  exchange.write(bytes, () => memory.give(bytes.length));
}

function respond(exchange: ServerExchange): void {
  exchange.respond(200, { "content-type": "application/grpc" }, true);
}

function drainedOrAborted(exchange: ServerExchange, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      signal.removeEventListener("abort", done);
      resolve();
    };
    signal.addEventListener("abort", done, { once: true });
    void exchange.drained().then(done);
  });
}

/** The one message of the request. */
async function readMessage(exchange: ServerExchange): Promise<Uint8Array> {
  const deframer = createDeframer({ limitBytes: maxRequestBytes });
  const messages: Uint8Array[] = [];
  for await (const piece of exchange.body()) {
    deframer.push(piece, messages);
    if (messages.length > 1) break;
  }
  const [message] = messages;
  if (message === undefined || messages.length > 1) {
    throw new GatewayError("bad_data", `request holds ${messages.length} messages, wants 1`);
  }
  deframer.end();
  return message;
}

function timeoutOf(exchange: ServerExchange): number | undefined {
  const header = headerText(exchange, "grpc-timeout");
  return header === undefined ? undefined : decodeGrpcTimeout(header);
}

function headerText(exchange: ServerExchange, name: string): string | undefined {
  const value = exchange.headers[name];
  return typeof value === "string" ? value : value?.[0];
}
