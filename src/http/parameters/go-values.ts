import { GatewayError } from "../../lib/errors.ts";
import { parseDuration as parsePrometheusDuration } from "../../model/duration.ts";
import { quoteGo } from "../../model/quote.ts";

/**
 * What Go makes of a time whose seconds are NaN or infinite: converting them to int64 gives the smallest one, and the sums
 * that follow wrap around. The year is 1677.
 */
const unrepresentableMs = -9_223_372_036_855;

/** Bounds of int64, as near as a float comes. */
const int64Limit = 2 ** 63;

/** A float as strconv.ParseFloat reads it, `undefined` where it reads none or its magnitude is too large. */
export function parseGoFloat(text: string): number | undefined {
  if (/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) {
    const value = Number(text);
    return Number.isFinite(value) ? value : undefined;
  }
  if (/^nan$/i.test(text)) return Number.NaN;
  const infinite = /^([+-]?)inf(inity)?$/i.exec(text);
  if (infinite === null) return undefined;
  return infinite[1] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

/** Unix milliseconds of float seconds or RFC 3339. Throws GatewayError `bad_data` with Thanos's text. */
export function parseTime(text: string): number {
  const seconds = parseGoFloat(text);
  if (seconds !== undefined) return secondsToMs(seconds);
  const ms = parseRfc3339(text);
  if (ms === undefined) throw bad(`cannot parse ${quoteGo(text)} to a valid timestamp`);
  return ms;
}

function secondsToMs(seconds: number): number {
  if (!Number.isFinite(seconds)) return unrepresentableMs;
  const whole = Math.trunc(seconds);
  const fraction = Math.round((seconds - whole) * 1000) / 1000;
  const ms = whole * 1000 + Math.floor(Math.trunc(fraction * 1e9) / 1e6);
  return Math.max(-int64Limit, Math.min(int64Limit, ms));
}

const rfc3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(?:Z|([+-])(\d\d):(\d\d))$/;

function parseRfc3339(text: string): number | undefined {
  const parts = rfc3339.exec(text);
  if (parts === null) return undefined;
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  const asWritten =
    date.getUTCMonth() === month - 1 && date.getUTCDate() === day && hour < 24 && minute < 60 && second < 60;
  const offsetHours = Number(parts[9] ?? 0);
  const offsetMinutes = Number(parts[10] ?? 0);
  if (!asWritten || offsetHours > 24 || offsetMinutes >= 60) return undefined;
  const offsetMs = (offsetHours * 60 + offsetMinutes) * 60_000 * (parts[8] === "-" ? -1 : 1);
  const milli = Number((parts[7] ?? "").padEnd(3, "0").slice(0, 3));
  return date.getTime() + milli - offsetMs;
}

/** Milliseconds, with fractions, of float seconds or a Prometheus duration. Throws GatewayError `bad_data` with Thanos's text. */
export function parseApiDuration(text: string): number {
  const seconds = parseGoFloat(text);
  if (seconds !== undefined) {
    const nanoseconds = seconds * 1e9;
    if (Math.abs(nanoseconds) > int64Limit) {
      throw bad(`cannot parse ${quoteGo(text)} to a valid duration. It overflows int64`);
    }
    return Number.isNaN(nanoseconds) ? -int64Limit / 1e6 : Math.trunc(nanoseconds) / 1e6;
  }
  try {
    return parsePrometheusDuration(text);
  } catch (cause) {
    throw new GatewayError("bad_data", `cannot parse ${quoteGo(text)} to a valid duration`, { cause });
  }
}

const trueWords = new Set(["1", "t", "T", "TRUE", "true", "True"]);
const falseWords = new Set(["0", "f", "F", "FALSE", "false", "False"]);

/** A boolean as strconv.ParseBool reads it, with its error text. */
export function parseGoBoolean(text: string): boolean {
  if (trueWords.has(text)) return true;
  if (falseWords.has(text)) return false;
  throw bad(`strconv.ParseBool: parsing ${quoteGo(text)}: invalid syntax`);
}

/** A limit of series or strings, 0 for none. */
export function parseLimit(text: string): number {
  if (text === "") return 0;
  const limit = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(Math.abs(limit) <= int64Limit)) throw bad(`cannot parse ${quoteGo(text)} to a valid limit`);
  if (limit < 0) throw bad("limit must be non-negative");
  return limit;
}

/** A `bad_data` error. */
export function bad(text: string, cause?: unknown): GatewayError {
  return new GatewayError("bad_data", text, { cause });
}
