import { GatewayError, messageOf } from "../../lib/errors.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Http2Client, Http2Failure, Http2Headers, Http2Stream } from "../../runtime/http2-client.ts";
import { encodeFrame } from "../../wire/grpc-frames.ts";
import { encodeGrpcTimeout, grpcStatus } from "../../wire/grpc-headers.ts";
import type { GrpcCallType, GrpcClientMetrics } from "./client-metrics.ts";
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
  /** Reads frames out of the bytes, which are the sink's to keep; the count of messages that are whole with them. */
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
  const { clock } = channel;
  const startedMs = clock.monotonicMs();
  const meter = channel.metrics.started(request.type, request.path);
  let stream: Http2Stream | undefined;
  let over = false;
  let stopTimer: () => void = () => undefined;

  const end = (error: GatewayError | undefined) => {
    if (over) return;
    over = true;
    stopTimer();
    request.signal.removeEventListener("abort", onAbort);
    stream?.cancel();
    meter.handled(error === undefined ? "OK" : statusNameOf(error), (clock.monotonicMs() - startedMs) / 1000);
    sink.onEnd(error);
  };
  const onAbort = () => end(GatewayError.from(request.signal.reason, "canceled"));
  const attempt = (retries: number) => {
    const reader = createReader(channel, sink, meter.received);
    stream = channel.client.start(
      {
        path: request.path,
        authority: channel.authority,
        headers: headersOf(request, clock),
        body: encodeFrame(request.message),
      },
      {
        onHeaders: (status, headers) => guard(() => reader.head(status, headers)),
        onData: (bytes) => guard(() => reader.data(bytes)),
        onTrailers: reader.trailers,
        onEnd(failure) {
          if (retries > 0 && failure !== undefined && failure.kind !== "dial" && reader.mayRetry(failure)) {
            attempt(retries - 1);
          } else end(reader.verdict(failure));
        },
      },
    );
  };
  const guard = (step: () => void) => {
    try {
      step();
    } catch (error) {
      end(error instanceof GatewayError ? error : statusError(grpcStatus.internal, messageOf(error), error));
    }
  };

  if (request.signal.aborted) {
    queueMicrotask(onAbort);
  } else {
    request.signal.addEventListener("abort", onAbort);
    if (request.deadlineMs !== undefined) {
      const leftMs = Math.max(0, request.deadlineMs - clock.nowMs());
      stopTimer = clock.after(Math.min(leftMs, maxTimerMs), () =>
        end(statusError(grpcStatus.deadlineExceeded, "context deadline exceeded")),
      );
    }
    attempt(1);
  }
  return { pause: () => stream?.pause(), resume: () => stream?.resume(), fail: end };
}

interface Reader {
  head(status: number, headers: Http2Headers): void;
  data(bytes: Uint8Array): void;
  trailers(headers: Http2Headers): void;
  /** Whether nothing has come in and the connection is to blame. */
  mayRetry(failure: Http2Failure): boolean;
  verdict(failure: Http2Failure | undefined): GatewayError | undefined;
}

/** Reads one attempt's answer. */
function createReader(channel: GrpcChannel, sink: GrpcCallSink, count: (messages: number) => void): Reader {
  const { address } = channel;
  let last: Http2Headers = {};
  let untouched = true;
  return {
    head(status, headers) {
      untouched = false;
      const error = headError(address, status, headers);
      if (error !== undefined) throw error;
      const encoding = headers["grpc-encoding"];
      if (encoding !== undefined && encoding !== "identity") {
        throw statusError(
          grpcStatus.internal,
          `${address} compresses with ${encoding}, which was not agreed on`,
        );
      }
      last = headers;
    },
    data(bytes) {
      const messages = sink.onBytes(bytes);
      if (messages > 0) count(messages);
    },
    trailers(headers) {
      last = headers;
    },
    mayRetry: (failure) => untouched && failure.kind !== "reset",
    verdict(failure) {
      const error = trailerError(last);
      if (error instanceof GatewayError) return error;
      if (error === undefined) return cutMessage(address, sink.cutBytes());
      if (failure !== undefined) return transportError(address, failure);
      return (
        cutMessage(address, sink.cutBytes()) ??
        statusError(grpcStatus.internal, `${address} ended the call without a gRPC status`)
      );
    },
  };
}

function cutMessage(address: string, heldBytes: number): GatewayError | undefined {
  if (heldBytes === 0) return undefined;
  return statusError(
    grpcStatus.internal,
    `${address} ended the call inside a message, after ${heldBytes} bytes of it`,
  );
}

function headersOf(request: GrpcCallRequest, clock: Clock): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.metadata)) {
    if (metadataName.test(name) && metadataValue.test(value)) headers[name] = value;
  }
  headers["content-type"] = "application/grpc";
  headers.te = "trailers";
  headers["user-agent"] = "sluice";
  // Servers that serve streams one after the other take turns instead (RFC 9218).
  headers.priority = "u=3, i";
  if (request.deadlineMs !== undefined) {
    headers["grpc-timeout"] = encodeGrpcTimeout(Math.max(1, request.deadlineMs - clock.nowMs()));
  }
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
