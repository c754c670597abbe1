import type { SeededRandom } from "../support/seeded-random.ts";
import { node, type QueryNode } from "./query-node.ts";

const strays = [
  ..."()[]{},:@#=~-+*/%^<>!é$'`\"\\;",
  ...[
    "by (job)",
    "on ()",
    "ignoring (le)",
    "group_left",
    "bool",
    "offset 5m",
    "offset",
    "@ start()",
    "anchored",
  ],
  ...[
    "[5m]",
    "[5m:]",
    "[1m:1m]",
    "5m",
    "1",
    "0x",
    "1e",
    "NaN",
    "and",
    "or",
    "sum",
    "sum(",
    "rate(",
    "fill(1)",
    "{}",
  ],
  ...[
    '"a"',
    "=~",
    "!~",
    '{a="b"}',
    "__name__",
    "without",
    "topk(",
    "1.5",
    "-1",
    ", 1",
    "5y",
    "step()",
    "\n",
    " ",
  ],
];

/** A text that is nearly `query`: some of its words are gone, doubled, exchanged, or have others between them. */
export function brokenQuery(random: SeededRandom, query: string): QueryNode {
  const words = [...wordsOf(query)];
  for (let left = 1 + random.below(3); left > 0; left--) {
    const at = random.below(words.length);
    const word = words[at] ?? "";
    switch (random.below(5)) {
      case 0:
        words.splice(at, 1);
        break;
      case 1:
        words.splice(at, 0, word);
        break;
      case 2:
        words.splice(at, 2, words[at + 1] ?? "", word);
        break;
      case 3:
        words.splice(at, 1, random.oneOf(strays));
        break;
      default:
        words.splice(at, 0, random.oneOf(strays));
    }
  }
  return node("text", words.join(""));
}

/** Words, strings, blanks and single signs; joined they are the text. */
export function wordsOf(query: string): readonly string[] {
  return query.match(/"(?:[^"\\]|\\.)*"|[\w.]+|\s+|[\s\S]/gu) ?? [];
}
