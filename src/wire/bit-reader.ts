import { decodeError } from "./decode-error.ts";

const two32 = 4_294_967_296;

/**
 * Reads bits from the highest of each byte on. Never reads past `end`: throws GatewayError `internal` that names `what`.
 * For chunks that are met rarely; XOR chunks have their own loop.
 */
export class BitReader {
  readonly #what: string;
  readonly #bytes: Uint8Array;
  readonly #endBit: number;
  #bit: number;
  /** Words of the 64-bit number that was read last, signed. */
  low = 0;
  high = 0;

  constructor(what: string, bytes: Uint8Array, start: number, end: number) {
    this.#what = what;
    this.#bytes = bytes;
    this.#bit = start * 8;
    this.#endBit = Math.min(end, bytes.length) * 8;
  }

  /** The next `count` bits, 32 at most, as an unsigned number. */
  bits(count: number): number {
    if (this.#bit + count > this.#endBit) this.fail("it is cut off");
    let value = 0;
    for (let left = count; left > 0; ) {
      const used = this.#bit & 7;
      const take = Math.min(8 - used, left);
      const byte = this.#bytes[this.#bit >>> 3] as number;
      value = value * 2 ** take + ((byte >>> (8 - used - take)) & ((1 << take) - 1));
      this.#bit += take;
      left -= take;
    }
    return value;
  }

  /** The next `count` bits, 64 at most, into `high` and `low`. */
  bits64(count: number): void {
    this.high = count > 32 ? this.bits(count - 32) | 0 : 0;
    this.low = this.bits(Math.min(32, count)) | 0;
  }

  /** The next `count` bits, 64 at most, as a number in two's complement, the nearest double. */
  signed(count: number): number {
    this.bits64(count);
    if (count > 32) {
      const high = count === 64 ? this.high : (this.high << (64 - count)) >> (64 - count);
      return high * two32 + (this.low >>> 0);
    }
    return count === 32 ? this.low : (this.low << (32 - count)) >> (32 - count);
  }

  /** Ones before the next zero, `most` at most; the zero is read too. */
  ones(most: number): number {
    let count = 0;
    while (count < most && this.bits(1) === 1) count++;
    return count;
  }

  /** Go's uvarint into `high` and `low`. */
  uvarint(): void {
    let low = 0;
    let high = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.bits(8);
      if (shift === 63 && byte > 1) this.fail("a varint is longer than 64 bits");
      const part = byte & 127;
      if (shift < 32) low |= part << shift;
      if (shift > 31) high |= part << (shift - 32);
      else if (shift === 28) high |= part >>> 4;
      if (byte < 128) break;
    }
    this.low = low;
    this.high = high;
  }

  /** Go's signed varint, the nearest double. */
  varint(): number {
    this.uvarint();
    const sign = -(this.low & 1);
    const low = (((this.low >>> 1) | (this.high << 31)) ^ sign) >>> 0;
    return ((this.high >>> 1) ^ sign) * two32 + low;
  }

  /** Steps over Prometheus's varbit number: unary size, then 0, 3, 6, 9, 12, 18, 25, 56 or 64 bits. */
  skipVarbit(): void {
    this.bits64(varbitSizes[this.ones(8)] as number);
  }

  fail(problem: string): never {
    throw decodeError(this.#what, problem, this.#bit >>> 3);
  }
}

const varbitSizes = [0, 3, 6, 9, 12, 18, 25, 56, 64] as const;
