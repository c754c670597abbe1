import type { EvalCommand } from "./script.ts";

/**
 * Why an evaluation may answer otherwise through replicated stores; `undefined` where it may not. With dedup, counters are read as
 * Thanos reads them: lifted over their resets, NaN taken as it comes (docs/decisions/raw-counters.md).
 */
export function exemption(file: string, command: EvalCommand): string | undefined {
  // Start times have no place in StoreAPI.
  if (file === "start_timestamps.test") return "start times";
  if (/\bresets\(/.test(command.expr)) return "resets of deduplicated counters";
  if (command.expr.includes("http_requests_nan")) return "NaN in deduplicated counters";
  return undefined;
}
