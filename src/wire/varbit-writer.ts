import type { BitWriter } from "./bit-writer.ts";

const two32 = 4_294_967_296;

/** Sizes that varbit numbers come in, each behind as many ones as its place says, and a zero unless it is the last. */
const sizes = [3, 6, 9, 12, 18, 25, 56] as const;

/** Writes a whole number within ±2^63 as Prometheus's signed varbit. */
export function writeVarbitInt(out: BitWriter, value: number): void {
  let code = 0;
  while (code < sizes.length && !fits(value, sizes[code] as number)) code++;
  write(out, value, code);
}

/** Writes a whole number from 0 to 2^64 as Prometheus's unsigned varbit. */
export function writeVarbitUint(out: BitWriter, value: number): void {
  let code = 0;
  while (code < sizes.length && value >= 2 ** (sizes[code] as number)) code++;
  write(out, value, code);
}

function write(out: BitWriter, value: number, code: number): void {
  if (value === 0) {
    out.bits(0, 1);
    return;
  }
  if (code === sizes.length) out.bits(0xff, 8);
  else out.bits(2 ** (code + 2) - 2, code + 2);
  const size = sizes[code] ?? 64;
  if (size <= 32) out.bits(value, size);
  else {
    const high = Math.floor(value / two32);
    out.bits64(high, value - high * two32, size);
  }
}

/** Go's bitRange: −(2^(n−1) − 1) … 2^(n−1). */
function fits(value: number, bits: number): boolean {
  const half = 2 ** (bits - 1);
  return value > -half && value <= half;
}
