import type { ClusterOutcome } from "../model/completeness.ts";

/** No chunk of this kind in an AggrChunk; other values are StoreAPI's Chunk.Encoding (XOR 0, HISTOGRAM 1, FLOAT_HISTOGRAM 2). */
export const noChunk = 255;

/** Raw is the plain chunk; the others come from downsampled blocks. Order of StoreAPI's AggrChunk fields 3 … 8. */
export const chunkKinds = ["raw", "count", "sum", "min", "max", "counter"] as const;
export type ChunkKind = (typeof chunkKinds)[number];

/**
 * Some series of one or more answer frames: bytes and where things lie in them. Nothing is decoded.
 *
 *   row r:    labels  buffers[labelBuffer[r]][labelStart[r], labelEnd[r])   records `0x0a len (0x0a n name 0x12 n value)`
 *             chunks  chunkFrom[r] ≤ c < chunkFrom[r + 1]
 *   chunk c:  buffers[chunkBuffer[c]], minMs[c], maxMs[c] (both inclusive),
 *             whole   [chunkStart[c], chunkEnd[c])   the AggrChunk message without tag and length
 *             raw     rawEncoding[c], data [rawStart[c], rawEnd[c])         `noChunk` where absent
 *
 * Rows are in label order. Typed arrays may be longer than `count` / `chunkFrom[count]`; entries past those are junk.
 * A batch and its buffers are valid until the next batch of the same stream is asked for; do not write to them.
 * The label region of a row is contiguous and holds labels only, in name order.
 */
export interface SeriesBatch {
  /** Rows. May be 0: a batch of warnings only. */
  readonly count: number;
  readonly buffers: readonly Uint8Array[];
  readonly labelBuffer: Uint16Array;
  readonly labelStart: Uint32Array;
  readonly labelEnd: Uint32Array;
  readonly chunkFrom: Uint32Array;
  readonly chunkBuffer: Uint16Array;
  readonly chunkMinMs: Float64Array;
  readonly chunkMaxMs: Float64Array;
  readonly chunkStart: Uint32Array;
  readonly chunkEnd: Uint32Array;
  readonly rawEncoding: Uint8Array;
  readonly rawStart: Uint32Array;
  readonly rawEnd: Uint32Array;
  /** Warnings that came before or among these rows, as the peer worded them. */
  readonly warnings: readonly string[];
  /** What a gateway below says of the clusters behind it, with its last batch. */
  readonly clusters?: readonly ClusterOutcome[] | undefined;
  /** Set where the warnings tell that the stream failed: before it had answered anything, or in the middle. */
  readonly failure?: "before" | "middle" | undefined;
}
