/*
 * CRC-32C (Castagnoli, reflected polynomial 0x82f63b78), eight bytes a step: table k tells what a byte does to the sum
 * once k more bytes have passed.
 */

const polynomial = 0x82f63b78;
const tables = makeTables();

function makeTables(): Int32Array {
  const out = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let sum = byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum & 1) === 1 ? (sum >>> 1) ^ polynomial : sum >>> 1;
    out[byte] = sum;
  }
  for (let at = 256; at < out.length; at++) {
    const before = out[at - 256] as number;
    out[at] = (before >>> 8) ^ (out[before & 255] as number);
  }
  return out;
}

/** CRC-32C of [start, end) of `bytes`, as an unsigned 32-bit number. */
export function crc32c(bytes: Uint8Array, start = 0, end = bytes.length): number {
  let sum = -1;
  let at = start;
  for (; at + 8 <= end; at += 8) {
    sum ^= word(bytes, at);
    const next = word(bytes, at + 4);
    sum =
      (tables[1792 | (sum & 255)] as number) ^
      (tables[1536 | ((sum >>> 8) & 255)] as number) ^
      (tables[1280 | ((sum >>> 16) & 255)] as number) ^
      (tables[1024 | (sum >>> 24)] as number) ^
      (tables[768 | (next & 255)] as number) ^
      (tables[512 | ((next >>> 8) & 255)] as number) ^
      (tables[256 | ((next >>> 16) & 255)] as number) ^
      (tables[next >>> 24] as number);
  }
  for (; at < end; at++) sum = (sum >>> 8) ^ (tables[(sum ^ (bytes[at] as number)) & 255] as number);
  return ~sum >>> 0;
}

function word(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}
