import { unreachable } from "../../lib/assert.ts";
import type { CharRanges } from "./char-ranges.ts";
import { maxCodePoint } from "./char-ranges.ts";
import type { AssertionKind, RegexNode } from "./regex-node.ts";

const assertionSources: Readonly<Record<AssertionKind, string>> = {
  "text-start": "(?<![\\s\\S])",
  "text-end": "(?![\\s\\S])",
  "line-start": "(?<![^\\n])",
  "line-end": "(?![^\\n])",
  word: "\\b",
  "not-word": "\\B",
};

/** The same expression for JavaScript's RegExp with flag `u` alone. Groups keep their numbers; names are left out. */
export function regexSource(node: RegexNode): string {
  switch (node.kind) {
    case "literal":
      return node.text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
    case "chars":
      return classSource(node.ranges);
    case "assertion":
      return assertionSources[node.at];
    case "concat":
      return node.items
        .map((item) => (item.kind === "alternate" ? `(?:${regexSource(item)})` : regexSource(item)))
        .join("");
    case "alternate":
      return node.items.map(regexSource).join("|");
    case "group":
      return `(${regexSource(node.item)})`;
    case "repeat":
      return `(?:${regexSource(node.item)})${quantifier(node.min, node.max)}${node.greedy ? "" : "?"}`;
    default:
      return unreachable(node);
  }
}

function quantifier(min: number, max: number): string {
  if (max === Number.POSITIVE_INFINITY) return min === 0 ? "*" : min === 1 ? "+" : `{${min},}`;
  if (min === 0 && max === 1) return "?";
  return `{${min},${max}}`;
}

function classSource(ranges: CharRanges): string {
  if (ranges.length === 0) return "[]";
  if (ranges.length === 2 && ranges[0] === 0 && ranges[1] === maxCodePoint) return "[\\s\\S]";
  let text = "[";
  for (let i = 0; i + 1 < ranges.length; i += 2) {
    const lo = ranges[i] ?? 0;
    const hi = ranges[i + 1] ?? 0;
    text += `\\u{${lo.toString(16)}}`;
    if (hi > lo) text += `-\\u{${hi.toString(16)}}`;
  }
  return `${text}]`;
}
