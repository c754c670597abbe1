/** Below this a loop is faster than a view and `set`. */
const shortCopy = 64;

/** Copies [start, end) of `from` to `at` in `out`; returns the offset past it. */
export function copyBytes(out: Uint8Array, at: number, from: Uint8Array, start: number, end: number): number {
  const size = end - start;
  if (size > shortCopy) out.set(from.subarray(start, end), at);
  else for (let i = 0; i < size; i++) out[at + i] = from[start + i] as number;
  return at + size;
}
