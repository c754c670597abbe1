import { type ErrorCode, GatewayError } from "../lib/errors.ts";

/** Prometheus's error types that Thanos answers with. */
export type ApiErrorType = "bad_data" | "execution" | "canceled" | "timeout" | "internal" | "not_found";

const statusByType = {
  bad_data: 400,
  execution: 422,
  canceled: 503,
  timeout: 503,
  internal: 500,
  not_found: 404,
} as const satisfies Record<ApiErrorType, number>;

/** Where an error arose: reading a request and its query, or answering it. */
export type ApiPhase = "request" | "execution";

const typeInRequest = {
  bad_data: "bad_data",
  not_found: "not_found",
  not_acceptable: "bad_data",
  execution: "execution",
  canceled: "canceled",
  timeout: "timeout",
  unavailable: "execution",
  aborted: "execution",
  internal: "internal",
} as const satisfies Record<ErrorCode, ApiErrorType>;

/** Once a query runs Thanos calls every failure `execution`, but for the caller's own doing and our bugs. */
const typeInExecution = {
  ...typeInRequest,
  bad_data: "execution",
  not_found: "execution",
  not_acceptable: "execution",
} as const satisfies Record<ErrorCode, ApiErrorType>;

/** An error as the API tells it. */
export interface ApiError {
  readonly status: number;
  readonly type: ApiErrorType;
  readonly message: string;
}

export function apiErrorOf(reason: unknown, phase: ApiPhase): ApiError {
  const error = GatewayError.from(reason);
  const type = (phase === "request" ? typeInRequest : typeInExecution)[error.code];
  return { status: statusByType[type], type, message: error.message };
}

/** Why a query was stopped, in Prometheus's words. `reason` is the reason of its signal. */
export function stopError(reason: unknown): GatewayError {
  return reason instanceof Error && reason.name === "TimeoutError"
    ? new GatewayError("timeout", "query timed out in expression evaluation", { cause: reason })
    : new GatewayError("canceled", "query was canceled in expression evaluation", { cause: reason });
}
