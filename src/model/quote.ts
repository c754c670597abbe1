const plainText = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;
const printable = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;
const escapes: Readonly<Record<string, string>> = {
  "\x07": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  "\\": "\\\\",
};

/** Text in double quotes as Go's strconv.Quote writes it. Bytes kept by `decodeBytes` come out as `\xNN`. */
export function quoteGo(text: string): string {
  if (plainText.test(text)) return `"${text}"`;
  let quoted = '"';
  for (const char of text) quoted += char === '"' ? '\\"' : escapeChar(char);
  return `${quoted}"`;
}

/** One character in single quotes as Go's strconv.QuoteRune writes it. */
export function quoteRune(char: string): string {
  return `'${char === "'" ? "\\'" : escapeChar(char)}'`;
}

/** Whether Go prints this character as it is. */
export function isPrintable(char: string): boolean {
  return printable.test(char);
}

function escapeChar(char: string): string {
  const short = escapes[char];
  if (short !== undefined) return short;
  if (isPrintable(char)) return char;
  const code = char.codePointAt(0) ?? 0;
  if (code >= 0xdc80 && code <= 0xdcff) return `\\x${(code - 0xdc00).toString(16)}`;
  if (code < 0x20 || code === 0x7f) return `\\x${code.toString(16).padStart(2, "0")}`;
  if (code >= 0xd800 && code < 0xe000) return "\\ufffd";
  if (code < 0x10000) return `\\u${code.toString(16).padStart(4, "0")}`;
  return `\\U${code.toString(16).padStart(8, "0")}`;
}

/**
 * Text of bytes that need not be UTF-8: every byte that is not becomes a lone surrogate U+DC80 … U+DCFF, so that it is not
 * lost and `isWellFormed` finds it. Written out as UTF-8 such text shows U+FFFD.
 */
export function decodeBytes(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; ) {
    const sizeBytes = sequenceLength(bytes, i);
    if (sizeBytes === 0) text += String.fromCharCode(0xdc00 + (bytes[i] ?? 0));
    else text += String.fromCodePoint(codePointAt(bytes, i, sizeBytes));
    i += Math.max(sizeBytes, 1);
  }
  return text;
}

/** Length of the UTF-8 sequence at `at`, 0 where there is no valid one. */
export function sequenceLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] ?? 0;
  if (lead < 0x80) return 1;
  const length =
    lead >= 0xc2 && lead < 0xe0 ? 2 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
  if (length === 0 || at + length > bytes.length) return 0;
  for (let i = 1; i < length; i++) if (((bytes[at + i] ?? 0) & 0xc0) !== 0x80) return 0;
  const code = codePointAt(bytes, at, length);
  if (length === 3 && (code < 0x800 || (code >= 0xd800 && code < 0xe000))) return 0;
  if (length === 4 && (code < 0x10000 || code > 0x10ffff)) return 0;
  return length;
}

/** Code point of the valid sequence of `length` bytes at `at`. */
export function codePointAt(bytes: Uint8Array, at: number, length: number): number {
  const lead = bytes[at] ?? 0;
  if (length === 1) return lead;
  let code = lead & (0xff >> (length + 1));
  for (let i = 1; i < length; i++) code = (code << 6) | ((bytes[at + i] ?? 0) & 0x3f);
  return code;
}
