import { decodeError } from "./decode-error.ts";

/** Protobuf's wire types that are still in use. */
export const wireType = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

const two32 = 4_294_967_296;
const nothing = new Uint8Array(0);

/**
 * Reads protobuf's wire format from a range of bytes, a position that moves forward.
 * Never reads past `end`; what breaks the format throws GatewayError `internal` that names `what` and the offset.
 */
export class WireReader {
  readonly what: string;
  bytes: Uint8Array = nothing;
  pos = 0;
  end = 0;
  /** Low and high word of the varint read last. */
  low = 0;
  high = 0;

  constructor(what: string) {
    this.what = what;
  }

  /** Points at [start, end) of `bytes`. */
  reset(bytes: Uint8Array, start = 0, end = bytes.length): this {
    this.bytes = bytes;
    this.pos = start;
    this.end = Math.min(end, bytes.length);
    return this;
  }

  /** Any varint of up to 64 bits, into `low` and `high`. */
  varint(): void {
    const { bytes, end } = this;
    const from = this.pos;
    let pos = from;
    let low = 0;
    let high = 0;
    for (let shift = 0; ; shift += 7) {
      if (pos >= end) this.fail("a varint runs past the end", from);
      const byte = bytes[pos++] as number;
      if (shift === 63 && byte > 1) this.fail("a varint is longer than 64 bits", from);
      const part = byte & 127;
      if (shift < 32) low |= part << shift;
      if (shift > 31) high |= part << (shift - 32);
      else if (shift === 28) high |= part >>> 4;
      if (byte < 128) break;
    }
    this.pos = pos;
    this.low = low;
    this.high = high;
  }

  /** A length or a tag: a varint below 2^32. */
  uint32(): number {
    const from = this.pos;
    this.varint();
    if (this.high !== 0) this.fail("a length or tag is above 2^32", from);
    return this.low >>> 0;
  }

  /** An int64 as the nearest double. */
  int64(): number {
    this.varint();
    return this.high * two32 + (this.low >>> 0);
  }

  /** A zig-zag varint as the nearest double. */
  sint64(): number {
    this.varint();
    const sign = -(this.low & 1);
    const low = (((this.low >>> 1) | (this.high << 31)) ^ sign) >>> 0;
    return ((this.high >>> 1) ^ sign) * two32 + low;
  }

  /** Reads a length and gives the offset where its content ends; `pos` is then at its start. */
  lengthEnd(): number {
    const from = this.pos;
    const length = this.uint32();
    const contentEnd = this.pos + length;
    if (contentEnd > this.end) this.fail(`a field of ${length} bytes runs past its message`, from);
    return contentEnd;
  }

  /** Steps over the content of a field whose tag was read; groups are refused. */
  skip(tag: number): void {
    const from = this.pos;
    const type = tag & 7;
    if (tag < 8) this.fail("field number 0", from);
    if (type === wireType.varint) this.varint();
    else if (type === wireType.bytes) this.pos = this.lengthEnd();
    else if (type === wireType.fixed64 || type === wireType.fixed32) {
      this.pos += type === wireType.fixed64 ? 8 : 4;
      if (this.pos > this.end) this.fail("a fixed-size field runs past its message", from);
    } else this.fail(`wire type ${type} of field ${tag >>> 3}`, from);
  }

  /** Refuses a tag whose field number is one of `known` (bit n for field n) but whose wire type is not the declared one. */
  skipUnknown(tag: number, known: number): void {
    const field = tag >>> 3;
    if (field < 31 && (known >>> field) & 1) this.fail(`field ${field} has wire type ${tag & 7}`, this.pos);
    this.skip(tag);
  }

  fail(problem: string, at: number): never {
    throw decodeError(this.what, problem, at);
  }
}
