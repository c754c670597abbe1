import { quoteGo } from "../../model/quote.ts";
import {
  advance,
  kindOf,
  note,
  type ParserState,
  passOver,
  recover,
  tokenSpan,
  tokenText,
} from "./parser-state.ts";
import { isLabelName, type TokenKind } from "./token.ts";
import { unquote } from "./unquote.ts";

const context = "grouping opts";

/** A list of labels in parentheses, a comma at its end allowed. Leaves `)` in hand; undefined where no list begins. */
export function parseGrouping(p: ParserState): readonly string[] | undefined {
  if (kindOf(p) !== "(") {
    passOver(p, context, '"("');
    return undefined;
  }
  advance(p);
  const names: string[] = [];
  while (kindOf(p) !== ")") {
    if (names.length > 0) {
      if (kindOf(p) !== ",") passOver(p, context, '"," or ")"');
      recover(p, endsLabel);
      if (kindOf(p) === ")") break;
      advance(p);
      if (kindOf(p) === ")") break;
    }
    names.push(parseLabel(p));
    recover(p, endsLabel);
  }
  return names;
}

function endsLabel(kind: TokenKind): boolean {
  return kind === "," || kind === ")";
}

function parseLabel(p: ParserState): string {
  const kind = kindOf(p);
  if (kind !== "string" && !isLabelName(kind)) {
    passOver(p, context, "label");
    return "";
  }
  const name = kind === "string" ? unquote(tokenText(p)) : tokenText(p);
  if (name === "" || !name.isWellFormed()) {
    note(p, tokenSpan(p), `invalid label name for grouping: ${quoteGo(name)}`);
  }
  advance(p);
  return name;
}
