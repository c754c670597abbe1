import type { JsonValue } from "../../promql/syntax/expr-json.ts";

/** A value as Go's encoding/json writes it: what HTML could take for markup is escaped, what is not UTF-8 is U+FFFD. */
export function toGoJson(value: JsonValue): string {
  // An escape is looked at from its backslash on, so that a written backslash before a letter is none.
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]|\\(?:[\\bf]|ud[89a-f][0-9a-f]{2})/g,
    (found) => replacements[found] ?? (found.length === 1 ? escapeUnit(found) : "\\ufffd"),
  );
}

const replacements: Readonly<Record<string, string>> = {
  "\\\\": "\\\\",
  "\\b": "\\u0008",
  "\\f": "\\u000c",
};

function escapeUnit(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
