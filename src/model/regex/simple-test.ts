import { maxCodePoint } from "./char-ranges.ts";
import type { RegexNode } from "./regex-node.ts";

const maxLiterals = 100_000;
const maxProducts = 256;
const maxClassSize = 16;

/** What can be told about an expression without running it. */
export interface SimpleTest {
  /** A test without any engine, where the expression allows one. */
  readonly matches: ((text: string) => boolean) | undefined;
  readonly literals: readonly string[] | undefined;
  readonly prefix: string;
}

/** Finds the expressions that most selectors use: words, choices of words, and words with `.*` or `.+` around and between. */
export function simpleTest(node: RegexNode): SimpleTest {
  const literals = literalsOf(node);
  if (literals !== undefined) {
    const first = literals[0] ?? "";
    if (literals.length === 1) return { matches: (text) => text === first, literals, prefix: first };
    const known = new Set(literals);
    return { matches: (text) => known.has(text), literals, prefix: "" };
  }
  const parts = flatten(node);
  const head = parts[0];
  return {
    matches: wildcardTest(parts),
    literals: undefined,
    prefix: head?.kind === "literal" ? head.text : "",
  };
}

/** All texts that match, or undefined where there are too many. */
function literalsOf(node: RegexNode): readonly string[] | undefined {
  switch (node.kind) {
    case "literal":
      return [node.text];
    case "group":
      return literalsOf(node.item);
    case "chars":
      return charsOf(node.ranges);
    case "alternate":
      return unionOf(node.items);
    case "concat":
      return productOf(node.items);
    case "repeat": {
      if (node.min !== 0 || node.max !== 1) return undefined;
      const inner = literalsOf(node.item);
      return inner === undefined ? undefined : [...new Set(["", ...inner])];
    }
    default:
      return undefined;
  }
}

function charsOf(ranges: readonly number[]): readonly string[] | undefined {
  const out: string[] = [];
  for (let i = 0; i + 1 < ranges.length; i += 2) {
    const lo = ranges[i] ?? 0;
    const hi = ranges[i + 1] ?? 0;
    if (hi - lo + out.length >= maxClassSize) return undefined;
    for (let code = lo; code <= hi; code++) out.push(String.fromCodePoint(code));
  }
  return out;
}

function unionOf(items: readonly RegexNode[]): readonly string[] | undefined {
  const out = new Set<string>();
  for (const item of items) {
    const inner = literalsOf(item);
    if (inner === undefined || out.size + inner.length > maxLiterals) return undefined;
    for (const text of inner) out.add(text);
  }
  return [...out];
}

function productOf(items: readonly RegexNode[]): readonly string[] | undefined {
  let out: readonly string[] = [""];
  for (const item of items) {
    const inner = literalsOf(item);
    if (inner === undefined) return undefined;
    if (inner.length > 1 && out.length * inner.length > maxProducts && out.length > 1) return undefined;
    out = out.flatMap((head) => inner.map((tail) => head + tail));
  }
  return [...new Set(out)];
}

/** The sequence with groups and sequences inside it opened. */
function flatten(node: RegexNode): readonly RegexNode[] {
  if (node.kind === "group") return flatten(node.item);
  return node.kind === "concat" ? node.items.flatMap(flatten) : [node];
}

/** A test for words with `.*` and `.+` among them; undefined for anything else. */
function wildcardTest(parts: readonly RegexNode[]): ((text: string) => boolean) | undefined {
  const words: string[] = [""];
  /** Characters wanted at least between a word and the next. */
  const gaps: number[] = [];
  let inGap = false;
  for (const part of parts) {
    if (part.kind === "literal") {
      if (inGap) words.push("");
      words[words.length - 1] += part.text;
      inGap = false;
    } else if (isWildcard(part)) {
      if (inGap) gaps[gaps.length - 1] = (gaps.at(-1) ?? 0) + part.min;
      else gaps.push(part.min);
      inGap = true;
    } else return undefined;
  }
  if (gaps.some((gap) => gap > 1)) return undefined; // A second character may be two units wide.
  if (inGap) words.push("");
  return (text) => wordsInOrder(text, words, gaps);
}

function isWildcard(node: RegexNode): node is RegexNode & { kind: "repeat" } {
  if (node.kind !== "repeat" || node.max !== Number.POSITIVE_INFINITY || node.item.kind !== "chars")
    return false;
  const { ranges } = node.item;
  return ranges.length === 2 && ranges[0] === 0 && ranges[1] === maxCodePoint;
}

/** The first word begins the text, the last ends it, the others are taken as early as can be. */
function wordsInOrder(text: string, words: readonly string[], gaps: readonly number[]): boolean {
  const head = words[0] ?? "";
  const tail = words.at(-1) ?? "";
  if (!text.startsWith(head) || !text.endsWith(tail)) return false;
  let at = head.length;
  for (let i = 1; i < words.length - 1; i++) {
    const word = words[i] ?? "";
    const found = text.indexOf(word, at + (gaps[i - 1] ?? 0));
    if (found < 0) return false;
    at = found + word.length;
  }
  return at + (gaps[words.length - 2] ?? 0) <= text.length - tail.length;
}
