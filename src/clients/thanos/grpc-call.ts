import { GatewayError, messageOf } from "../../lib/errors.ts";
import type { Clock } from "../../runtime/clock.ts";
import type {
  Http2Client,
  Http2Failure,
  Http2Headers,
  Http2Stream,
  Http2StreamHandler,
} from "../../runtime/http2-client.ts";
import { encodeFrame } from "../../wire/grpc-frames.ts";
import { encodeGrpcTimeout, grpcStatus } from "../../wire/grpc-headers.ts";
import type { CallMeter, GrpcCallType, GrpcClientMetrics } from "./client-metrics.ts";
import { headError, statusError, trailerError, transportError } from "./grpc-errors.ts";

/** Where calls go. */
export interface GrpcChannel {
  readonly address: string;
  readonly client: Http2Client;
  /** `:authority`, where it is not the address. */
  readonly authority: string | undefined;
  /** Largest message that is accepted. */
  readonly maxMessageBytes: number;
  readonly metrics: GrpcClientMetrics;
  readonly clock: Clock;
}

export interface GrpcCallRequest {
  readonly type: GrpcCallType;
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly message: Uint8Array;
  readonly metadata: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** Unix milliseconds. */
  readonly deadlineMs: number | undefined;
}

/** Takes one call's bytes. What `onBytes` throws ends the call with that error. `onEnd` is the last. */
export interface GrpcCallSink {
  /** Reads frames out of the bytes, which are lent until this returns; the count of messages that are whole with them. */
  onBytes(bytes: Uint8Array): number;
  /** Bytes of a message that is not whole. */
  cutBytes(): number;
  onEnd(error: GatewayError | undefined): void;
}

export interface GrpcCall {
  pause(): void;
  resume(): void;
  /** Ends the call at once with `error`; resets its stream. */
  fail(error: GatewayError): void;
}

/** setTimeout cannot wait longer. */
const maxTimerMs = 0x7fff_ffff;

/**
 * Starts a call with one request message. It ends by itself at the deadline and when the signal is aborted, and it is sent
 * once more where its connection was lost before the first byte came: all calls of this client only read.
 */
export function startGrpcCall(channel: GrpcChannel, request: GrpcCallRequest, sink: GrpcCallSink): GrpcCall {
  const call = new RunningCall(channel, request, sink);
  call.begin();
  return call;
}

class RunningCall implements GrpcCall, Http2StreamHandler {
  readonly #channel: GrpcChannel;
  readonly #request: GrpcCallRequest;
  readonly #sink: GrpcCallSink;
  readonly #startedMs: number;
  readonly #meter: CallMeter;
  readonly #onAbort = () => this.fail(GatewayError.from(this.#request.signal.reason, "canceled"));
  #stream: Http2Stream | undefined;
  #over = false;
  #retries = 1;
  #stopTimer: (() => void) | undefined;
  /** What this attempt's answer said last: its headers or its trailers. */
  #last: Http2Headers = noHeaders;
  #untouched = true;

  constructor(channel: GrpcChannel, request: GrpcCallRequest, sink: GrpcCallSink) {
    this.#channel = channel;
    this.#request = request;
    this.#sink = sink;
    this.#startedMs = channel.clock.monotonicMs();
    this.#meter = channel.metrics.started(request.type, request.path);
  }

  begin(): void {
    const { signal, deadlineMs } = this.#request;
    const { clock } = this.#channel;
    if (signal.aborted) {
      queueMicrotask(this.#onAbort);
      return;
    }
    signal.addEventListener("abort", this.#onAbort);
    if (deadlineMs !== undefined) {
      const leftMs = Math.max(0, deadlineMs - clock.nowMs());
      this.#stopTimer = clock.after(Math.min(leftMs, maxTimerMs), () =>
        this.fail(statusError(grpcStatus.deadlineExceeded, "context deadline exceeded")),
      );
    }
    this.#attempt();
  }

  pause(): void {
    this.#stream?.pause();
  }

  resume(): void {
    this.#stream?.resume();
  }

  fail(error: GatewayError): void {
    this.#end(error);
  }

  onHeaders(status: number, headers: Http2Headers): void {
    this.#untouched = false;
    const error = refusalOf(this.#channel.address, status, headers);
    if (error === undefined) this.#last = headers;
    else this.fail(error);
  }

  onData(bytes: Uint8Array): void {
    try {
      const messages = this.#sink.onBytes(bytes);
      if (messages > 0) this.#meter.received(messages);
    } catch (error) {
      this.fail(
        error instanceof GatewayError ? error : statusError(grpcStatus.internal, messageOf(error), error),
      );
    }
  }

  onTrailers(headers: Http2Headers): void {
    this.#last = headers;
  }

  onEnd(failure: Http2Failure | undefined): void {
    if (failure !== undefined && this.#mayRetry(failure)) {
      this.#retries--;
      this.#attempt();
    } else this.#end(this.#verdict(failure));
  }

  #attempt(): void {
    const { path, message } = this.#request;
    this.#last = noHeaders;
    this.#untouched = true;
    this.#stream = this.#channel.client.start(
      {
        path,
        authority: this.#channel.authority,
        headers: headersOnce(this.#request, this.#channel.clock),
        body: framedOnce(message),
      },
      this,
    );
  }

  #end(error: GatewayError | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#stopTimer?.();
    this.#request.signal.removeEventListener("abort", this.#onAbort);
    this.#stream?.cancel();
    const tookMs = this.#channel.clock.monotonicMs() - this.#startedMs;
    this.#meter.handled(error === undefined ? "OK" : statusNameOf(error), tookMs / 1000);
    this.#sink.onEnd(error);
  }

  /** Whether nothing has come in and the connection is to blame. */
  #mayRetry({ kind }: Http2Failure): boolean {
    return this.#retries > 0 && this.#untouched && kind !== "dial" && kind !== "reset";
  }

  #verdict(failure: Http2Failure | undefined): GatewayError | undefined {
    const { address } = this.#channel;
    const error = trailerError(this.#last);
    if (error instanceof GatewayError) return error;
    if (error === undefined) return cutMessage(address, this.#sink.cutBytes());
    if (failure !== undefined) return transportError(address, failure);
    return (
      cutMessage(address, this.#sink.cutBytes()) ??
      statusError(grpcStatus.internal, `${address} ended the call without a gRPC status`)
    );
  }
}

const noHeaders: Http2Headers = {};

/** Why an answer that begins so cannot be read. */
function refusalOf(address: string, status: number, headers: Http2Headers): GatewayError | undefined {
  const error = headError(address, status, headers);
  if (error !== undefined) return error;
  const encoding = headers["grpc-encoding"];
  if (encoding === undefined || encoding === "identity") return undefined;
  return statusError(grpcStatus.internal, `${address} compresses with ${encoding}, which was not agreed on`);
}

/** The message that was framed last: a federation sends the same one to all its members. */
let framed: { readonly message: Uint8Array; readonly frame: Uint8Array } | undefined;

function framedOnce(message: Uint8Array): Uint8Array {
  if (framed?.message !== message) framed = { message, frame: encodeFrame(message) };
  return framed.frame;
}

function cutMessage(address: string, heldBytes: number): GatewayError | undefined {
  if (heldBytes === 0) return undefined;
  return statusError(
    grpcStatus.internal,
    `${address} ended the call inside a message, after ${heldBytes} bytes of it`,
  );
}

/** Headers that were made last: calls of one query that begin in the same millisecond share theirs. */
let made:
  | { readonly metadata: object; readonly leftMs: number; readonly headers: RequestHeaders }
  | undefined;

type RequestHeaders = Readonly<Record<string, string>>;

function headersOnce({ metadata, deadlineMs }: GrpcCallRequest, clock: Clock): RequestHeaders {
  const leftMs = deadlineMs === undefined ? Number.POSITIVE_INFINITY : forPeers(deadlineMs - clock.nowMs());
  if (made?.metadata !== metadata || made.leftMs !== leftMs)
    made = { metadata, leftMs, headers: headersOf(metadata, leftMs) };
  return made.headers;
}

/** What peers are told of the time left: a little less, so that what they say at its end still gets here in time. */
function forPeers(leftMs: number): number {
  return Math.max(1, Math.floor(leftMs - Math.min(0.1 * leftMs, 500)));
}

function headersOf(metadata: RequestHeaders, leftMs: number): RequestHeaders {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(metadata)) {
    if (metadataName.test(name) && metadataValue.test(value)) headers[name] = value;
  }
  headers["content-type"] = "application/grpc";
  headers.te = "trailers";
  headers["user-agent"] = "sluice";
  // Servers that serve streams one after the other take turns instead (RFC 9218).
  headers.priority = "u=3, i";
  if (leftMs < Number.POSITIVE_INFINITY) headers["grpc-timeout"] = encodeGrpcTimeout(leftMs);
  return headers;
}

/** Others break the request, or belong to gRPC and HTTP/2 themselves. */
const metadataName =
  /^(?!grpc-|connection$|host$|te$|transfer-encoding$|keep-alive$|upgrade$|content-)[0-9a-z_.-]+$/;
const metadataValue = /^[\x20-\x7e]*$/;

/** The status's name as it stands in the error's text. */
function statusNameOf(error: GatewayError): string {
  const named = /^rpc error: code = (\S+) desc = /.exec(error.message)?.[1];
  if (named !== undefined) return named;
  if (error.code === "canceled") return "Canceled";
  return error.code === "timeout" ? "DeadlineExceeded" : "Internal";
}
