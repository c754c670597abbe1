import { crc32c } from "./crc32c.ts";
import { decodeError } from "./decode-error.ts";
import { uncompressSnappy } from "./snappy.ts";

/*
 * Snappy's framing format (google/snappy framing_format.txt), which gRPC's `snappy` encoding is on Thanos's side:
 *
 *   chunk = type u8 | length u24 little-endian | body
 *   type 0xff "sNaPpY" · 0x00 masked CRC32C u32, compressed · 0x01 masked CRC32C u32, plain · 0x80…0xfe skipped
 */

const identifier = Uint8Array.of(0xff, 6, 0, 0, 0x73, 0x4e, 0x61, 0x50, 0x70, 0x59);
/** A chunk holds at most this much, uncompressed. */
const chunkBytes = 65_536;
const headerBytes = 4;
const checksumBytes = 4;

/** Undoes the framing; throws GatewayError `internal` for broken bytes and where more than `limitBytes` come out. */
export function readSnappyFrames(bytes: Uint8Array, limitBytes: number): Uint8Array {
  const parts: Uint8Array[] = [];
  let size = 0;
  let pos = 0;
  while (pos < bytes.length) {
    const at = pos;
    if (pos + headerBytes > bytes.length) throw decodeError("snappy frames", "a chunk's header is cut", at);
    const type = bytes[pos] as number;
    const start = pos + headerBytes;
    const end = start + lengthAt(bytes, pos + 1);
    if (end > bytes.length) throw decodeError("snappy frames", "a chunk runs past the end", at);
    pos = end;
    if (type >= 0x80) continue;
    if (type > 1) throw decodeError("snappy frames", `unknown chunk type ${type}`, at);
    if (end - start < checksumBytes) throw decodeError("snappy frames", "a chunk lacks its checksum", at);
    const body = bytes.subarray(start + checksumBytes, end);
    const plain = type === 0 ? uncompressSnappy(body, chunkBytes) : body;
    if (masked(crc32c(plain)) !== uint32At(bytes, start)) {
      throw decodeError("snappy frames", "a chunk's checksum is wrong", at);
    }
    size += plain.length;
    if (size > limitBytes) throw decodeError("snappy frames", `more than ${limitBytes} bytes come out`, at);
    parts.push(plain);
  }
  return joined(parts, size);
}

/** Puts bytes into the framing, in plain chunks: for answers to those who ask for it, not to save bytes. */
export function writeSnappyFrames(bytes: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [identifier];
  let size = identifier.length;
  for (let from = 0; from < bytes.length; from += chunkBytes) {
    const plain = bytes.subarray(from, from + chunkBytes);
    const chunk = new Uint8Array(headerBytes + checksumBytes + plain.length);
    const view = new DataView(chunk.buffer);
    view.setUint32(0, ((checksumBytes + plain.length) << 8) | 1, true);
    view.setUint32(headerBytes, masked(crc32c(plain)), true);
    chunk.set(plain, headerBytes + checksumBytes);
    parts.push(chunk);
    size += chunk.length;
  }
  return joined(parts, size);
}

/** The framing's own disguise of checksums. */
function masked(checksum: number): number {
  return (((checksum >>> 15) | (checksum << 17)) + 0xa282ead8) >>> 0;
}

function lengthAt(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16);
}

function uint32At(bytes: Uint8Array, at: number): number {
  return (lengthAt(bytes, at) | ((bytes[at + 3] as number) << 24)) >>> 0;
}

function joined(parts: readonly Uint8Array[], size: number): Uint8Array {
  const out = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
