import { GatewayError, messageOf } from "../lib/errors.ts";
import type { SlabPool } from "../lib/slab-pool.ts";
import { createMatcher } from "../model/matches.ts";
import type { Clock } from "../runtime/clock.ts";
import type { ServerExchange } from "../runtime/server-exchange.ts";
import type { SeriesRequest } from "../store/store.ts";
import { encodeCompletenessFrame } from "../wire/completeness-hint.ts";
import { createDeframer } from "../wire/grpc-frames.ts";
import { decodeGrpcTimeout, encodeGrpcMessage, grpcStatusName } from "../wire/grpc-headers.ts";
import type { SeriesBatch } from "../wire/series-batch.ts";
import { SeriesFramer } from "../wire/series-framer.ts";
import { decodeSeriesRequest, type WireSeriesRequest } from "../wire/series-request.ts";
import { encodeWarningFrame } from "../wire/series-response.ts";
import { readSnappyFrames } from "../wire/snappy-frames.ts";
import { type Call, openCall } from "./call-context.ts";
import { isProgrammersError } from "./grpc-failure.ts";
import type { ServedStore } from "./served-store.ts";
import type { RpcMeter } from "./server-metrics.ts";

/** Bytes that may wait for the caller to read before no more batches are asked for. */
const maxWaitingBytes = 256 * 1024;
const maxRequestBytes = 16 * 1024 * 1024;

/**
 * A caller who names no deadline and takes nothing for so long has fallen asleep: what the store holds for it, such as one of
 * the few remote reads that a Prometheus serves at a time, is let go.
 */
const maxIdleMs = 5 * 60_000;

/** How long the end of a call whose time is over waits for what was written before. */
const maxLeaveMs = 100;

/** How long rows may wait for others to fill their frame. */
const maxHoldMs = 5;

export const seriesPath = "/thanos.Store/Series";

/** Whether the exchange is gRPC's own form of `Store/Series`, plain or in Thanos's own compression. */
export function isPlainGrpcSeries(exchange: ServerExchange): boolean {
  if (exchange.target !== seriesPath || exchange.httpVersion !== "2.0" || exchange.method !== "POST")
    return false;
  const encoding = exchange.headers["grpc-encoding"];
  if (encoding !== undefined && encoding !== "identity" && encoding !== "snappy") return false;
  return /^application\/grpc(\+proto)?($|;)/.test(String(exchange.headers["content-type"] ?? ""));
}

/** Answers `Store/Series` in gRPC's framing: what comes out of the store as frames leaves as frames. */
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
    const framer = new SeriesFramer(request.responseBatchSize, served.slabs.take);
    await sendSeries({ exchange, call, meter, request, framer, heldBytes: 0, slabs: served.slabs }, served);
    respond(exchange);
    exchange.end({ "grpc-status": "0" });
    meter.handled("OK");
  } catch (error) {
    const { status, message } = call.failureOf(error);
    meter.handled(grpcStatusName(status));
    if (isProgrammersError(error)) served.log.error("Store/Series failed", { error });
    if (call.isGone()) return;
    // What waits for a caller who does not read would keep the status from it as well.
    if (call.isExpired()) {
      const hasDeadline = call.ctx.deadlineMs !== undefined;
      if (!(await hasLeft(exchange, clock, hasDeadline ? maxLeaveMs : 0))) return exchange.reset();
    }
    respond(exchange);
    exchange.end({ "grpc-status": String(status), "grpc-message": encodeGrpcMessage(message) });
  } finally {
    call.close();
  }
}

/** Whether all that was written leaves within a moment. */
async function hasLeft(exchange: ServerExchange, clock: Clock, withinMs: number): Promise<boolean> {
  const endMs = clock.monotonicMs() + withinMs;
  while (exchange.waitingBytes() > 0) {
    const leftMs = endMs - clock.monotonicMs();
    if (leftMs <= 0) return false;
    await Promise.race([exchange.drained(), clock.sleep(leftMs)]);
  }
  return true;
}

interface SeriesCall {
  readonly exchange: ServerExchange;
  readonly call: Call;
  readonly meter: RpcMeter;
  readonly request: WireSeriesRequest;
  readonly framer: SeriesFramer;
  readonly slabs: SlabPool;
  /** What is counted for the rows that the framer holds. */
  heldBytes: number;
}

async function sendSeries(series: SeriesCall, served: ServedStore): Promise<void> {
  const { call, request } = series;
  const { signal } = call.ctx;
  const batches = served.store.series(call.ctx, toSeriesRequest(request))[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await nextBatch(series, batches, served.clock);
      sendWarnings(series, call.takeWarnings());
      if (next.done === true) {
        sendClusters(series);
        break;
      }
      sendWarnings(series, next.value.warnings);
      sendFull(series, next.value);
      while (series.exchange.waitingBytes() > maxWaitingBytes) {
        signal.throwIfAborted();
        await room(series, served.clock);
      }
      signal.throwIfAborted();
    }
  } finally {
    sendHeld(series);
    call.close(); // Before `return`: a store that waits must let go.
    await batches.return?.();
  }
}

/** The store's next batch. What the framer holds back for a full frame does not wait for a slow store. */
async function nextBatch(
  series: SeriesCall,
  batches: AsyncIterator<SeriesBatch>,
  clock: Clock,
): Promise<IteratorResult<SeriesBatch>> {
  const pending = batches.next();
  if (series.framer.heldBytes === 0) return pending;
  const stopTimer = clock.after(maxHoldMs, () => sendHeld(series));
  try {
    return await pending;
  } finally {
    stopTimer();
  }
}

/** A store's request from the wire's. Throws GatewayError `bad_data` for matchers that do not parse. */
export function toSeriesRequest(request: WireSeriesRequest): SeriesRequest {
  for (const matcher of request.matchers) createMatcher(matcher);
  return { ...request, storeMatchers: [] };
}

/** Writes what is full with these rows, and counts what the framer holds back. */
function sendFull(series: SeriesCall, batch: SeriesBatch): void {
  const { framer, call, meter } = series;
  const { frameCount } = framer;
  const frames = framer.push(batch);
  // What was held has left with the first frame, whose bytes are counted as they are written.
  call.ctx.memory.give(series.heldBytes);
  series.heldBytes = 0;
  call.ctx.memory.take(framer.heldBytes);
  series.heldBytes = framer.heldBytes;
  if (frames === undefined) return;
  write(series, frames);
  meter.sent(framer.frameCount - frameCount);
}

/** Writes the rows that are held, without which an error or a slow store would keep them back. Never throws. */
function sendHeld(series: SeriesCall): void {
  const { framer, exchange, call, meter, heldBytes, slabs } = series;
  const frame = framer.flush();
  if (frame === undefined) return;
  series.heldBytes = 0;
  respond(exchange);
  exchange.write(frame, () => {
    call.ctx.memory.give(heldBytes);
    slabs.give(new Uint8Array(frame.buffer));
  });
  meter.sent(1);
}

function sendWarnings(series: SeriesCall, warnings: readonly string[]): void {
  for (const warning of warnings) {
    if (series.request.partialResponse === "abort") throw new GatewayError("aborted", warning);
    sendHeld(series);
    write(series, encodeWarningFrame(warning));
    series.meter.sent(1);
  }
}

/** Says at the end of a whole answer which clusters are in it. */
function sendClusters(series: SeriesCall): void {
  const outcomes = series.call.clusters();
  if (outcomes.length === 0) return;
  sendHeld(series);
  write(series, encodeCompletenessFrame(outcomes));
  series.meter.sent(1);
}

/** Writes bytes that nobody else has, and lets their memory be used again when they have left. */
function write({ exchange, call, slabs }: SeriesCall, bytes: Uint8Array): void {
  const { memory } = call.ctx;
  memory.take(bytes.length);
  respond(exchange);
  exchange.write(bytes, () => {
    memory.give(bytes.length);
    slabs.give(new Uint8Array(bytes.buffer));
  });
}

function respond(exchange: ServerExchange): void {
  exchange.respond(200, { "content-type": "application/grpc" }, true);
}

/** Resolves when bytes have left, or the call is over. */
function room({ exchange, call }: SeriesCall, clock: Clock): Promise<void> {
  const { signal, deadlineMs } = call.ctx;
  const stopTimer = deadlineMs === undefined ? clock.after(maxIdleMs, call.expire) : undefined;
  return new Promise((resolve) => {
    const done = () => {
      stopTimer?.();
      signal.removeEventListener("abort", done);
      resolve();
    };
    signal.addEventListener("abort", done, { once: true });
    void exchange.drained().then(done);
  });
}

/** The one message of the request. */
async function readMessage(exchange: ServerExchange): Promise<Uint8Array> {
  const deframer = createDeframer({
    limitBytes: maxRequestBytes,
    ...(exchange.headers["grpc-encoding"] === "snappy"
      ? { inflate: (message) => readSnappyFrames(message, maxRequestBytes) }
      : {}),
  });
  const messages: Uint8Array[] = [];
  for await (const piece of exchange.body()) {
    try {
      deframer.push(piece, messages);
    } catch (error) {
      throw new GatewayError("bad_data", messageOf(error), { cause: error });
    }
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
