import { framePrefixSize, writeFramePrefix } from "./grpc-frames.ts";
import type { SeriesBatch } from "./series-batch.ts";
import { encodeSeriesFrames } from "./series-response.ts";
import { varintSize, writeVarint } from "./varint.ts";

const batchTag = 0x22;

/**
 * Frames of as many series as the client asked for, also where they come in batches of another size:
 *
 *   batches in   aaaaa bbb ccccc       batchSize 4
 *   frames out   aaaa  abbb cccc  c    the last one when `flush` is called
 *
 * Rows that do not fill a frame are copied and held until others do. With a batch size of 0 or 1 nothing is ever held.
 */
export class SeriesFramer {
  readonly #batchSize: number;
  readonly #allocate: ((sizeBytes: number) => Uint8Array) | undefined;
  /** `0x0a len Series` records of the frame that is not full yet. */
  #records: Uint8Array[] = [];
  #count = 0;
  /** Bytes of rows that are held. */
  heldBytes = 0;
  /** Frames made so far. */
  frameCount = 0;

  /** `allocate` as in `encodeSeriesFrames`, for frames that are full with rows of one batch. */
  constructor(batchSize: number, allocate?: (sizeBytes: number) => Uint8Array) {
    this.#batchSize = Math.max(1, batchSize);
    this.#allocate = allocate;
  }

  /** The frames that are full with the rows of `batch`; the batch is not needed afterwards. */
  push(batch: SeriesBatch): readonly Uint8Array[] {
    const batchSize = this.#batchSize;
    const frames: Uint8Array[] = [];
    let from = 0;
    if (this.#count > 0) {
      from = Math.min(batch.count, batchSize - this.#count);
      this.#hold(batch, 0, from);
      if (this.#count === batchSize) frames.push(...this.flush());
    }
    const to = batch.count - ((batch.count - from) % batchSize);
    if (to > from) {
      frames.push(encodeSeriesFrames(batch, { from, to, batchSize }, this.#allocate));
      this.frameCount += (to - from) / batchSize;
    }
    this.#hold(batch, to, batch.count);
    return frames;
  }

  /** The frame of what is held, if anything is: before a frame of another kind, and at the end. */
  flush(): readonly Uint8Array[] {
    if (this.#count === 0) return [];
    const size = this.heldBytes;
    const header = new Uint8Array(framePrefixSize + 1 + varintSize(size));
    header[writeFramePrefix(header, 0, 1 + varintSize(size) + size)] = batchTag;
    writeVarint(header, framePrefixSize + 1, size);
    const frame = [header, ...this.#records];
    this.#records = [];
    this.#count = 0;
    this.heldBytes = 0;
    this.frameCount++;
    return frame;
  }

  #hold(batch: SeriesBatch, from: number, to: number): void {
    if (to <= from) return;
    const frame = encodeSeriesFrames(batch, { from, to, batchSize: Math.max(2, to - from) });
    const content = skipVarint(frame, framePrefixSize + 1);
    this.#records.push(frame.subarray(content));
    this.#count += to - from;
    this.heldBytes += frame.length - content;
  }
}

function skipVarint(bytes: Uint8Array, at: number): number {
  let pos = at;
  while ((bytes[pos] as number) >= 0x80) pos++;
  return pos + 1;
}
