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

/**
 * Reads a query as it came. Bytes that are no UTF-8 become U+FFFD, one each, which the lexer refuses inside strings; so do
 * lone surrogates in a text.
 */
export function createSource(query: string | Uint8Array): Source {
  if (typeof query === "string") return /[^\0-\x7f]/.test(query) ? wideSource(query) : asciiSource(query);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(query);
  } catch {
    return brokenSource(query);
  }
  return createSource(text);
}

function asciiSource(text: string): Source {
  return {
    text,
    sizeBytes: text.length,
    byteAt: (index) => index,
    isSpaceByte: (offset) => isSpace(text.charCodeAt(offset)),
  };
}

function wideSource(written: string): Source {
  const text = written.toWellFormed();
  const offsets = new Uint32Array(text.length + 1);
  let at = 0;
  for (let i = 0; i < text.length; i++) {
    offsets[i] = at;
    const unit = text.charCodeAt(i);
    // Both halves of a pair stand at its start; together they take four bytes.
    if (unit >= 0xd800 && unit < 0xdc00) offsets[++i] = at;
    at += unit < 0x80 ? 1 : unit < 0x800 ? 2 : unit >= 0xd800 && unit < 0xdc00 ? 4 : 3;
  }
  offsets[text.length] = at;
  return mappedSource(text, offsets);
}

function brokenSource(bytes: Uint8Array): Source {
  const offsets: number[] = [];
  const parts: string[] = [];
  for (let i = 0; i < bytes.length; ) {
    const length = sequenceLength(bytes, i);
    const char = length === 0 ? "\ufffd" : String.fromCodePoint(codePointAt(bytes, i, length));
    for (let unit = 0; unit < char.length; unit++) offsets.push(i);
    parts.push(char);
    i += Math.max(length, 1);
  }
  offsets.push(bytes.length);
  return mappedSource(parts.join(""), Uint32Array.from(offsets));
}

/** `offsets` has the byte of every unit, and the size at its end. */
function mappedSource(text: string, offsets: Uint32Array): Source {
  const sizeBytes = offsets[text.length] as number;
  return {
    text,
    sizeBytes,
    byteAt: (index) => offsets[index] ?? sizeBytes,
    isSpaceByte: (offset) => isSpace(text.charCodeAt(unitAt(offsets, offset))),
  };
}

/** The first unit that stands at the byte or behind it. */
function unitAt(offsets: Uint32Array, offset: number): number {
  let low = 0;
  let high = offsets.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((offsets[middle] as number) < offset) low = middle + 1;
    else high = middle;
  }
  return low;
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
