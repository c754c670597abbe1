import { GatewayError } from "../lib/errors.ts";
import { decodeError } from "./decode-error.ts";
import { varintSize, writeVarint } from "./varint.ts";
import { WireReader } from "./wire-reader.ts";

/*
 * Snappy's block format: size uvarint, then elements; the two low bits of a tag are its kind.
 *
 *   00 literal  length - 1 in the high six bits, or 60 … 63 for 1 … 4 bytes of it that follow; then the bytes
 *   01 copy     length - 4 in 3 bits, offset in 3 bits and a byte
 *   10, 11      length - 1 in 6 bits, offset in 2 or 4 bytes
 */

const what = "snappy block";
const header = new WireReader(what);

/**
 * Undoes snappy's block compression. Throws GatewayError: `execution` where the content is above `limitBytes`,
 * `internal` for broken bytes.
 */
export function uncompressSnappy(bytes: Uint8Array, limitBytes: number): Uint8Array {
  header.reset(bytes);
  const size = header.uint32();
  if (size > limitBytes) {
    throw new GatewayError(
      "execution",
      `Cannot decode ${what}: it has ${size} bytes, wants at most ${limitBytes}`,
    );
  }
  // No element makes more than 64 bytes of 2 that it takes.
  if (size > 32 * bytes.length) throw decodeError(what, `${size} bytes do not come of ${bytes.length}`, 0);
  const out = new Uint8Array(size);
  let pos = header.pos;
  let at = 0;
  while (pos < bytes.length) {
    const tagAt = pos;
    const tag = bytes[pos++] as number;
    const kind = tag & 3;
    let length = (tag >>> 2) + 1;
    if (kind === 0) {
      if (length > 60) {
        const extra = length - 60;
        length = littleEndian(bytes, pos, extra) + 1;
        pos += extra;
      }
      if (pos + length > bytes.length || at + length > size)
        throw decodeError(what, "a literal runs over", tagAt);
      out.set(bytes.subarray(pos, pos + length), at);
      pos += length;
    } else {
      let offset: number;
      if (kind === 1) {
        length = ((tag >>> 2) & 7) + 4;
        offset = ((tag >>> 5) << 8) | littleEndian(bytes, pos, 1);
        pos += 1;
      } else {
        offset = littleEndian(bytes, pos, kind === 2 ? 2 : 4);
        pos += kind === 2 ? 2 : 4;
      }
      if (offset === 0 || offset > at || at + length > size)
        throw decodeError(what, "a copy runs over", tagAt);
      // Byte by byte: a copy may overlap what it writes.
      for (let i = at; i < at + length; i++) out[i] = out[i - offset] as number;
    }
    at += length;
  }
  if (at !== size) throw decodeError(what, `${at} of ${size} bytes are there`, pos);
  return out;
}

function littleEndian(bytes: Uint8Array, at: number, count: number): number {
  if (at + count > bytes.length) throw decodeError(what, "an element is cut off", at);
  let value = 0;
  for (let i = count - 1; i >= 0; i--) value = value * 256 + (bytes[at + i] as number);
  return value;
}

/** Bytes in snappy's block format, all as one literal: what we send (requests) is too small to be worth a search. */
export function compressSnappy(bytes: Uint8Array): Uint8Array {
  const { length } = bytes;
  const sizeBytes = varintSize(length);
  if (length === 0) return Uint8Array.of(0);
  const out = new Uint8Array(sizeBytes + 5 + length);
  let at = writeVarint(out, 0, length);
  out[at++] = 63 << 2;
  for (let shift = 0; shift < 32; shift += 8) out[at++] = (length - 1) >>> shift;
  out.set(bytes, at);
  return out;
}
