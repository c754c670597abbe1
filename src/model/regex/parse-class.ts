import { type CharRanges, negateRanges, normalizeRanges } from "./char-ranges.ts";
import { parseCharEscape, parseClassEscape } from "./parse-escape.ts";
import { foldedByFlags, nextCode, type RegexReader, regexError } from "./regex-reader.ts";

const posixClasses: Readonly<Record<string, CharRanges>> = {
  alnum: [0x30, 0x39, 0x41, 0x5a, 0x61, 0x7a],
  alpha: [0x41, 0x5a, 0x61, 0x7a],
  ascii: [0, 0x7f],
  blank: [0x09, 0x09, 0x20, 0x20],
  cntrl: [0, 0x1f, 0x7f, 0x7f],
  digit: [0x30, 0x39],
  graph: [0x21, 0x7e],
  lower: [0x61, 0x7a],
  print: [0x20, 0x7e],
  punct: [0x21, 0x2f, 0x3a, 0x40, 0x5b, 0x60, 0x7b, 0x7e],
  space: [0x09, 0x0d, 0x20, 0x20],
  upper: [0x41, 0x5a],
  word: [0x30, 0x39, 0x41, 0x5a, 0x5f, 0x5f, 0x61, 0x7a],
  xdigit: [0x30, 0x39, 0x41, 0x46, 0x61, 0x66],
};

/** Reads `[…]`, its bracket in hand. `]` is a character of its own where it comes first. */
export function parseClass(reader: RegexReader): CharRanges {
  const { pattern, at: start } = reader;
  reader.at++;
  const negated = pattern[reader.at] === "^";
  if (negated) reader.at++;
  const pairs: number[] = [];
  for (let first = true; reader.at >= pattern.length || pattern[reader.at] !== "]" || first; first = false) {
    const escaped = pattern[reader.at] === "\\";
    const part =
      posixClass(reader) ?? (escaped ? parseClassEscape(reader) : undefined) ?? range(reader, start);
    for (const bound of part) pairs.push(bound);
  }
  reader.at++;
  const ranges = normalizeRanges(pairs);
  return negated ? negateRanges(ranges) : ranges;
}

/** One character or `a-z`. A hyphen before the last bracket is a character. */
function range(reader: RegexReader, classStart: number): CharRanges {
  const { pattern, at: start } = reader;
  const lo = classChar(reader, classStart);
  let hi = lo;
  if (pattern[reader.at] === "-" && reader.at + 1 < pattern.length && pattern[reader.at + 1] !== "]") {
    reader.at++;
    hi = classChar(reader, classStart);
    if (hi < lo) throw regexError("invalid character class range", pattern.slice(start, reader.at));
  }
  return foldedByFlags(reader, [lo, hi]);
}

function classChar(reader: RegexReader, classStart: number): number {
  const { pattern, at } = reader;
  if (at >= pattern.length) throw regexError("missing closing ]", pattern.slice(classStart));
  return pattern[at] === "\\" ? parseCharEscape(reader) : nextCode(reader);
}

/** Reads `[:alpha:]` or `[:^alpha:]`; undefined where none begins here. */
function posixClass(reader: RegexReader): CharRanges | undefined {
  const { pattern, at } = reader;
  if (pattern[at] !== "[" || pattern[at + 1] !== ":") return undefined;
  const end = pattern.indexOf(":]", at + 2);
  if (end < 0) return undefined;
  const text = pattern.slice(at, end + 2);
  const negated = text[2] === "^";
  const name = text.slice(negated ? 3 : 2, -2);
  const ranges = Object.hasOwn(posixClasses, name) ? posixClasses[name] : undefined;
  if (ranges === undefined) throw regexError("invalid character class range", text);
  reader.at = end + 2;
  const folded = foldedByFlags(reader, ranges);
  return negated ? negateRanges(folded) : folded;
}
