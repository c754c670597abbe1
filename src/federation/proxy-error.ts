import { GatewayError } from "../lib/errors.ts";

/** gRPC's names of the codes that a Thanos proxy gives to its own errors; others are plain errors there. */
const statusNames: Readonly<Record<string, string>> = { aborted: "Aborted", bad_data: "InvalidArgument" };

/**
 * An error of the federation as PromQL and the API show it: with Thanos's prefix, `execution` unless the query was left or
 * its time is up.
 */
export function proxyError(
  call: "Series" | "LabelNames" | "LabelValues",
  reason: unknown,
  signal: AbortSignal,
): GatewayError {
  if (signal.aborted) return GatewayError.from(signal.reason, "canceled");
  const error = GatewayError.from(reason);
  if (error.code === "canceled" || error.code === "timeout") return error;
  const status = statusNames[error.code];
  const text = status === undefined ? error.message : `rpc error: code = ${status} desc = ${error.message}`;
  return new GatewayError("execution", `proxy ${call}(): ${text}`, { cause: error });
}
