import { type Code, ConnectError } from "@connectrpc/connect";
import { type ErrorCode, GatewayError, messageOf } from "../lib/errors.ts";
import { grpcStatus } from "../wire/grpc-headers.ts";

/** A gRPC status other than OK. */
export interface GrpcFailure {
  readonly status: number;
  readonly message: string;
}

/** Thanos returns most errors of its stores as they are, and grpc-go sends such as `Unknown`. */
const statusByCode = {
  bad_data: grpcStatus.invalidArgument,
  not_acceptable: grpcStatus.invalidArgument,
  not_found: grpcStatus.notFound,
  execution: grpcStatus.unknown,
  unavailable: grpcStatus.unknown,
  canceled: grpcStatus.canceled,
  timeout: grpcStatus.deadlineExceeded,
  aborted: grpcStatus.aborted,
  internal: grpcStatus.internal,
} as const satisfies Record<ErrorCode, number>;

/** What a caller is told of an error. `isLimit`: it came of the memory limit. */
export function statusOf(error: unknown, isLimit = false): GrpcFailure {
  if (error instanceof ConnectError) return { status: error.code, message: error.rawMessage };
  if (!(error instanceof GatewayError)) {
    const { code, message } = GatewayError.from(error);
    return { status: statusByCode[code], message };
  }
  return {
    status: isLimit ? grpcStatus.resourceExhausted : statusByCode[error.code],
    message: messageOf(error),
  };
}

/** The same for connect's handlers. */
export function connectErrorOf({ status, message }: GrpcFailure): ConnectError {
  return new ConnectError(message, status as Code);
}

/** Whether the error is a fault of this program and not of the request or a store. */
export function isProgrammersError(error: unknown): boolean {
  return (
    !(error instanceof GatewayError) &&
    !(error instanceof ConnectError) &&
    GatewayError.from(error).code === "internal"
  );
}
