import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../telemetry/log.ts";

const intervalMs = 10_000;
const linesPerInterval = 5;

/** Logs clients whose certificate was refused, a few in a while; the next line says how many were left out before it. */
export function createRefusalLog(
  log: Log,
  clock: Pick<Clock, "monotonicMs">,
): (reason: string, remoteAddress: string) => void {
  let sinceMs = Number.NEGATIVE_INFINITY;
  let lines = 0;
  let leftOut = 0;
  return (reason, remoteAddress) => {
    const nowMs = clock.monotonicMs();
    if (nowMs - sinceMs >= intervalMs) {
      sinceMs = nowMs;
      lines = 0;
    }
    if (lines >= linesPerInterval) {
      leftOut++;
      return;
    }
    lines++;
    log.warn("gRPC client refused", { reason, remoteAddress, ...(leftOut > 0 ? { leftOut } : {}) });
    leftOut = 0;
  };
}
