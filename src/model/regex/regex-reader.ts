import { GatewayError } from "../../lib/errors.ts";
import { type CharRanges, foldRanges } from "./char-ranges.ts";

/** What `(?…)` switches. */
export interface RegexFlags {
  readonly foldCase: boolean;
  readonly multiLine: boolean;
  readonly dotNewline: boolean;
  readonly ungreedy: boolean;
}

/** A pattern on its way through the parser. */
export interface RegexReader {
  readonly pattern: string;
  /** The unit to be read next. */
  at: number;
  flags: RegexFlags;
}

/** The flags that Prometheus compiles with: `.` matches a newline. */
export function createRegexReader(pattern: string): RegexReader {
  const flags = { foldCase: false, multiLine: false, dotNewline: true, ungreedy: false };
  return { pattern, at: 0, flags };
}

/** Reads one code point. */
export function nextCode(reader: RegexReader): number {
  const code = reader.pattern.codePointAt(reader.at) ?? 0;
  reader.at += code > 0xffff ? 2 : 1;
  return code;
}

/** The set as the flags in force have it. */
export function foldedByFlags(reader: RegexReader, ranges: CharRanges): CharRanges {
  return reader.flags.foldCase ? foldRanges(ranges) : ranges;
}

/** Go quotes all of a long expression; a thousand characters say enough here. */
export function regexError(what: string, whole: string): GatewayError {
  const part = whole.length > 1000 ? `${whole.slice(0, 1000)}…` : whole;
  return new GatewayError("bad_data", `error parsing regexp: ${what}: \`${part}\``);
}
