import { GatewayError } from "../../lib/errors.ts";
import {
  type CharRanges,
  foldRanges,
  maxCodePoint,
  negateRanges,
  normalizeRanges,
  unicodeRanges,
} from "./char-ranges.ts";
import { emptyNode, type RegexNode } from "./regex-node.ts";

const maxRepeat = 1000;
const maxDepth = 1000;
const maxPatternLength = 4 << 20;

interface Flags {
  readonly foldCase: boolean;
  readonly multiLine: boolean;
  readonly dotNewline: boolean;
  readonly ungreedy: boolean;
}

/** A group that is not closed yet, or the whole expression. */
interface Level {
  /** Undefined for a group that does not capture. */
  readonly name: string | undefined;
  readonly branches: RegexNode[];
  items: RegexNode[];
}

const perlClasses: Readonly<Record<string, CharRanges>> = {
  d: [0x30, 0x39],
  s: [0x09, 0x0a, 0x0c, 0x0d, 0x20, 0x20],
  w: [0x30, 0x39, 0x41, 0x5a, 0x5f, 0x5f, 0x61, 0x7a],
};

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

const controlEscapes: Readonly<Record<string, number>> = { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11 };

/**
 * Parses RE2's syntax as Go's `regexp/syntax` does with its Perl flags; `.` matches a newline too, as Prometheus asks.
 * Throws GatewayError `bad_data` with Go's texts, `error parsing regexp: …`. Back-references and look-around do not exist.
 */
export function parseRegex(pattern: string): RegexNode {
  if (pattern.length > maxPatternLength) throw regexError("expression too large", "…");
  return createParser(pattern).parse();
}

/** Go quotes all of a long expression; a thousand characters say enough here. */
function regexError(what: string, whole: string): GatewayError {
  const part = whole.length > 1000 ? `${whole.slice(0, 1000)}…` : whole;
  return new GatewayError("bad_data", `error parsing regexp: ${what}: \`${part}\``);
}

function createParser(pattern: string): { parse(): RegexNode } {
  let at = 0;
  let level: Level = { name: undefined, branches: [], items: [] };
  let flags: Flags = { foldCase: false, multiLine: false, dotNewline: true, ungreedy: false };
  const open: Level[] = [];
  /** Where the repetition just before began, -1 where there was none. */
  let lastRepeat = -1;

  function parse(): RegexNode {
    while (at < pattern.length) {
      const start = at;
      lastRepeat = step() ? start : -1;
    }
    if (open.length > 0) throw regexError("missing closing )", pattern);
    return closeLevel(level);
  }

  /** Reads one construct; true where it was a repetition. */
  function step(): boolean {
    const char = pattern[at] ?? "";
    switch (char) {
      case "(":
        openGroup();
        return false;
      case "|":
        at++;
        level.branches.push(concatOf(level.items));
        level.items = [];
        return false;
      case ")":
        closeGroup();
        return false;
      case "^":
      case "$":
        at++;
        level.items.push(edge(char));
        return false;
      case ".":
        at++;
        level.items.push({
          kind: "chars",
          ranges: flags.dotNewline ? [0, maxCodePoint] : [0, 9, 11, maxCodePoint],
        });
        return false;
      case "[":
        level.items.push({ kind: "chars", ranges: parseClass() });
        return false;
      case "*":
      case "+":
      case "?":
        at++;
        repeat(at - 1, char === "+" ? 1 : 0, char === "?" ? 1 : Number.POSITIVE_INFINITY);
        return true;
      case "{":
        return counted();
      case "\\":
        readEscape();
        return false;
      default:
        pushChar(nextChar());
        return false;
    }
  }

  function edge(char: "^" | "$"): RegexNode {
    if (char === "^") return { kind: "assertion", at: flags.multiLine ? "line-start" : "text-start" };
    return { kind: "assertion", at: flags.multiLine ? "line-end" : "text-end" };
  }

  /** Reads one code point. */
  function nextChar(): number {
    const code = pattern.codePointAt(at) ?? 0;
    at += code > 0xffff ? 2 : 1;
    return code;
  }

  function pushChar(code: number): void {
    const ranges = flags.foldCase ? foldRanges([code, code]) : [code, code];
    if (ranges.length === 2 && ranges[0] === ranges[1]) {
      level.items.push({ kind: "literal", text: String.fromCodePoint(code) });
    } else level.items.push({ kind: "chars", ranges });
  }

  function closeGroup(): void {
    const outer = open.pop();
    if (outer === undefined) throw regexError("unexpected )", pattern);
    at++;
    const item = closeLevel(level);
    const { name } = level;
    level = outer;
    flags = levelFlags.pop() ?? flags;
    level.items.push(name === undefined ? item : { kind: "group", item, name });
  }

  /** Flags to go back to when the group in hand closes. */
  const levelFlags: Flags[] = [];

  function openLevel(name: string | undefined, inner: Flags): void {
    if (open.length >= maxDepth) throw regexError("expression nests too deeply", pattern);
    open.push(level);
    levelFlags.push(flags);
    flags = inner;
    level = { name, branches: [], items: [] };
  }

  function openGroup(): void {
    if (pattern[at + 1] !== "?") {
      at++;
      openLevel("", flags);
      return;
    }
    const named = /^\(\?P?</.exec(pattern.slice(at, at + 4));
    // Go looks for a name only where something may follow `<`.
    if (named !== null && pattern.length - at > named[0].length) openNamed(named[0].length);
    else perlFlags();
  }

  function openNamed(prefixLength: number): void {
    const end = pattern.indexOf(">", at);
    if (end < 0) throw regexError("invalid named capture", pattern.slice(at));
    const name = pattern.slice(at + prefixLength, end);
    if (!/^[A-Za-z0-9_]+$/.test(name)) throw regexError("invalid named capture", pattern.slice(at, end + 1));
    at = end + 1;
    openLevel(name, flags);
  }

  function perlFlags(): void {
    const start = at;
    at += 2;
    let on = true;
    let sawFlag = false;
    const changed: { -readonly [K in keyof Flags]: Flags[K] } = { ...flags };
    while (at < pattern.length) {
      const char = String.fromCodePoint(nextChar());
      if (char === "i" || char === "m" || char === "s" || char === "U") {
        if (char === "i") changed.foldCase = on;
        else if (char === "m") changed.multiLine = on;
        else if (char === "s") changed.dotNewline = on;
        else changed.ungreedy = on;
        sawFlag = true;
      } else if (char === "-" && on) {
        on = false;
        sawFlag = false;
      } else if ((char === ":" || char === ")") && (on || sawFlag)) {
        if (char === ":") openLevel(undefined, changed);
        else flags = changed;
        return;
      } else break;
    }
    throw regexError("invalid or unsupported Perl syntax", pattern.slice(start, at));
  }

  function counted(): boolean {
    const found = /^\{(\d+)(?:(,)(\d*))?\}/.exec(pattern.slice(at, at + 64));
    // Go reads no number with a leading zero here.
    if (found === null || /^0\d/.test(found[1] ?? "") || /^0\d/.test(found[3] ?? "")) {
      at++;
      pushChar(0x7b);
      return false;
    }
    const start = at;
    at += found[0].length;
    const min = Number(found[1]);
    const max = found[2] === undefined ? min : found[3] === "" ? Number.POSITIVE_INFINITY : Number(found[3]);
    if (min > maxRepeat || (max > maxRepeat && max !== Number.POSITIVE_INFINITY) || min > max) {
      throw regexError("invalid repeat count", pattern.slice(start, at));
    }
    repeat(start, min, max);
    return true;
  }

  function repeat(start: number, min: number, max: number): void {
    let greedy = !flags.ungreedy;
    if (pattern[at] === "?") {
      at++;
      greedy = !greedy;
    }
    if (lastRepeat >= 0)
      throw regexError("invalid nested repetition operator", pattern.slice(lastRepeat, at));
    const item = level.items.pop();
    if (item === undefined) {
      throw regexError("missing argument to repetition operator", pattern.slice(start, at));
    }
    const node: RegexNode = { kind: "repeat", item, min, max, greedy };
    if ((min >= 2 || (max >= 2 && max !== Number.POSITIVE_INFINITY)) && !repeatFits(node, maxRepeat)) {
      throw regexError("invalid repeat count", pattern.slice(start, at));
    }
    level.items.push(node);
  }

  function readEscape(): void {
    const next = pattern[at + 1] ?? "";
    const kind =
      next === "A"
        ? "text-start"
        : next === "z"
          ? "text-end"
          : next === "b"
            ? "word"
            : next === "B"
              ? "not-word"
              : undefined;
    if (kind !== undefined) {
      at += 2;
      level.items.push({ kind: "assertion", at: kind });
    } else if (next === "C") throw regexError("invalid escape sequence", "\\C");
    else if (next === "Q") {
      const end = pattern.indexOf("\\E", at + 2);
      const stop = end < 0 ? pattern.length : end;
      at += 2;
      while (at < stop) pushChar(nextChar());
      at = end < 0 ? pattern.length : end + 2;
    } else {
      const ranges = classEscape();
      if (ranges !== undefined) level.items.push({ kind: "chars", ranges });
      else pushChar(charEscape());
    }
  }

  /** `\d`, `\pL` and the like; undefined where the escape stands for one character. */
  function classEscape(): CharRanges | undefined {
    const next = pattern[at + 1] ?? "";
    if (next === "p" || next === "P") return unicodeClass(next === "P");
    const ranges = perlClasses[next.toLowerCase()];
    if (ranges === undefined || !/[dswDSW]/.test(next)) return undefined;
    at += 2;
    const folded = flags.foldCase ? foldRanges(ranges) : ranges;
    return next === next.toLowerCase() ? folded : negateRanges(folded);
  }

  function unicodeClass(negatedLetter: boolean): CharRanges {
    const start = at;
    at += 2;
    let name: string;
    if (pattern[at] === "{") {
      const end = pattern.indexOf("}", start);
      if (end < 0) throw regexError("invalid character class range", pattern.slice(start));
      name = pattern.slice(start + 3, end);
      at = end + 1;
    } else name = String.fromCodePoint(nextChar());
    const negatedName = name.startsWith("^");
    const ranges = unicodeRanges(negatedName ? name.slice(1) : name);
    if (ranges === undefined) throw regexError("invalid character class range", pattern.slice(start, at));
    const folded = flags.foldCase ? foldRanges(ranges) : ranges;
    return negatedLetter === negatedName ? folded : negateRanges(folded);
  }

  function charEscape(): number {
    const start = at;
    at++;
    if (at >= pattern.length) throw regexError("trailing backslash at end of expression", "");
    const code = nextChar();
    const char = String.fromCodePoint(code);
    if (code < 0x80 && !/[0-9A-Za-z]/.test(char)) return code;
    const control = controlEscapes[char];
    if (control !== undefined) return control;
    if (/[0-7]/.test(char) && (char === "0" || /[0-7]/.test(pattern[at] ?? ""))) {
      const digits = /^[0-7]{1,3}/.exec(pattern.slice(start + 1, start + 4))?.[0] ?? "";
      at = start + 1 + digits.length;
      return Number.parseInt(digits, 8);
    }
    if (char === "x") {
      const value = hexEscape();
      if (value !== undefined) return value;
    }
    throw regexError("invalid escape sequence", pattern.slice(start, at));
  }

  function hexEscape(): number | undefined {
    if (pattern[at] !== "{") {
      const digits = pattern.slice(at, at + 2);
      for (let i = 0; i < 2 && at < pattern.length; i++) nextChar();
      return /^[0-9a-fA-F]{2}$/.test(digits) ? Number.parseInt(digits, 16) : undefined;
    }
    at++;
    let value = 0;
    for (let digits = 0; at < pattern.length; digits++) {
      const char = String.fromCodePoint(nextChar());
      if (char === "}") return digits > 0 ? value : undefined;
      if (!/[0-9a-fA-F]/.test(char)) return undefined;
      value = value * 16 + Number.parseInt(char, 16);
      if (value > maxCodePoint) return undefined;
    }
    return undefined;
  }

  function parseClass(): CharRanges {
    const start = at;
    at++;
    const negated = pattern[at] === "^";
    if (negated) at++;
    const pairs: number[] = [];
    for (let first = true; at >= pattern.length || pattern[at] !== "]" || first; first = false) {
      const named = posixClass() ?? (pattern[at] === "\\" ? classEscape() : undefined);
      if (named !== undefined) {
        for (const bound of named) pairs.push(bound);
        continue;
      }
      const rangeStart = at;
      const lo = classChar(start);
      let hi = lo;
      if (pattern[at] === "-" && at + 1 < pattern.length && pattern[at + 1] !== "]") {
        at++;
        hi = classChar(start);
        if (hi < lo) throw regexError("invalid character class range", pattern.slice(rangeStart, at));
      }
      for (const bound of flags.foldCase ? foldRanges([lo, hi]) : [lo, hi]) pairs.push(bound);
    }
    at++;
    const ranges = normalizeRanges(pairs);
    return negated ? negateRanges(ranges) : ranges;
  }

  function posixClass(): CharRanges | undefined {
    if (pattern[at] !== "[" || pattern[at + 1] !== ":") return undefined;
    const end = pattern.indexOf(":]", at + 2);
    if (end < 0) return undefined;
    const text = pattern.slice(at, end + 2);
    const negated = text[2] === "^";
    const name = text.slice(negated ? 3 : 2, -2);
    const ranges = Object.hasOwn(posixClasses, name) ? posixClasses[name] : undefined;
    if (ranges === undefined) throw regexError("invalid character class range", text);
    at = end + 2;
    const folded = flags.foldCase ? foldRanges(ranges) : ranges;
    return negated ? negateRanges(folded) : folded;
  }

  function classChar(classStart: number): number {
    if (at >= pattern.length) throw regexError("missing closing ]", pattern.slice(classStart));
    return pattern[at] === "\\" ? charEscape() : nextChar();
  }

  return { parse };
}

function closeLevel(level: Level): RegexNode {
  const last = concatOf(level.items);
  return level.branches.length === 0 ? last : { kind: "alternate", items: [...level.branches, last] };
}

/** A sequence; literals side by side become one. */
function concatOf(items: readonly RegexNode[]): RegexNode {
  const out: RegexNode[] = [];
  let text = "";
  for (const item of items) {
    if (item.kind === "literal") text += item.text;
    else {
      if (text !== "") out.push({ kind: "literal", text });
      text = "";
      out.push(item);
    }
  }
  if (text !== "") out.push({ kind: "literal", text });
  return out.length === 1 ? (out[0] ?? emptyNode) : { kind: "concat", items: out };
}

/** Whether counted repetitions, multiplied where they nest, stay within `budget`. */
function repeatFits(node: RegexNode, budget: number): boolean {
  let rest = budget;
  if (node.kind === "repeat") {
    const counted = node.max !== Number.POSITIVE_INFINITY ? node.max : node.min;
    const isCounted =
      !(node.max === 1 && node.min === 0) && !(node.max === Number.POSITIVE_INFINITY && node.min < 2);
    if (isCounted) {
      if (node.max === 0) return true;
      if (counted > budget) return false;
      if (counted > 0) rest = Math.trunc(budget / counted);
    }
  }
  switch (node.kind) {
    case "repeat":
    case "group":
      return repeatFits(node.item, rest);
    case "concat":
    case "alternate":
      return node.items.every((item) => repeatFits(item, rest));
    default:
      return true;
  }
}
