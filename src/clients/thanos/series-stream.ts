import { GatewayError, messageOf } from "../../lib/errors.ts";
import type { SlabPool } from "../../lib/slab-pool.ts";
import { formatGoDuration } from "../../model/go-duration.ts";
import { yieldToLoop } from "../../runtime/clock.ts";
import type { QueryContext } from "../../store/store.ts";
import { streamPhaseOf, withStreamPhase } from "../../store/stream-phase.ts";
import { BatchBuilder } from "../../wire/batch-builder.ts";
import { grpcStatus } from "../../wire/grpc-headers.ts";
import type { SeriesBatch } from "../../wire/series-batch.ts";
import { type GrpcCall, type GrpcCallSink, type GrpcChannel, startGrpcCall } from "./grpc-call.ts";
import { statusError } from "./grpc-errors.ts";
import { createSilenceTimer, type SilenceTimer, silenceLimitMs } from "./silence-timer.ts";
import { SlabReader } from "./slab-reader.ts";

export interface SeriesStreamOptions {
  /** The encoded SeriesRequest. */
  readonly message: Uint8Array;
  /** How long the peer may send nothing while it could, if the time left to the query does not say less; 0 for any time. */
  readonly responseTimeoutMs: number;
  readonly slabs: SlabPool;
  /** `Addr: … MinTime: … MaxTime: …`, for the text of that time-out. */
  readonly clientText: () => string;
}

/** A batch is closed at this size or at this count of rows; a consumer that waits gets what is there. */
const batchBytes = 128 * 1024;
const batchRows = 256;
/** With so many batches waiting the stream is paused: what the peer's window still lets in comes on top, and is counted. */
const maxWaiting = 2;
/** Or with so many bytes in them, as some peers send messages of megabytes. */
const maxWaitingBytes = 512 * 1024;

const path = "/thanos.Store/Series";

interface Waiting {
  readonly batch: SeriesBatch;
  readonly sizeBytes: number;
  /** Where its rows lie; given back when the batch after it is asked for. */
  readonly slabs: readonly Uint8Array[];
}

type Result = IteratorResult<SeriesBatch, undefined>;

interface Pending {
  resolve(result: Result): void;
  reject(reason: unknown): void;
}

const done = { done: true, value: undefined } as const;

/**
 * One call of Store/Series as batches.
 *
 *   DATA frames ─▶ slabs ─▶ messages ─▶ builder ─▶ waiting (from 2 on the stream is paused) ─▶ next()
 *
 * Slabs are counted from the first byte in them until the batch after their last row is asked for; then they are used
 * again, so what is kept of a batch must be copied. `return` ends the call at once, even while a `next` is pending; so does
 * the context's signal.
 */
export function readSeriesStream(
  channel: GrpcChannel,
  ctx: QueryContext,
  options: SeriesStreamOptions,
): AsyncIterableIterator<SeriesBatch> {
  return new SeriesStream(channel, ctx, options);
}

class SeriesStream implements AsyncIterableIterator<SeriesBatch>, GrpcCallSink {
  readonly #channel: GrpcChannel;
  readonly #ctx: QueryContext;
  readonly #options: SeriesStreamOptions;
  readonly #builder = new BatchBuilder();
  readonly #reader: SlabReader;
  readonly #silence: SilenceTimer;
  readonly #waiting: Waiting[] = [];
  #lent: Waiting | undefined;
  #call: GrpcCall | undefined;
  #paused = false;
  #received = false;
  #ended = false;
  #closed = false;
  #failure: GatewayError | undefined;
  #messages = 0;
  /** Whoever waits for the next batch. */
  #pending: Pending | undefined;
  #settles = false;
  #waitingBytes = 0;
  readonly #settleLater = () => {
    this.#settles = false;
    if (this.#ended || !this.#isEmpty()) this.#settle();
  };

  constructor(channel: GrpcChannel, ctx: QueryContext, options: SeriesStreamOptions) {
    this.#channel = channel;
    this.#ctx = ctx;
    this.#options = options;
    this.#reader = new SlabReader({
      pool: options.slabs,
      address: channel.address,
      limitBytes: channel.maxMessageBytes,
      onTake: (sizeBytes) => ctx.memory.take(sizeBytes),
      onMessage: (message) => this.#add(message),
    });
    const { clock } = channel;
    this.#silence = createSilenceTimer(
      clock,
      () => silenceLimitMs(options.responseTimeoutMs, ctx.deadlineMs, clock.nowMs()),
      (limitMs) => this.#giveUp(limitMs),
    );
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Result> {
    this.#giveBack();
    if (this.#closed) return Promise.resolve(done);
    if (this.#call === undefined) this.#begin();
    return new Promise((resolve, reject) => {
      this.#pending = { resolve, reject };
      if (this.#ended || !this.#isEmpty()) this.#settle();
    });
  }

  async return(): Promise<Result> {
    this.#close();
    return done;
  }

  onBytes(bytes: Uint8Array): number {
    if (this.#closed) return 0;
    this.#silence.touch();
    this.#received = true;
    const before = this.#messages;
    this.#reader.push(bytes);
    if (this.#hasEnough()) this.#pause();
    if (!this.#isEmpty()) this.#wakeUp();
    return this.#messages - before;
  }

  cutBytes(): number {
    return this.#reader.heldBytes;
  }

  onEnd(error: GatewayError | undefined): void {
    this.#ended = true;
    this.#silence.stop();
    this.#failure = error;
    this.#wakeUp();
  }

  #begin(): void {
    const { signal, deadlineMs, metadata } = this.#ctx;
    const { message } = this.#options;
    const request = { type: "server_stream", path, message, metadata, signal, deadlineMs } as const;
    this.#call = startGrpcCall(this.#channel, request, this);
    this.#silence.start();
  }

  /** Gives what is there to whoever waits. */
  #settle(): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    this.#pending = undefined;
    try {
      pending.resolve(this.#handOut());
    } catch (error) {
      pending.reject(error);
    }
  }

  #handOut(): Result {
    if (this.#closed) return done;
    const failure = this.#failure;
    if (failure !== undefined && (this.#isEmpty() || endsAtOnce(failure))) {
      this.#close();
      throw this.#received || streamPhaseOf(failure) === "silent"
        ? failure
        : withStreamPhase(failure, "open");
    }
    if (this.#waiting.length === 0 && !this.#builder.empty) this.#seal();
    this.#lent = this.#waiting.shift();
    if (this.#lent === undefined) {
      this.#close();
      return done;
    }
    this.#waitingBytes -= this.#lent.sizeBytes;
    if (!this.#hasEnough()) this.#resume();
    return { done: false, value: this.#lent.batch };
  }

  #isEmpty(): boolean {
    return this.#waiting.length === 0 && this.#builder.empty;
  }

  #add(message: Uint8Array): void {
    const builder = this.#builder;
    this.#messages += 1;
    try {
      builder.add(message);
    } catch (error) {
      const text = `bad series from ${this.#channel.address}: ${messageOf(error)}`;
      throw statusError(grpcStatus.internal, text, error);
    }
    if (builder.sizeBytes >= batchBytes || builder.count >= batchRows || builder.full) this.#seal();
  }

  #seal(): void {
    const { sizeBytes } = this.#builder;
    this.#waitingBytes += sizeBytes;
    this.#waiting.push({ batch: this.#builder.take(), sizeBytes, slabs: this.#reader.takeFull() });
  }

  #hasEnough(): boolean {
    return this.#waiting.length >= maxWaiting || this.#waitingBytes >= maxWaitingBytes;
  }

  #pause(): void {
    if (this.#paused || this.#ended) return;
    this.#paused = true;
    this.#silence.stop();
    this.#call?.pause();
  }

  #resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#ended) return;
    this.#silence.start();
    this.#call?.resume();
  }

  /** The batch in the consumer's hands is not read any more. */
  #giveBack(): void {
    const lent = this.#lent;
    if (lent === undefined) return;
    this.#lent = undefined;
    this.#builder.recycle(lent.batch);
    this.#free(lent.slabs);
  }

  #free(slabs: readonly Uint8Array[]): void {
    for (const slab of slabs) {
      this.#ctx.memory.give(slab.length);
      this.#options.slabs.give(slab);
    }
  }

  #giveUp(limitMs: number): void {
    const { clientText } = this.#options;
    const text = `failed to receive any data in ${formatGoDuration(limitMs)} from ${clientText()}: rpc error: code = Canceled desc = context canceled`;
    this.#call?.fail(withStreamPhase(new GatewayError("unavailable", text), "silent"));
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (!this.#ended) this.#call?.fail(statusError(grpcStatus.canceled, "context canceled"));
    this.#resume();
    this.#giveBack();
    for (const { batch, slabs } of this.#waiting.splice(0)) {
      this.#builder.recycle(batch);
      this.#free(slabs);
    }
    this.#builder.release();
    this.#free(this.#reader.takeRest());
    this.#wakeUp();
  }

  #wakeUp(): void {
    if (this.#pending === undefined) return;
    if (this.#waiting.length > 0 || this.#ended || this.#closed) this.#settle();
    // One read of the socket brings many DATA frames: let all of them in before a batch is made of them.
    else if (!this.#settles) {
      this.#settles = true;
      void yieldToLoop().then(this.#settleLater);
    }
  }
}

/** The caller's own end of the query does not wait for what came before; a failing peer's answer so far is still good. */
function endsAtOnce(error: GatewayError): boolean {
  return error.code === "canceled" || error.code === "timeout";
}
