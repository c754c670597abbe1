/**
 * Order of two strings by their UTF-8 bytes. JavaScript's `<` compares UTF-16 units and differs above U+FFFF:
 * surrogates (D800–DFFF) sort before E000–FFFF there, after them in UTF-8.
 */
export function compareBytewise(a: string, b: string): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return byteOrderUnit(x) - byteOrderUnit(y);
  }
  return a.length - b.length;
}

/** Moves surrogates above the rest of the basic plane, which is where their UTF-8 bytes sort. */
function byteOrderUnit(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

/** Whether two byte ranges are equal. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
