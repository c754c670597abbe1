const slabBytes = 32 * 1024;
/** Larger ones have memory of their own. */
const largestBytes = 2 * 1024;

let slab = new Uint8Array(0);
let used = 0;

/**
 * Fresh bytes out of a slab that many share: memory of its own costs a small array more than its bytes. A slab lives as
 * long as any part of it, so this is for what lives for a call at most.
 */
export function freshBytes(sizeBytes: number): Uint8Array {
  if (sizeBytes > largestBytes) return new Uint8Array(sizeBytes);
  if (used + sizeBytes > slab.length) {
    slab = new Uint8Array(slabBytes);
    used = 0;
  }
  const start = used;
  used += sizeBytes;
  return slab.subarray(start, used);
}
