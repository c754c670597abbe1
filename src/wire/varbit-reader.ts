import { decodeError } from "./decode-error.ts";
import { viewOf } from "./view-of.ts";

/** Bytes past the end of a chunk that one read may look at. */
const slack = 24;
const two32 = 4_294_967_296;

/** Numbers that are each xored with their last value, with a window of their own (Gorilla's value column). */
export class XorColumn {
  values = new Float64Array(64);
  /** The same memory, low word first. */
  words = new Uint32Array(this.values.buffer);
  leading = new Uint8Array(64);
  used = new Uint8Array(64);

  /** Room for `count` numbers, none of which has a window yet. */
  reset(count: number): void {
    if (count > this.values.length) {
      this.values = new Float64Array(2 * count);
      this.words = new Uint32Array(this.values.buffer);
      this.leading = new Uint8Array(2 * count);
      this.used = new Uint8Array(2 * count);
    }
    this.leading.fill(0, 0, count);
    this.used.fill(64, 0, count);
  }
}

/** Numbers of a row that are sums of their differences, which change as they changed before, or otherwise. */
export interface RunningSums {
  readonly values: Float64Array;
  readonly changes: Float64Array;
  /** Where the sum of entry i goes: to `at + i`. */
  readonly sums: Float64Array;
  readonly at: number;
  /** How large a sum may be, signs aside. */
  readonly limit: number;
}

/**
 * Reads the bits of histogram chunks from the highest of each byte on, 32 at a time:
 *
 *   varbit  0 | 10 + 3 bits | 110 + 6 | 1110 + 9 | 11110 + 12 | 111110 + 18 | 1111110 + 25 | 11111110 + 56 | 11111111 + 64
 *   xor     0 same | 10 bits in the last window | 11 + 5 leading zeros + 6 bits used + those bits
 *
 * Every read starts inside the chunk or fails; `finish` tells whether the last one ended there too.
 */
export class VarbitReader {
  readonly #what: string;
  #data: DataView = new DataView(new ArrayBuffer(slack));
  #from = 0;
  #bit = 0;
  #endBit = 0;
  #start = 0;
  #padded = new Uint8Array(4096);
  #paddedView = new DataView(this.#padded.buffer);
  /** Words of the 64-bit number that was read last, signed. */
  low = 0;
  high = 0;

  constructor(what: string) {
    this.#what = what;
  }

  /** Points at [start, end) of `bytes`. */
  reset(bytes: Uint8Array, start: number, end: number): void {
    const data = viewOf(bytes);
    this.#start = start;
    this.#bit = 0;
    this.#endBit = (end - start) * 8;
    if (bytes.byteOffset + end + slack > data.byteLength) this.#pad(bytes, start, end);
    else {
      this.#data = data;
      this.#from = bytes.byteOffset + start;
    }
  }

  /** Bits that are left. */
  get left(): number {
    return this.#endBit - this.#bit;
  }

  /** Fails where the last read ran past the end. */
  finish(): void {
    if (this.#bit > this.#endBit) this.fail("it is cut off");
  }

  /** The next `count` bits, 25 at most, as an unsigned number. */
  bits(count: number): number {
    const value = this.#window() >>> (32 - count);
    this.#bit += count;
    return value;
  }

  /** The next `count` bits, 1 to 64, into `high` and `low`. */
  bits64(count: number): void {
    const window = this.#window();
    const at = this.#from + (this.#bit >>> 3) + 4;
    const shift = this.#bit & 7;
    const next = this.#data.getInt32(at);
    // Two shifts, as one by 32 would be one by 0.
    const high = window | ((next >>> 1) >>> (31 - shift));
    this.#bit += count;
    if (count <= 32) {
      this.high = 0;
      this.low = count === 32 ? high : high >>> (32 - count);
      return;
    }
    const low = (next << shift) | (this.#data.getUint8(at + 4) >>> (8 - shift));
    const spare = 64 - count;
    this.high = (high >>> spare) | 0;
    this.low = spare === 0 ? low : (low >>> spare) | (high << (32 - spare));
  }

  /** A signed varbit, the nearest double. */
  varbitInt(): number {
    const window = this.#window();
    if (window >= 0) {
      this.#bit++;
      return 0;
    }
    if ((window & 0x40000000) === 0) {
      this.#bit += 5;
      return signed((window >>> 27) & 7, 3);
    }
    if ((window & 0x20000000) === 0) {
      this.#bit += 9;
      return signed((window >>> 23) & 63, 6);
    }
    const size = this.#longSize(window);
    if (size === 56) {
      // Go's range: the highest number of 56 bits is its own, not the lowest.
      const negative = this.high > 0x800000 || (this.high === 0x800000 && this.low !== 0);
      return (negative ? this.high - 0x1000000 : this.high) * two32 + (this.low >>> 0);
    }
    if (size === 64) return this.high * two32 + (this.low >>> 0);
    return signed(this.low, size);
  }

  /**
   * Reads signed varbits for entries [from, to): each is added to the entry's change, that to its value, and all values
   * from `from` up to it are its sum. Whether all sums are within the limit: a number that is returned is an object.
   */
  runningSums({ values, changes, sums, at, limit }: RunningSums, from: number, to: number): boolean {
    const data = this.#data;
    const start = this.#from;
    const endBit = this.#endBit;
    let bit = this.#bit;
    let most = 0;
    let size = 0;
    let sum = 0;
    let i = from;
    while (i < to) {
      if (bit >= endBit) this.#failAt(bit);
      let window = data.getInt32(start + (bit >>> 3)) << (bit & 7);
      let left = sureBits;
      while (i + 1 < to) {
        const codes = shortCodes[window >>> (32 - shortBits)] as number;
        const length = codes & 15;
        if (length === 0 || length > left) break;
        left -= length;
        bit += length;
        window <<= length;
        const change = (changes[i] as number) + (codes >> 16);
        changes[i] = change;
        const value = (values[i] as number) + change;
        values[i] = value;
        sum += value;
        sums[at + i++] = sum;
        size = Math.abs(sum);
        if (size > most) most = size;
        if ((codes & 16) === 0) continue;
        const nextChange = (changes[i] as number) + ((codes << 16) >> 24);
        changes[i] = nextChange;
        const nextValue = (values[i] as number) + nextChange;
        values[i] = nextValue;
        sum += nextValue;
        sums[at + i++] = sum;
        size = Math.abs(sum);
        if (size > most) most = size;
      }
      if (left < sureBits && i < to) continue;
      if (i === to) break;
      this.#bit = bit;
      const change = (changes[i] as number) + this.varbitInt();
      bit = this.#bit;
      changes[i] = change;
      const value = (values[i] as number) + change;
      values[i] = value;
      sum += value;
      sums[at + i++] = sum;
      size = Math.abs(sum);
      if (size > most) most = size;
    }
    this.#bit = bit;
    return most <= limit;
  }

  /** An unsigned varbit, the nearest double. */
  varbitUint(): number {
    const window = this.#window();
    if (window >= 0) {
      this.#bit++;
      return 0;
    }
    if ((window & 0x40000000) === 0) {
      this.#bit += 5;
      return (window >>> 27) & 7;
    }
    if ((window & 0x20000000) === 0) {
      this.#bit += 9;
      return (window >>> 23) & 63;
    }
    this.#longSize(window);
    return (this.high >>> 0) * two32 + (this.low >>> 0);
  }

  /** Steps over Go's signed varint. */
  skipVarint(): void {
    for (let i = 0; this.bits(8) > 127; i++) if (i === 9) this.fail("a varint is longer than 64 bits");
  }

  /** Reads number `i` of a column the first time: its 64 bits. */
  first(column: XorColumn, i: number): void {
    this.bits64(64);
    column.words[2 * i] = this.low;
    column.words[2 * i + 1] = this.high;
  }

  /** Reads the next value of number `i` of a column. */
  xor(column: XorColumn, i: number): void {
    const window = this.#window();
    if (window >= 0) {
      this.#bit++;
      return;
    }
    if ((window & 0x40000000) === 0) this.#bit += 2;
    else {
      const leading = (window >>> 25) & 31;
      const used = (window >>> 19) & 63 || 64;
      if (leading + used > 64) this.fail(`a value of ${leading} leading zeros and ${used} bits`);
      column.leading[i] = leading;
      column.used[i] = used;
      this.#bit += 13;
    }
    const used = column.used[i] as number;
    this.bits64(used);
    const trailing = 64 - (column.leading[i] as number) - used;
    const { words } = column;
    if (trailing >= 32) words[2 * i + 1] = (words[2 * i + 1] as number) ^ (this.low << (trailing - 32));
    else if (trailing === 0) {
      words[2 * i + 1] = (words[2 * i + 1] as number) ^ this.high;
      words[2 * i] = (words[2 * i] as number) ^ this.low;
    } else {
      const high = (this.high << trailing) | (this.low >>> (32 - trailing));
      words[2 * i + 1] = (words[2 * i + 1] as number) ^ high;
      words[2 * i] = (words[2 * i] as number) ^ (this.low << trailing);
    }
  }

  fail(problem: string): never {
    throw decodeError(this.#what, problem, this.#start + (Math.min(this.#bit, this.#endBit) >>> 3));
  }

  #failAt(bit: number): never {
    this.#bit = bit;
    this.fail("it is cut off");
  }

  /** 32 bits of which the first 25 are sure. */
  #window(): number {
    const bit = this.#bit;
    if (bit >= this.#endBit) this.fail("it is cut off");
    return this.#data.getInt32(this.#from + (bit >>> 3)) << (bit & 7);
  }

  /** Reads a varbit of nine bits and more into `high` and `low`; returns how many. */
  #longSize(window: number): number {
    const ones = Math.min(8, Math.clz32(~window));
    this.#bit += Math.min(8, ones + 1);
    const size = longSizes[ones - 3] as number;
    this.bits64(size);
    return size;
  }

  #pad(bytes: Uint8Array, start: number, end: number): void {
    const size = end - start;
    if (size + slack > this.#padded.length) {
      this.#padded = new Uint8Array(2 * (size + slack));
      this.#paddedView = new DataView(this.#padded.buffer);
    }
    this.#padded.set(bytes.subarray(start, end));
    this.#padded.fill(0, size, size + slack);
    this.#data = this.#paddedView;
    this.#from = 0;
  }
}

/** Bits of a window that are there wherever it begins. */
const sureBits = 25;
/** The varbits at the head of so many bits are looked up, two at a time where both are whole. */
const shortBits = 12;
/** Length of all in bits 0–3, 0 for a longer one; bit 4 where there are two; the second in bits 8–15, the first above. */
const shortCodes = Int32Array.from({ length: 1 << shortBits }, (_, bits) => {
  const first = shortCode(bits);
  if (first.length === 0) return 0;
  const second = shortCode((bits << first.length) & ((1 << shortBits) - 1));
  const length = first.length + second.length;
  if (second.length === 0 || length > shortBits) return (first.value << 16) | first.length;
  return (first.value << 16) | ((second.value & 0xff) << 8) | 16 | length;
});

/** The varbit at the head of `shortBits` bits. */
function shortCode(bits: number): { readonly length: number; readonly value: number } {
  if (bits < 0b100000000000) return { length: 1, value: 0 };
  if (bits < 0b110000000000) return { length: 5, value: signed((bits >> 7) & 7, 3) };
  return bits < 0b111000000000 ? { length: 9, value: signed((bits >> 3) & 63, 6) } : { length: 0, value: 0 };
}

/** Bits behind three ones and more. */
const longSizes = [9, 12, 18, 25, 56, 64] as const;

/** Go's bitRange: −(2^(n−1) − 1) … 2^(n−1). */
function signed(value: number, bits: number): number {
  return value > 1 << (bits - 1) ? value - (1 << bits) : value;
}
