import { GatewayError } from "../lib/errors.ts";
import { quoteGo } from "./quote.ts";

const unitsMs: Readonly<Record<string, { readonly rank: number; readonly ms: number }>> = {
  y: { rank: 1, ms: 365 * 86_400_000 },
  w: { rank: 2, ms: 7 * 86_400_000 },
  d: { rank: 3, ms: 86_400_000 },
  h: { rank: 4, ms: 3_600_000 },
  m: { rank: 5, ms: 60_000 },
  s: { rank: 6, ms: 1000 },
  ms: { rank: 7, ms: 1 },
};

/** Longest duration that Go's int64 nanoseconds can hold, in whole milliseconds. */
const maxDurationMs = 9_223_372_036_854;

/**
 * Milliseconds of a Prometheus duration such as `1h30m`: units y w d h m s ms from large to small, each once; `0` needs none.
 * Throws GatewayError `bad_data` with the texts of Prometheus's `model.ParseDuration`.
 */
export function parseDuration(text: string): number {
  if (text === "0") return 0;
  if (text === "") throw new GatewayError("bad_data", "empty duration string");
  const parts = /([0-9]*)([^0-9]*)/y;
  let totalMs = 0;
  let lastRank = 0;
  while (parts.lastIndex < text.length) {
    const [, digits = "", name = ""] = parts.exec(text) ?? [];
    if (digits === "" || name === "" || Number(digits) >= 2 ** 64) throw notADuration(text);
    const unit = Object.hasOwn(unitsMs, name) ? unitsMs[name] : undefined;
    if (unit === undefined) {
      throw new GatewayError("bad_data", `unknown unit ${quoteGo(name)} in duration ${quoteGo(text)}`);
    }
    if (unit.rank <= lastRank) throw notADuration(text);
    lastRank = unit.rank;
    totalMs += Number(digits) * unit.ms;
    if (totalMs > maxDurationMs) throw new GatewayError("bad_data", "duration out of range");
  }
  return totalMs;
}

function notADuration(text: string): GatewayError {
  return new GatewayError("bad_data", `not a valid duration string: ${quoteGo(text)}`);
}

/** Prometheus's text of a duration: whole years or weeks only where nothing is left over, then d h m s ms; `0s` for none. */
export function formatDuration(durationMs: number): string {
  let ms = Math.trunc(Math.abs(durationMs));
  if (ms === 0) return "0s";
  let text = durationMs < 0 ? "-" : "";
  for (const [name, unit] of Object.entries(unitsMs)) {
    if (unit.rank <= 2 && ms % unit.ms !== 0) continue;
    const count = Math.floor(ms / unit.ms);
    if (count === 0) continue;
    text += `${count}${name}`;
    ms -= count * unit.ms;
  }
  return text;
}
