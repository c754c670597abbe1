import { GatewayError } from "../lib/errors.ts";

/** An error about bytes of a peer that break their format: what was decoded, what is wrong, and where (offset in the buffer). */
export function decodeError(what: string, problem: string, at: number): GatewayError {
  return new GatewayError("internal", `Cannot decode ${what}: ${problem} at byte ${at}`);
}
