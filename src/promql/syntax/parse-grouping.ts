import { quoteGo } from "../../model/quote.ts";
import { advance, kindOf, note, type ParserState, tokenSpan, tokenText, unexpected } from "./parser-state.ts";
import { isLabelName } from "./token.ts";
import { unquote } from "./unquote.ts";

const context = "grouping opts";

/** A list of labels in parentheses, a comma at its end allowed. Leaves `)` in hand. */
export function parseGrouping(p: ParserState): readonly string[] {
  if (kindOf(p) !== "(") unexpected(p, context, '"("');
  advance(p);
  const names: string[] = [];
  while (kindOf(p) !== ")") {
    if (names.length > 0) {
      if (kindOf(p) !== ",") unexpected(p, context, '"," or ")"');
      advance(p);
      if (kindOf(p) === ")") break;
    }
    names.push(parseLabel(p));
  }
  return names;
}

function parseLabel(p: ParserState): string {
  const kind = kindOf(p);
  if (kind !== "string" && !isLabelName(kind)) unexpected(p, context, "label");
  const name = kind === "string" ? unquote(tokenText(p)) : tokenText(p);
  if (name === "" || !name.isWellFormed()) {
    note(p, tokenSpan(p), `invalid label name for grouping: ${quoteGo(name)}`);
  }
  advance(p);
  return name;
}
