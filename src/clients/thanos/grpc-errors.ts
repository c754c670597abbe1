import { type ErrorCode, GatewayError, messageOf } from "../../lib/errors.ts";
import type { Http2Failure, Http2Headers } from "../../runtime/http2-client.ts";
import { decodeGrpcMessage, grpcStatus, grpcStatusName, parseGrpcStatus } from "../../wire/grpc-headers.ts";

const codeByStatus: Readonly<Record<number, ErrorCode>> = {
  [grpcStatus.canceled]: "canceled",
  [grpcStatus.unknown]: "execution",
  [grpcStatus.invalidArgument]: "bad_data",
  [grpcStatus.deadlineExceeded]: "timeout",
  [grpcStatus.notFound]: "not_found",
  [grpcStatus.resourceExhausted]: "execution",
  [grpcStatus.failedPrecondition]: "execution",
  [grpcStatus.aborted]: "aborted",
  [grpcStatus.outOfRange]: "bad_data",
  [grpcStatus.unimplemented]: "not_found",
  [grpcStatus.internal]: "internal",
  [grpcStatus.unavailable]: "unavailable",
  [grpcStatus.permissionDenied]: "unavailable",
  [grpcStatus.unauthenticated]: "unavailable",
};

/** A gRPC status as an error, worded as grpc-go words it. */
export function statusError(status: number, text: string, cause?: unknown): GatewayError {
  const message = `rpc error: code = ${grpcStatusName(status)} desc = ${text}`;
  return new GatewayError(codeByStatus[status] ?? "internal", message, { cause });
}

/** Why a call to `address` ended before the peer gave a status. */
export function transportError(address: string, failure: Http2Failure): GatewayError {
  if (failure.kind === "dial") {
    return statusError(grpcStatus.unavailable, `cannot connect to ${address}: ${failure.reason}`);
  }
  const status = failure.kind === "reset" ? statusOfReset(failure.resetCode) : grpcStatus.unavailable;
  return statusError(status, `call to ${address} was cut: ${failure.reason}`);
}

/** Names the peer in an error about its frames. */
export function frameError(address: string, error: unknown): GatewayError {
  const tooLarge = error instanceof GatewayError && error.code === "execution";
  const status = tooLarge ? grpcStatus.resourceExhausted : grpcStatus.internal;
  return statusError(status, `bad gRPC frame from ${address}: ${messageOf(error)}`, error);
}

/** HTTP/2's error codes as gRPC reads them. */
function statusOfReset(code: number): number {
  if (code === 7) return grpcStatus.unavailable; // REFUSED_STREAM
  if (code === 8) return grpcStatus.canceled;
  if (code === 11) return grpcStatus.resourceExhausted; // ENHANCE_YOUR_CALM
  if (code === 12) return grpcStatus.permissionDenied; // INADEQUATE_SECURITY
  return grpcStatus.internal;
}

const statusByHttp: Readonly<Record<number, number>> = {
  400: grpcStatus.internal,
  401: grpcStatus.unauthenticated,
  403: grpcStatus.permissionDenied,
  404: grpcStatus.unimplemented,
  429: grpcStatus.unavailable,
  502: grpcStatus.unavailable,
  503: grpcStatus.unavailable,
  504: grpcStatus.unavailable,
};

/** An error where the head of an answer is not that of a gRPC answer. */
export function headError(address: string, status: number, headers: Http2Headers): GatewayError | undefined {
  const contentType = text(headers["content-type"]);
  if (status === 200 && /^application\/grpc($|[+;])/.test(contentType)) return undefined;
  if (status === 200) {
    return statusError(
      grpcStatus.unknown,
      `${address} does not answer with gRPC: content type is ${JSON.stringify(contentType)}, wants "application/grpc"`,
    );
  }
  if (headers["grpc-status"] !== undefined) return undefined;
  return statusError(
    statusByHttp[status] ?? grpcStatus.unknown,
    `${address} does not answer with gRPC: HTTP status is ${status}, wants 200`,
  );
}

/** The peer's verdict: `missing` where its trailers lack a status, `undefined` for OK. */
export function trailerError(trailers: Http2Headers): GatewayError | "missing" | undefined {
  const header = trailers["grpc-status"];
  if (header === undefined) return "missing";
  const status = parseGrpcStatus(text(header));
  if (status === grpcStatus.ok) return undefined;
  return statusError(status, decodeGrpcMessage(text(trailers["grpc-message"])));
}

function text(header: string | readonly string[] | undefined): string {
  if (header === undefined) return "";
  return typeof header === "string" ? header : (header[0] ?? "");
}
