import { maxCodePoint } from "./char-ranges.ts";
import { parseClass } from "./parse-class.ts";
import { parseCharEscape, parseClassEscape } from "./parse-escape.ts";
import { type AssertionKind, emptyNode, type RegexNode } from "./regex-node.ts";
import {
  createRegexReader,
  foldedByFlags,
  nextCode,
  type RegexFlags,
  type RegexReader,
  regexError,
} from "./regex-reader.ts";

const maxRepeat = 1000;
const maxDepth = 1000;
const maxPatternLength = 4 << 20;
/** Nodes and bounds of classes that an expression may have: some megabytes, and more than can be run. */
const maxSize = 300_000;
const unlimited = Number.POSITIVE_INFINITY;

/** A group that is not closed yet, or the whole expression. */
interface Level {
  /** Undefined for a group that does not capture, "" for one without a name. */
  readonly name: string | undefined;
  /** Flags that hold again behind the group. */
  readonly outerFlags: RegexFlags;
  readonly branches: RegexNode[];
  items: RegexNode[];
}

interface Parser extends RegexReader {
  level: Level;
  readonly outer: Level[];
  /** Nodes and bounds of classes so far. */
  size: number;
  /** Where the repetition just before began, -1 where there was none. */
  lastRepeat: number;
}

/**
 * Parses RE2's syntax as Go's `regexp/syntax` does with its Perl flags; `.` matches a newline too, as Prometheus asks.
 * Throws GatewayError `bad_data` with Go's texts, `error parsing regexp: …`. Back-references and look-around do not exist.
 */
export function parseRegex(pattern: string): RegexNode {
  if (pattern.length > maxPatternLength) throw regexError("expression too large", pattern);
  const reader = createRegexReader(pattern);
  const level = { name: undefined, outerFlags: reader.flags, branches: [], items: [] };
  const p: Parser = { ...reader, level, outer: [], size: 0, lastRepeat: -1 };
  while (p.at < pattern.length) {
    const start = p.at;
    p.lastRepeat = readConstruct(p) ? start : -1;
  }
  if (p.outer.length > 0) throw regexError("missing closing )", pattern);
  return closeLevel(p.level);
}

/** Reads one construct; true where it was a repetition. */
function readConstruct(p: Parser): boolean {
  const char = p.pattern[p.at] ?? "";
  switch (char) {
    case "(":
      openGroup(p);
      return false;
    case "|":
      p.at++;
      p.level.branches.push(concatOf(p.level.items));
      p.level.items = [];
      return false;
    case ")":
      closeGroup(p);
      return false;
    case "^":
      p.at++;
      push(p, { kind: "assertion", at: p.flags.multiLine ? "line-start" : "text-start" });
      return false;
    case "$":
      p.at++;
      push(p, { kind: "assertion", at: p.flags.multiLine ? "line-end" : "text-end" });
      return false;
    case ".":
      p.at++;
      push(p, { kind: "chars", ranges: p.flags.dotNewline ? anyChar : anyButNewline });
      return false;
    case "[":
      push(p, { kind: "chars", ranges: parseClass(p) });
      return false;
    case "*":
    case "+":
    case "?":
      p.at++;
      addRepeat(p, p.at - 1, char === "+" ? 1 : 0, char === "?" ? 1 : unlimited);
      return true;
    case "{":
      return countedRepeat(p);
    case "\\":
      readEscape(p);
      return false;
    default:
      if (!p.flags.foldCase) pushWord(p);
      pushCode(p, nextCode(p));
      return false;
  }
}

const anyChar = [0, maxCodePoint];
const anyButNewline = [0, 9, 11, maxCodePoint];

/** Adds to the sequence at hand, and counts. */
function push(p: Parser, node: RegexNode): void {
  p.size += node.kind === "chars" ? 1 + node.ranges.length : 1;
  if (p.size > maxSize) throw regexError("expression too large", p.pattern);
  p.level.items.push(node);
}

const plainRun = /[A-Za-z0-9_:;,\-/ ]+/y;

/** Reads plain characters at once, but for the last, which a repetition may follow. */
function pushWord(p: Parser): void {
  plainRun.lastIndex = p.at;
  const run = plainRun.exec(p.pattern)?.[0] ?? "";
  if (run.length < 2) return;
  push(p, { kind: "literal", text: run.slice(0, -1) });
  p.at += run.length - 1;
}

function pushCode(p: Parser, code: number): void {
  const ranges = foldedByFlags(p, [code, code]);
  const single = ranges.length === 2 && ranges[0] === ranges[1];
  push(p, single ? { kind: "literal", text: String.fromCodePoint(code) } : { kind: "chars", ranges });
}

function openLevel(p: Parser, name: string | undefined, inner: RegexFlags): void {
  if (p.outer.length >= maxDepth) throw regexError("expression nests too deeply", p.pattern);
  p.outer.push(p.level);
  p.level = { name, outerFlags: p.flags, branches: [], items: [] };
  p.flags = inner;
}

function closeGroup(p: Parser): void {
  const outer = p.outer.pop();
  if (outer === undefined) throw regexError("unexpected )", p.pattern);
  p.at++;
  const item = closeLevel(p.level);
  const { name, outerFlags } = p.level;
  p.level = outer;
  p.flags = outerFlags;
  push(p, name === undefined ? item : { kind: "group", item, name });
}

function openGroup(p: Parser): void {
  const { pattern, at } = p;
  if (pattern[at + 1] !== "?") {
    p.at++;
    openLevel(p, "", p.flags);
    return;
  }
  const named = /^\(\?P?</.exec(pattern.slice(at, at + 4));
  // Go looks for a name only where something may follow `<`.
  if (named !== null && pattern.length - at > named[0].length) openNamed(p, named[0].length);
  else readFlags(p);
}

function openNamed(p: Parser, prefixLength: number): void {
  const { pattern, at } = p;
  const end = pattern.indexOf(">", at);
  if (end < 0) throw regexError("invalid named capture", pattern.slice(at));
  const name = pattern.slice(at + prefixLength, end);
  if (!/^[A-Za-z0-9_]+$/.test(name)) throw regexError("invalid named capture", pattern.slice(at, end + 1));
  p.at = end + 1;
  openLevel(p, name, p.flags);
}

const flagNames: Readonly<Record<string, keyof RegexFlags>> = {
  i: "foldCase",
  m: "multiLine",
  s: "dotNewline",
  U: "ungreedy",
};

/** Reads `(?i-s)`, which holds to the end of the group around it, or `(?i-s:`, which opens one. */
function readFlags(p: Parser): void {
  const { pattern, at: start } = p;
  p.at += 2;
  let on = true;
  let sawFlag = false;
  const changed: { -readonly [K in keyof RegexFlags]: RegexFlags[K] } = { ...p.flags };
  while (p.at < pattern.length) {
    const char = String.fromCodePoint(nextCode(p));
    const flag = flagNames[char];
    if (flag !== undefined) {
      changed[flag] = on;
      sawFlag = true;
    } else if (char === "-" && on) {
      on = false;
      sawFlag = false;
    } else if ((char === ":" || char === ")") && (on || sawFlag)) {
      if (char === ":") openLevel(p, undefined, changed);
      else p.flags = changed;
      return;
    } else break;
  }
  throw regexError("invalid or unsupported Perl syntax", pattern.slice(start, p.at));
}

function countedRepeat(p: Parser): boolean {
  const { pattern, at: start } = p;
  const found = /^\{(\d+)(?:(,)(\d*))?\}/.exec(pattern.slice(start, start + 64));
  // Go reads no number with a leading zero here.
  if (found === null || /^0\d/.test(found[1] ?? "") || /^0\d/.test(found[3] ?? "")) {
    p.at++;
    pushCode(p, 0x7b);
    return false;
  }
  p.at += found[0].length;
  const min = Number(found[1]);
  const max = found[2] === undefined ? min : found[3] === "" ? unlimited : Number(found[3]);
  if (min > maxRepeat || (max > maxRepeat && max !== unlimited) || min > max) {
    throw regexError("invalid repeat count", pattern.slice(start, p.at));
  }
  addRepeat(p, start, min, max);
  return true;
}

function addRepeat(p: Parser, start: number, min: number, max: number): void {
  const { pattern } = p;
  const lazy = pattern[p.at] === "?";
  if (lazy) p.at++;
  if (p.lastRepeat >= 0)
    throw regexError("invalid nested repetition operator", pattern.slice(p.lastRepeat, p.at));
  const item = p.level.items.pop();
  if (item === undefined)
    throw regexError("missing argument to repetition operator", pattern.slice(start, p.at));
  const node: RegexNode = { kind: "repeat", item, min, max, greedy: p.flags.ungreedy === lazy };
  if ((min >= 2 || (max >= 2 && max !== unlimited)) && !repeatFits(node, maxRepeat)) {
    throw regexError("invalid repeat count", pattern.slice(start, p.at));
  }
  push(p, node);
}

const escapedAssertions: Readonly<Record<string, AssertionKind>> = {
  A: "text-start",
  z: "text-end",
  b: "word",
  B: "not-word",
};

function readEscape(p: Parser): void {
  const next = p.pattern[p.at + 1] ?? "";
  const assertion = escapedAssertions[next];
  if (assertion !== undefined) {
    p.at += 2;
    push(p, { kind: "assertion", at: assertion });
  } else if (next === "C") throw regexError("invalid escape sequence", "\\C");
  else if (next === "Q") readQuoted(p);
  else {
    const ranges = parseClassEscape(p);
    if (ranges !== undefined) push(p, { kind: "chars", ranges });
    else pushCode(p, parseCharEscape(p));
  }
}

/** `\Q…\E`, or to the end of the pattern. */
function readQuoted(p: Parser): void {
  const end = p.pattern.indexOf("\\E", p.at + 2);
  const stop = end < 0 ? p.pattern.length : end;
  p.at += 2;
  while (p.at < stop) pushCode(p, nextCode(p));
  p.at = end < 0 ? p.pattern.length : end + 2;
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
  switch (node.kind) {
    case "repeat": {
      const { min, max, item } = node;
      const plain = max === unlimited ? min < 2 : min === 0 && max === 1;
      if (plain) return repeatFits(item, budget);
      const count = max === unlimited ? min : max;
      if (count === 0) return true;
      return count <= budget && repeatFits(item, Math.trunc(budget / count));
    }
    case "group":
      return repeatFits(node.item, budget);
    case "concat":
    case "alternate":
      return node.items.every((item) => repeatFits(item, budget));
    default:
      return true;
  }
}
