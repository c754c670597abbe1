import { type CharRanges, maxCodePoint, negateRanges, unicodeRanges } from "./char-ranges.ts";
import { foldedByFlags, nextCode, type RegexReader, regexError } from "./regex-reader.ts";

const perlClasses: Readonly<Record<string, CharRanges>> = {
  d: [0x30, 0x39],
  s: [0x09, 0x0a, 0x0c, 0x0d, 0x20, 0x20],
  w: [0x30, 0x39, 0x41, 0x5a, 0x5f, 0x5f, 0x61, 0x7a],
};

const controlEscapes: Readonly<Record<string, number>> = { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11 };

/** Reads `\d`, `\pL` and the like, the backslash in hand; undefined where the escape stands for one character. */
export function parseClassEscape(reader: RegexReader): CharRanges | undefined {
  const next = reader.pattern[reader.at + 1] ?? "";
  if (next === "p" || next === "P") return unicodeClass(reader, next === "P");
  if (!/[dswDSW]/.test(next)) return undefined;
  const lower = next.toLowerCase();
  const ranges = foldedByFlags(reader, perlClasses[lower] ?? []);
  reader.at += 2;
  return next === lower ? ranges : negateRanges(ranges);
}

function unicodeClass(reader: RegexReader, negatedLetter: boolean): CharRanges {
  const { pattern, at: start } = reader;
  reader.at += 2;
  let name: string;
  if (pattern[reader.at] === "{") {
    const end = pattern.indexOf("}", start);
    if (end < 0) throw regexError("invalid character class range", pattern.slice(start));
    name = pattern.slice(start + 3, end);
    reader.at = end + 1;
  } else name = String.fromCodePoint(nextCode(reader));
  const negatedName = name.startsWith("^");
  const ranges = unicodeRanges(negatedName ? name.slice(1) : name);
  if (ranges === undefined)
    throw regexError("invalid character class range", pattern.slice(start, reader.at));
  const folded = foldedByFlags(reader, ranges);
  return negatedLetter === negatedName ? folded : negateRanges(folded);
}

/** Reads an escape that stands for one character, the backslash in hand. */
export function parseCharEscape(reader: RegexReader): number {
  const { pattern, at: start } = reader;
  reader.at++;
  if (reader.at >= pattern.length) throw regexError("trailing backslash at end of expression", "");
  const code = nextCode(reader);
  const char = String.fromCodePoint(code);
  if (code < 0x80 && !/[0-9A-Za-z]/.test(char)) return code;
  const control = controlEscapes[char];
  if (control !== undefined) return control;
  // One digit alone would be a back-reference, unless it is 0.
  if (/[0-7]/.test(char) && (char === "0" || /[0-7]/.test(pattern[reader.at] ?? ""))) {
    const digits = /^[0-7]{1,3}/.exec(pattern.slice(start + 1, start + 4))?.[0] ?? "";
    reader.at = start + 1 + digits.length;
    return Number.parseInt(digits, 8);
  }
  const value = char === "x" ? hexEscape(reader) : undefined;
  if (value === undefined) throw regexError("invalid escape sequence", pattern.slice(start, reader.at));
  return value;
}

function hexEscape(reader: RegexReader): number | undefined {
  const { pattern } = reader;
  if (pattern[reader.at] !== "{") {
    const digits = pattern.slice(reader.at, reader.at + 2);
    for (let i = 0; i < 2 && reader.at < pattern.length; i++) nextCode(reader);
    return /^[0-9a-fA-F]{2}$/.test(digits) ? Number.parseInt(digits, 16) : undefined;
  }
  reader.at++;
  let value = 0;
  for (let digits = 0; reader.at < pattern.length; digits++) {
    const char = String.fromCodePoint(nextCode(reader));
    if (char === "}") return digits > 0 ? value : undefined;
    if (!/[0-9a-fA-F]/.test(char)) return undefined;
    value = value * 16 + Number.parseInt(char, 16);
    if (value > maxCodePoint) return undefined;
  }
  return undefined;
}
