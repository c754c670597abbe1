import { messageOf } from "../../lib/errors.ts";
import { parseDuration } from "../../model/duration.ts";
import { quoteGo } from "../../model/quote.ts";
import { kindOf, note, type ParserState, tokenSpan, tokenText } from "./parser-state.ts";

/** Value of the number or duration in hand, durations in seconds. */
export function tokenNumber(p: ParserState): number {
  const text = tokenText(p);
  if (kindOf(p) === "duration") {
    try {
      return parseDuration(text) / 1000;
    } catch (error) {
      note(p, tokenSpan(p), messageOf(error));
      return 0;
    }
  }
  const parsed = parseNumber(text);
  if (typeof parsed === "number") return parsed;
  note(
    p,
    tokenSpan(p),
    `error parsing number: strconv.ParseFloat: parsing ${quoteGo(text)}: ${parsed.problem}`,
  );
  return parsed.problem === outOfRange ? Number.POSITIVE_INFINITY : 0; // As Go goes on with.
}

const outOfRange = "value out of range";

/**
 * Value of a number as Go's strconv reads it, integers first: `0x1F`, `017` (octal), `1_000`, `5e-3`, `.5`, `5.`, `Inf`, `NaN`.
 * The problem is Go's text.
 */
export function parseNumber(text: string): number | { readonly problem: string } {
  if (/^[1-9][0-9]*$/.test(text)) return inRange(Number(text));
  if (/^0[xX]/.test(text)) {
    const digits = text.slice(2).replaceAll("_", "");
    // Past int64, Go tries a hexadecimal float, which wants an exponent.
    if (!/^[0-9a-fA-F]+$/.test(digits) || /__|_$/.test(text)) return { problem: "invalid syntax" };
    return BigInt(`0x${digits}`) < 2n ** 63n ? Number(`0x${digits}`) : { problem: "invalid syntax" };
  }
  if (/^0_?[0-7]+(?:_[0-7]+)*$/.test(text)) {
    const digits = text.slice(1).replaceAll("_", "");
    if (BigInt(`0o${digits}`) < 2n ** 63n) return Number(`0o${digits}`);
  }
  if (/^(?:inf|nan)$/i.test(text))
    return text[0]?.toLowerCase() === "i" ? Number.POSITIVE_INFINITY : Number.NaN;
  if (
    !/^(?:[0-9]+(?:_[0-9]+)*\.?(?:[0-9]+(?:_[0-9]+)*)?|\.[0-9]+(?:_[0-9]+)*)(?:[eE][+-]?[0-9]+(?:_[0-9]+)*)?$/.test(
      text,
    )
  ) {
    return { problem: "invalid syntax" };
  }
  return inRange(Number(text.replaceAll("_", "")));
}

function inRange(value: number): number | { readonly problem: string } {
  return value === Number.POSITIVE_INFINITY ? { problem: outOfRange } : value;
}
