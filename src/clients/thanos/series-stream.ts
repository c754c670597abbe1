import { GatewayError, messageOf } from "../../lib/errors.ts";
import { formatGoDuration } from "../../model/go-duration.ts";
import { yieldToLoop } from "../../runtime/clock.ts";
import type { QueryContext } from "../../store/store.ts";
import { streamPhaseOf, withStreamPhase } from "../../store/stream-phase.ts";
import { BatchBuilder } from "../../wire/batch-builder.ts";
import { grpcStatus } from "../../wire/grpc-headers.ts";
import type { SeriesBatch } from "../../wire/series-batch.ts";
import { type GrpcCall, type GrpcChannel, startGrpcCall } from "./grpc-call.ts";
import { statusError } from "./grpc-errors.ts";

export interface SeriesStreamOptions {
  /** The encoded SeriesRequest. */
  readonly message: Uint8Array;
  /** How long the peer may send nothing while it could; 0 for any time. */
  readonly responseTimeoutMs: number;
  /** What a paused stream may still receive; counted while it is paused. */
  readonly streamWindowBytes: number;
  /** `Addr: … MinTime: … MaxTime: …`, for the text of that time-out. */
  readonly clientText: () => string;
}

/** A batch is closed at this size or at this count of rows; a consumer that waits gets what is there. */
const batchBytes = 128 * 1024;
const batchRows = 256;
/** So many batches may wait before the stream is paused. */
const maxWaiting = 2;

const path = "/thanos.Store/Series";

interface Waiting {
  readonly batch: SeriesBatch;
  /** What was counted for it. */
  readonly heldBytes: number;
}

/**
 * One call of Store/Series as batches.
 *
 *   DATA frames ─▶ messages ─▶ builder ─▶ waiting (≤ 2, then the stream is paused) ─▶ next()
 *
 * Bytes are counted from arrival until the batch after theirs is asked for. `return` ends the call at once, even while a
 * `next` is pending; so does the context's signal.
 */
export function readSeriesStream(
  channel: GrpcChannel,
  ctx: QueryContext,
  options: SeriesStreamOptions,
): AsyncIterableIterator<SeriesBatch> {
  const builder = new BatchBuilder();
  const waiting: Waiting[] = [];
  let openBytes = 0;
  let lent: Waiting | undefined;
  let paused = false;
  let received = false;
  let ended = false;
  let closed = false;
  let failure: GatewayError | undefined;
  let wake: (() => void) | undefined;
  let call: GrpcCall | undefined;
  const silence = createSilenceTimer(channel, options, (error) => call?.fail(error));

  const wakeUp = () => {
    const waker = wake;
    wake = undefined;
    waker?.();
  };
  const seal = () => {
    waiting.push({ batch: builder.take(), heldBytes: openBytes });
    openBytes = 0;
  };
  const add = (message: Uint8Array) => {
    try {
      builder.add(message);
    } catch (error) {
      const text = `bad series from ${channel.address}: ${messageOf(error)}`;
      throw statusError(grpcStatus.internal, text, error);
    }
  };
  const pause = () => {
    if (paused || ended) return;
    ctx.memory.take(options.streamWindowBytes);
    paused = true;
    silence.stop();
    call?.pause();
  };
  const resume = () => {
    if (!paused) return;
    paused = false;
    ctx.memory.give(options.streamWindowBytes);
    if (ended) return;
    silence.start();
    call?.resume();
  };
  const giveBack = () => {
    if (lent === undefined) return;
    ctx.memory.give(lent.heldBytes);
    builder.recycle(lent.batch);
    lent = undefined;
  };
  const close = () => {
    if (closed) return;
    closed = true;
    call?.fail(new GatewayError("canceled", "rpc error: code = Canceled desc = context canceled"));
    resume();
    giveBack();
    ctx.memory.give(openBytes);
    for (const { heldBytes } of waiting.splice(0)) ctx.memory.give(heldBytes);
    openBytes = 0;
    wakeUp();
  };

  const begin = () =>
    startGrpcCall(
      channel,
      {
        type: "server_stream",
        path,
        message: options.message,
        metadata: ctx.metadata,
        signal: ctx.signal,
        deadlineMs: ctx.deadlineMs,
      },
      {
        onBytes(messages, sizeBytes) {
          silence.touch();
          ctx.memory.take(sizeBytes);
          openBytes += sizeBytes;
          received = true;
          for (const message of messages) {
            add(message);
            if (builder.sizeBytes >= batchBytes || builder.count >= batchRows || builder.full) seal();
          }
          if (waiting.length >= maxWaiting) pause();
          if (waiting.length > 0 || !builder.empty) wakeUp();
        },
        onEnd(error) {
          ended = true;
          silence.stop();
          failure = error;
          wakeUp();
        },
      },
    );

  /** Resolves when there is something to hand out, or to tell. */
  const arrival = async (): Promise<void> => {
    while (waiting.length === 0 && builder.empty && !ended && !closed) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
      // One read of the socket brings many DATA frames: let all of them in before a batch is made of them.
      if (waiting.length === 0 && !ended && !closed) await yieldToLoop();
    }
  };

  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      giveBack();
      if (closed) return { done: true, value: undefined };
      if (call === undefined) {
        call = begin();
        silence.start();
      }
      await arrival();
      if (closed) return { done: true, value: undefined };
      if (waiting.length === 0 && !builder.empty && !(failure !== undefined && isAtOnce(failure))) seal();
      if (failure !== undefined && (waiting.length === 0 || isAtOnce(failure))) {
        const error = received ? failure : openPhase(failure);
        close();
        throw error;
      }
      lent = waiting.shift();
      if (lent === undefined) {
        close();
        return { done: true, value: undefined };
      }
      if (waiting.length < maxWaiting) resume();
      return { done: false, value: lent.batch };
    },
    async return() {
      close();
      return { done: true, value: undefined };
    },
  };
}

/** The caller's own end of the query does not wait for what came before; a failing peer's answer so far is still good. */
function isAtOnce(error: GatewayError): boolean {
  return error.code === "canceled" || error.code === "timeout";
}

function openPhase(error: GatewayError): GatewayError {
  return streamPhaseOf(error) === "silent" ? error : withStreamPhase(error, "open");
}

interface SilenceTimer {
  start(): void;
  stop(): void;
  touch(): void;
}

/** Watches for a peer that sends nothing; stopped while the peer may not send. */
function createSilenceTimer(
  { clock }: GrpcChannel,
  { responseTimeoutMs, clientText }: SeriesStreamOptions,
  onSilence: (error: GatewayError) => void,
): SilenceTimer {
  let lastMs = 0;
  let stopTimer: (() => void) | undefined;
  const wait = (ms: number) => {
    stopTimer = clock.after(ms, () => {
      const silentMs = clock.monotonicMs() - lastMs;
      if (silentMs < responseTimeoutMs) return wait(responseTimeoutMs - silentMs);
      const text = `failed to receive any data in ${formatGoDuration(responseTimeoutMs)} from ${clientText()}: rpc error: code = Canceled desc = context canceled`;
      onSilence(withStreamPhase(new GatewayError("unavailable", text), "silent"));
    });
  };
  return {
    start() {
      if (responseTimeoutMs <= 0) return;
      lastMs = clock.monotonicMs();
      stopTimer?.();
      wait(responseTimeoutMs);
    },
    stop: () => stopTimer?.(),
    touch() {
      lastMs = clock.monotonicMs();
    },
  };
}
