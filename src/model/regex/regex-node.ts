import type { CharRanges } from "./char-ranges.ts";

export type AssertionKind = "text-start" | "text-end" | "line-start" | "line-end" | "word" | "not-word";

/** A parsed regular expression of RE2's syntax; flags are already worked into the nodes. */
export type RegexNode =
  | { readonly kind: "literal"; readonly text: string }
  | { readonly kind: "chars"; readonly ranges: CharRanges }
  | { readonly kind: "assertion"; readonly at: AssertionKind }
  | { readonly kind: "concat"; readonly items: readonly RegexNode[] }
  | { readonly kind: "alternate"; readonly items: readonly RegexNode[] }
  | { readonly kind: "group"; readonly item: RegexNode; readonly name: string }
  | {
      readonly kind: "repeat";
      readonly item: RegexNode;
      readonly min: number;
      /** Infinity for no limit. */
      readonly max: number;
      readonly greedy: boolean;
    };

/** The expression that matches the empty text. */
export const emptyNode: RegexNode = { kind: "concat", items: [] };
