/** Size of the pieces that answers are written in. */
export const chunkBytes = 65_536;

/** Pieces of memory that are used again and again, so that large answers make no garbage. */
export interface ChunkPool {
  take(): Uint8Array;
  give(chunk: Uint8Array): void;
}

/** Keeps up to `keep` chunks that nobody uses. */
export function createChunkPool(keep: number): ChunkPool {
  const free: Uint8Array[] = [];
  return {
    take: () => free.pop() ?? new Uint8Array(chunkBytes),
    give(chunk) {
      if (free.length < keep) free.push(chunk);
    },
  };
}
