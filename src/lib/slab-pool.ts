/** Lends byte arrays for reuse: large ones made anew for every message cost more in garbage collection than all else. */
export interface SlabPool {
  /** An array of at least `sizeBytes`; its content is junk. */
  take(sizeBytes: number): Uint8Array;
  /** Takes back an array that nobody reads or writes any more. */
  give(slab: Uint8Array): void;
}

const smallest = 16 * 1024;
/** Larger ones are rare and are not kept. */
const largest = 4 * 1024 * 1024;

/** A pool whose arrays have powers of two as sizes, and which keeps at most `maxFreeBytes` of them. */
export function createSlabPool(maxFreeBytes: number): SlabPool {
  const free = new Map<number, Uint8Array[]>();
  let freeBytes = 0;
  return {
    take(sizeBytes) {
      if (sizeBytes > largest) return new Uint8Array(sizeBytes);
      let size = smallest;
      while (size < sizeBytes) size *= 2;
      const slab = free.get(size)?.pop();
      if (slab === undefined) return new Uint8Array(size);
      freeBytes -= size;
      return slab;
    },
    give(slab) {
      const size = slab.length;
      const pooled = size >= smallest && size <= largest && (size & (size - 1)) === 0;
      if (!pooled || freeBytes + size > maxFreeBytes) return;
      freeBytes += size;
      const list = free.get(size);
      if (list === undefined) free.set(size, [slab]);
      else list.push(slab);
    },
  };
}
