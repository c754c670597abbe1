import { decodeBytes } from "../../model/quote.ts";

const shortEscapes: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

/**
 * Value of a quoted text that the lexer has accepted: Go's escapes in `"…"` and `'…'`, none in backquotes.
 * `\xNN` and octal escapes are bytes; those that form no UTF-8 are kept as `decodeBytes` keeps them.
 */
export function unquote(quoted: string): string {
  const inner = quoted.slice(1, -1);
  if (quoted[0] === "`" || !inner.includes("\\")) return inner;
  let hasBytes = false;
  const text = inner.replace(/\\(x..|[0-7]{3}|u.{4}|U.{8}|.)/g, (_, sequence: string) => {
    const lead = sequence[0] ?? "";
    if (lead === "u" || lead === "U") return String.fromCodePoint(Number.parseInt(sequence.slice(1), 16));
    if (lead === "x" || (lead >= "0" && lead <= "7")) {
      const byte = lead === "x" ? Number.parseInt(sequence.slice(1), 16) : Number.parseInt(sequence, 8);
      if (byte < 0x80) return String.fromCharCode(byte);
      hasBytes = true;
      return String.fromCharCode(0xdc00 + byte);
    }
    return shortEscapes[sequence] ?? sequence;
  });
  return hasBytes ? joinBytes(text) : text;
}

/** Bytes that form UTF-8 together become its characters. */
function joinBytes(text: string): string {
  return text.replace(/(?<![\ud800-\udbff])[\udc80-\udcff]+/g, (run) =>
    decodeBytes(Uint8Array.from(run, (char) => char.charCodeAt(0) - 0xdc00)),
  );
}
