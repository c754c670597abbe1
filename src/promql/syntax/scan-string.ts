import { isPrintable } from "../../model/quote.ts";

/** Where a quoted text ends, or why it does not. */
export type StringScan = { readonly end: number } | { readonly problem: string };

/** Reads a quoted text whose opening quote is at `start`; the checks and texts are upstream's lexer's. */
export function scanString(text: string, start: number): StringScan {
  const quote = text[start] ?? "";
  if (quote === "`") return scanRaw(text, start);
  for (let at = start + 1; at < text.length; at++) {
    const char = text[at];
    if (char === quote) return { end: at + 1 };
    if (char === "\n") break;
    if (char === "\\") {
      const escaped = scanEscape(text, at, quote);
      if ("problem" in escaped) return escaped;
      at = escaped.end - 1;
    } else if (isBroken(text, at)) return { problem: "invalid UTF-8 rune" };
    else if (isHighSurrogate(text, at)) at++;
  }
  return { problem: "unterminated quoted string" };
}

function scanRaw(text: string, start: number): StringScan {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === "`") return { end: at + 1 };
    if (isBroken(text, at)) return { problem: "invalid UTF-8 rune" };
    if (isHighSurrogate(text, at)) at++;
  }
  return { problem: "unterminated raw string" };
}

/** U+FFFD stands for what could not be decoded, and upstream does not tell it from one that was written. */
function isBroken(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  if (code === 0xfffd) return true;
  return code >= 0xd800 && code < 0xe000 && (text.codePointAt(at) ?? 0) < 0x10000;
}

function isHighSurrogate(text: string, at: number): boolean {
  return (text.codePointAt(at) ?? 0) > 0xffff;
}

/** Reads the escape whose backslash is at `start`. */
function scanEscape(text: string, start: number, quote: string): StringScan {
  const at = start + 1;
  const char = charAt(text, at);
  if (char === undefined) return { problem: "escape sequence not terminated" };
  if (char === quote || "abfnrtv\\".includes(char)) return { end: at + 1 };
  if (char >= "0" && char <= "7" && char.length === 1)
    return scanDigits(text, at, { count: 3, base: 8, max: 255 });
  if (char === "x") return scanDigits(text, at + 1, { count: 2, base: 16, max: 255 });
  if (char === "u") return scanDigits(text, at + 1, { count: 4, base: 16, max: 0x10ffff });
  if (char === "U") return scanDigits(text, at + 1, { count: 8, base: 16, max: 0x10ffff });
  return { problem: `unknown escape sequence ${unicodeName(char)}` };
}

function scanDigits(
  text: string,
  start: number,
  number: { readonly count: number; readonly base: number; readonly max: number },
): StringScan {
  let value = 0;
  for (let i = 0; i < number.count; i++) {
    const char = charAt(text, start + i);
    if (char === undefined) return { problem: "escape sequence not terminated" };
    const digit = /^[0-9a-fA-F]$/.test(char) ? Number.parseInt(char, 16) : 16;
    if (digit >= number.base) return { problem: `illegal character ${unicodeName(char)} in escape sequence` };
    value = value * number.base + digit;
  }
  if (value > number.max || (value >= 0xd800 && value < 0xe000)) {
    return { problem: "escape sequence is an invalid Unicode code point" };
  }
  return { end: start + number.count };
}

function charAt(text: string, at: number): string | undefined {
  const code = text.codePointAt(at);
  return code === undefined ? undefined : String.fromCodePoint(code);
}

/** `U+0063 'c'`, as Go's %#U. */
function unicodeName(char: string): string {
  const code = (char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
  return isPrintable(char) ? `U+${code} '${char}'` : `U+${code}`;
}
