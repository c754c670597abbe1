const two32 = 4_294_967_296;

/** Bytes that `writeVarint` takes for a whole number from 0 to 2^53. */
export function varintSize(value: number): number {
  // Nearly all are lengths of labels and chunks.
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  let size = 3;
  for (let rest = Math.floor(value / 0x200000); rest > 0; rest = Math.floor(rest / 128)) size++;
  return size;
}

/** Writes a whole number from 0 to 2^53; returns the offset past it. */
export function writeVarint(out: Uint8Array, at: number, value: number): number {
  let pos = at;
  let rest = value;
  while (rest > 0x7fffffff) {
    out[pos++] = (rest % 128) | 128;
    rest = Math.floor(rest / 128);
  }
  while (rest > 127) {
    out[pos++] = (rest & 127) | 128;
    rest >>>= 7;
  }
  out[pos++] = rest;
  return pos;
}

/** Bytes that `writeInt64` takes: ten for any negative number. */
export function int64Size(value: number): number {
  return value < 0 ? 10 : varintSize(value);
}

/** Writes a whole number within ±2^53 as an int64 field; returns the offset past it. */
export function writeInt64(out: Uint8Array, at: number, value: number): number {
  if (value >= 0) return writeVarint(out, at, value);
  let high = Math.floor(value / two32) | 0;
  let low = (value - Math.floor(value / two32) * two32) | 0;
  let pos = at;
  for (let i = 0; i < 9; i++) {
    out[pos++] = (low & 127) | 128;
    low = (low >>> 7) | (high << 25);
    high >>= 7;
  }
  out[pos++] = 1;
  return pos;
}
