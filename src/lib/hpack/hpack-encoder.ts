import { staticTable } from "./static-table.ts";

/** Index of each field that the static table has whole, and of the first one of each name. */
const fields = new Map<string, number>();
const names = new Map<string, number>();
for (const [at, [name, value]] of staticTable.entries()) {
  fields.set(`${name}\n${value}`, at + 1);
  if (!names.has(name)) names.set(name, at + 1);
}

/** Says that this side keeps no table; must come first in the first block of a connection. */
export const noTable = Uint8Array.of(0x20);

/**
 * Fields as a header block that leaves the peer's table as it is, so that a block can be made once for many requests.
 * Names are lower-case; characters above U+00FF are not allowed in either.
 */
export function encodeFields(list: readonly (readonly [name: string, value: string])[]): Uint8Array {
  let size = 0;
  for (const [name, value] of list) size += name.length + value.length + 16;
  const out = new Uint8Array(size);
  let at = 0;
  for (const [name, value] of list) at = writeField(out, at, name, value);
  return out.subarray(0, at);
}

function writeField(out: Uint8Array, from: number, name: string, value: string): number {
  const whole = fields.get(`${name}\n${value}`);
  if (whole !== undefined) return writeInteger(out, from, { first: 0x80, bits: 7 }, whole);
  const known = names.get(name);
  // Without indexing: 0000, or 0000 with the index of a name.
  let at = writeInteger(out, from, { first: 0, bits: 4 }, known ?? 0);
  if (known === undefined) at = writeString(out, at, name);
  return writeString(out, at, value);
}

function writeString(out: Uint8Array, from: number, text: string): number {
  const at = writeInteger(out, from, { first: 0, bits: 7 }, text.length);
  for (let i = 0; i < text.length; i++) out[at + i] = text.charCodeAt(i);
  return at + text.length;
}

function writeInteger(
  out: Uint8Array,
  from: number,
  { first, bits }: { readonly first: number; readonly bits: number },
  value: number,
): number {
  const most = (1 << bits) - 1;
  if (value < most) {
    out[from] = first | value;
    return from + 1;
  }
  out[from] = first | most;
  let left = value - most;
  let at = from + 1;
  while (left >= 128) {
    out[at++] = (left & 0x7f) | 0x80;
    left >>>= 7;
  }
  out[at++] = left;
  return at;
}
