import { decodeHuffman } from "./huffman.ts";
import { staticTable } from "./static-table.ts";

/** Called for each field of a block, in its order. */
export type FieldVisitor = (name: string, value: string) => void;

export interface HpackDecoder {
  /**
   * Reads a whole header block. Throws Error for what is none; the connection cannot go on then, as the table is lost.
   * `visit` must not keep what is sensitive: it is not told.
   */
  decode(block: Uint8Array, visit: FieldVisitor): void;
}

/** What a table entry counts besides its text. */
const entryOverhead = 32;

/**
 * HPACK's decoder (RFC 7541).
 *
 *   index   1 … 61    the static table
 *           62 …      entries that this connection has added, the youngest first; the oldest go when the size is over
 */
export function createHpackDecoder(maxTableBytes: number): HpackDecoder {
  return new Decoder(maxTableBytes);
}

class Decoder implements HpackDecoder {
  readonly #maxTableBytes: number;
  /** The youngest last. */
  readonly #table: (readonly [string, string])[] = [];
  #tableBytes = 0;
  #limitBytes: number;
  #block: Uint8Array = new Uint8Array(0);
  #pos = 0;

  constructor(maxTableBytes: number) {
    this.#maxTableBytes = maxTableBytes;
    this.#limitBytes = maxTableBytes;
  }

  decode(block: Uint8Array, visit: FieldVisitor): void {
    this.#block = block;
    this.#pos = 0;
    let begun = false;
    while (this.#pos < block.length) {
      const first = block[this.#pos] as number;
      if ((first & 0xe0) === 0x20) {
        if (begun) throw new Error("a table size amid a header block");
        this.#resize(this.#integer(5));
        continue;
      }
      begun = true;
      if (first >= 0x80) {
        const [name, value] = this.#entry(this.#integer(7));
        visit(name, value);
        continue;
      }
      const isAdded = first >= 0x40;
      const index = this.#integer(isAdded ? 6 : 4);
      const name = index === 0 ? this.#string() : this.#entry(index)[0];
      const value = this.#string();
      if (isAdded) this.#add(name, value);
      visit(name, value);
    }
  }

  #entry(index: number): readonly [string, string] {
    const entry =
      index <= staticTable.length
        ? staticTable[index - 1]
        : this.#table[this.#table.length - (index - staticTable.length)];
    if (entry === undefined) throw new Error(`no header field ${index}`);
    return entry;
  }

  #add(name: string, value: string): void {
    this.#tableBytes += name.length + value.length + entryOverhead;
    this.#table.push([name, value]);
    this.#evict();
  }

  #resize(limitBytes: number): void {
    if (limitBytes > this.#maxTableBytes) throw new Error(`a header table of ${limitBytes} bytes`);
    this.#limitBytes = limitBytes;
    this.#evict();
  }

  #evict(): void {
    while (this.#tableBytes > this.#limitBytes) {
      const [name, value] = this.#table.shift() as readonly [string, string]; // What is counted is there.
      this.#tableBytes -= name.length + value.length + entryOverhead;
    }
  }

  /** An integer whose first byte has `bits` bits of it (section 5.1). */
  #integer(bits: number): number {
    const block = this.#block;
    const most = (1 << bits) - 1;
    let value = (block[this.#pos++] as number) & most;
    if (value < most) return value;
    for (let shift = 0; shift <= 21; shift += 7) {
      if (this.#pos >= block.length) throw cut();
      const byte = block[this.#pos++] as number;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new Error("an integer of more than 28 bits in a header block");
  }

  #string(): string {
    const block = this.#block;
    if (this.#pos >= block.length) throw cut();
    const isCoded = (block[this.#pos] as number) >= 0x80;
    const size = this.#integer(7);
    const start = this.#pos;
    const end = start + size;
    if (end > block.length) throw cut();
    this.#pos = end;
    if (!isCoded) return latin1(block, start, end);
    const text = decodeHuffman(block, start, end);
    if (text === undefined) throw new Error("a broken Huffman code in a header block");
    return text;
  }
}

function cut(): Error {
  return new Error("a header block that is cut off");
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let at = start; at < end; at++) text += String.fromCharCode(bytes[at] as number);
  return text;
}
