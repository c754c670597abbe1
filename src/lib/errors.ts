/** Stable words for what went wrong, as Prometheus's `errorType`; the edges map them to statuses. */
export type ErrorCode =
  | "bad_data"
  | "not_found"
  | "not_acceptable"
  | "execution"
  | "canceled"
  | "timeout"
  | "unavailable"
  | "aborted"
  | "internal";

/** The one error of this house: a code of a closed list, a text for people, the cause kept. */
export class GatewayError extends Error {
  override readonly name = "GatewayError";
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }

  /** Any thrown value as a GatewayError: AbortError is `canceled`, TimeoutError is `timeout`, others take `code`. */
  static from(reason: unknown, code: ErrorCode = "internal"): GatewayError {
    if (reason instanceof GatewayError) return reason;
    if (reason instanceof Error) {
      const known =
        reason.name === "AbortError" ? "canceled" : reason.name === "TimeoutError" ? "timeout" : code;
      return new GatewayError(known, reason.message, { cause: reason });
    }
    return new GatewayError(code, String(reason), { cause: reason });
  }
}

/** Text of any thrown value. */
export function messageOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}
