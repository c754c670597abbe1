import { writeFloat } from "./float-text.ts";

/** Takes over what was written of a chunk and hands out an empty one. */
export type ChunkOutput = (chunk: Uint8Array, length: number) => Uint8Array;

/** Bytes that must be free before an item of bounded size is written. */
export const itemBytes = 80;

const encoder = new TextEncoder();
const hex = "0123456789abcdef";

/**
 * Writes JSON text into chunks of one size, which leave through `output` when they are full.
 * `bytes` and `at` are open to hot loops: they write at `at`, at most `itemBytes` after each `room(itemBytes)`.
 */
export class JsonWriter {
  bytes: Uint8Array;
  /** The same memory, for unaligned words. */
  view: DataView;
  at = 0;
  readonly #output: ChunkOutput;

  constructor(first: Uint8Array, output: ChunkOutput) {
    this.bytes = first;
    this.view = viewOf(first);
    this.#output = output;
  }

  /** Makes sure that `size` bytes fit, at most a chunk. */
  room(size: number): void {
    if (this.at + size > this.bytes.length) this.flush();
  }

  /** Hands the chunk over, however full it is. */
  flush(): void {
    this.bytes = this.#output(this.bytes, this.at);
    this.view = viewOf(this.bytes);
    this.at = 0;
  }

  /** Text that is JSON already and ASCII only. */
  raw(text: string): void {
    for (let from = 0; from < text.length; ) {
      this.room(1);
      const count = Math.min(text.length - from, this.bytes.length - this.at);
      for (let i = 0; i < count; i++) this.bytes[this.at + i] = text.charCodeAt(from + i);
      this.at += count;
      from += count;
    }
  }

  /** JSON text in UTF-8. */
  rawBytes(text: Uint8Array): void {
    for (let from = 0; from < text.length; ) {
      this.room(1);
      const count = Math.min(text.length - from, this.bytes.length - this.at);
      this.bytes.set(text.subarray(from, from + count), this.at);
      this.at += count;
      from += count;
    }
  }

  /** A number in quotes, as sample values are written. */
  quotedFloat(value: number): void {
    this.room(itemBytes);
    this.bytes[this.at] = 34;
    const end = writeFloat(this.bytes, this.view, this.at + 1, value);
    this.bytes[end] = 34;
    this.at = end + 1;
  }

  /** A string as Prometheus writes label values: quotes, backslashes and control characters escaped. */
  string(text: string): void {
    if (!this.#plainString(text)) this.rawBytes(encoder.encode(quoteJson(text, false)));
  }

  /** A string as Go's encoding/json writes it: `<`, `>`, `&` and U+2028, U+2029 escaped too. */
  htmlSafeString(text: string): void {
    this.rawBytes(encoder.encode(quoteJson(text, true)));
  }

  /** Writes a string of printable ASCII without quotes and backslashes; false, having written nothing, for others. */
  #plainString(text: string): boolean {
    const { length } = text;
    if (length + 2 > this.bytes.length) return false;
    this.room(length + 2);
    const { bytes } = this;
    const start = this.at + 1;
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i);
      if (unit < 32 || unit > 126 || unit === 34 || unit === 92) return false;
      bytes[start + i] = unit;
    }
    bytes[this.at] = 34;
    bytes[start + length] = 34;
    this.at = start + length + 1;
    return true;
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

const shortEscapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};

/** A JSON string in Go's spelling; `htmlSafe` as encoding/json does by default. */
export function quoteJson(text: string, htmlSafe: boolean): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what JSON escapes.
  const special = htmlSafe ? /["\\\x00-\x1f<>&\u2028\u2029]/g : /["\\\x00-\x1f]/g;
  return `"${text.replace(special, escapeUnit)}"`;
}

function escapeUnit(char: string): string {
  const short = shortEscapes[char];
  if (short !== undefined) return short;
  const unit = char.charCodeAt(0);
  return `\\u${hexDigit(unit >> 12)}${hexDigit(unit >> 8)}${hexDigit(unit >> 4)}${hexDigit(unit)}`;
}

function hexDigit(value: number): string {
  return hex[value & 15] as string;
}
