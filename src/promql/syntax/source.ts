import { codePointAt, sequenceLength } from "../../model/quote.ts";

/** A query's text, and the way from places in it (UTF-16 units) to places in what was sent (bytes). */
export interface Source {
  readonly text: string;
  readonly sizeBytes: number;
  /** Byte offset of the unit `index`. */
  byteAt(index: number): number;
  /** Whether the byte at `offset` is a space, tab or line end. */
  isSpaceByte(offset: number): boolean;
}

/** Reads a query as it came. Bytes that are no UTF-8 become U+FFFD, one each, which the lexer refuses inside strings. */
export function createSource(query: string | Uint8Array): Source {
  if (typeof query !== "string") return bytesSource(query);
  if (!/[^\0-\x7f]/.test(query)) {
    return {
      text: query,
      sizeBytes: query.length,
      byteAt: (index) => index,
      isSpaceByte: (offset) => isSpace(query.charCodeAt(offset)),
    };
  }
  return bytesSource(new TextEncoder().encode(query));
}

function bytesSource(bytes: Uint8Array): Source {
  const offsets: number[] = [];
  const parts: string[] = [];
  for (let i = 0; i < bytes.length; ) {
    const length = sequenceLength(bytes, i);
    const char = length === 0 ? "\ufffd" : String.fromCodePoint(codePointAt(bytes, i, length));
    for (let unit = 0; unit < char.length; unit++) offsets.push(i);
    parts.push(char);
    i += Math.max(length, 1);
  }
  return {
    text: parts.join(""),
    sizeBytes: bytes.length,
    byteAt: (index) => offsets[index] ?? bytes.length,
    isSpaceByte: (offset) => isSpace(bytes[offset] ?? 0),
  };
}

/** Whether PromQL takes this character for white space. */
export function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d;
}

/** `line:column` of a byte offset, both from 1, the column in bytes. */
export function lineAndColumn(source: Source, offset: number): string {
  if (source.sizeBytes === 0) return "unknown position";
  let line = 1;
  let lastBreak = -1;
  for (
    let i = source.text.indexOf("\n");
    i >= 0 && source.byteAt(i) < offset;
    i = source.text.indexOf("\n", i + 1)
  ) {
    line++;
    lastBreak = source.byteAt(i);
  }
  return `${line}:${offset - lastBreak}`;
}
