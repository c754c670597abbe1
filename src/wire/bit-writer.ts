import { int64Size, writeInt64 } from "./varint.ts";

/**
 * Writes bits from the highest of each byte on, into bytes that grow. Ends as Go's bstream does: where the last write
 * was of whole bytes and the bits fill a byte up, one byte of zeros follows.
 */
export class BitWriter {
  #bytes = new Uint8Array(256);
  /** Bits written. */
  length = 0;
  #wholeBytes = false;
  readonly #scratch = new Uint8Array(10);

  /** Writes the `count` lowest bits of `value`, 32 at most. */
  bits(value: number, count: number): void {
    if (this.length + count + 8 > this.#bytes.length * 8) this.#grow();
    const bytes = this.#bytes;
    this.#wholeBytes = count % 8 === 0;
    for (let left = count; left > 0; ) {
      const used = this.length & 7;
      const room = Math.min(8 - used, left);
      left -= room;
      const part = (value >>> left) & ((1 << room) - 1);
      const at = this.length >>> 3;
      bytes[at] = (bytes[at] as number) | (part << (8 - used - room));
      this.length += room;
    }
  }

  /** Writes the `count` lowest bits of a 64-bit number, 64 at most. */
  bits64(high: number, low: number, count: number): void {
    if (count > 32) this.bits(high, count - 32);
    this.bits(low, Math.min(32, count));
    this.#wholeBytes = count % 8 === 0;
  }

  /** Writes a whole number as Go's signed varint, byte by byte though not on byte bounds. */
  varint(value: number): void {
    // The zig-zag form takes one bit more than a double holds, so its lowest bits are made apart.
    const rest = value < 0 ? -value - 1 : value;
    const lowest = (rest % 64) * 2 + (value < 0 ? 1 : 0);
    if (rest < 64) this.bits(lowest, 8);
    else {
      this.bits(lowest | 128, 8);
      this.uvarint(Math.floor(rest / 64));
    }
  }

  /** Writes a whole number as uvarint; a negative one as its 64 bits. */
  uvarint(value: number): void {
    const size = int64Size(value);
    writeInt64(this.#scratch, 0, value);
    for (let i = 0; i < size; i++) this.bits(this.#scratch[i] as number, 8);
  }

  /** What was written, the last byte filled up with zeros. */
  finish(): Uint8Array {
    const spare = this.#wholeBytes && this.length % 8 === 0;
    return this.#bytes.slice(0, ((this.length + 7) >>> 3) + (spare ? 1 : 0));
  }

  #grow(): void {
    // Always room for the byte that may follow.
    const bytes = new Uint8Array(this.#bytes.length * 2);
    bytes.set(this.#bytes);
    this.#bytes = bytes;
  }
}
