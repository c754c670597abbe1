import { copyBytes } from "./copy-bytes.ts";
import { framePrefixSize, writeFramePrefix } from "./grpc-frames.ts";
import type { SeriesBatch } from "./series-batch.ts";
import { varintSize, writeVarint } from "./varint.ts";

/*
 * SeriesResponse frames from rows, by copying alone:
 *
 *   prefix | 0x0a len (Series)                               one series a frame
 *   prefix | 0x22 len (0x0a len (Series))*                   SeriesBatch, where the client asked for batches
 *   Series = label region | (0x12 len AggrChunk)*
 */

const seriesTag = 0x0a;
const warningTag = 0x12;
const batchTag = 0x22;
const chunkTag = 0x12;

let sizes = new Uint32Array(256);

/** Rows of a batch that are to be written. */
export interface RowRange {
  readonly from: number;
  readonly to: number;
  /** Series in one frame; 0 and 1 write each series as a frame of its own. */
  readonly batchSize: number;
}

/** gRPC frames of rows [from, to), as one piece of bytes. It is written into what `allocate` gives, which may be larger. */
export function encodeSeriesFrames(
  batch: SeriesBatch,
  range: RowRange,
  allocate: (sizeBytes: number) => Uint8Array = (sizeBytes) => new Uint8Array(sizeBytes),
): Uint8Array {
  const { from, to } = range;
  const perFrame = Math.max(1, range.batchSize);
  const total = measure(batch, range, perFrame);
  const out = allocate(total);
  let pos = 0;
  for (let first = from; first < to; first += perFrame) {
    const last = Math.min(to, first + perFrame);
    pos =
      range.batchSize > 1
        ? writeBatch(out, pos, batch, { from, first, last })
        : writeSingle(out, pos, batch, first, from);
  }
  return out.length === total ? out : out.subarray(0, total);
}

/** Fills `sizes` with the sizes of the rows' Series messages; returns the size of all frames. */
function measure(batch: SeriesBatch, { from, to, batchSize }: RowRange, perFrame: number): number {
  if (to - from > sizes.length) sizes = new Uint32Array(2 * (to - from));
  let total = 0;
  for (let first = from; first < to; first += perFrame) {
    const last = Math.min(to, first + perFrame);
    let frame = 0;
    for (let row = first; row < last; row++) {
      const size = seriesSize(batch, row);
      sizes[row - from] = size;
      frame += 1 + varintSize(size) + size;
    }
    total += framePrefixSize + frame + (batchSize > 1 ? 1 + varintSize(frame) : 0);
  }
  return total;
}

function seriesSize(batch: SeriesBatch, row: number): number {
  let size = (batch.labelEnd[row] as number) - (batch.labelStart[row] as number);
  const to = batch.chunkFrom[row + 1] as number;
  for (let chunk = batch.chunkFrom[row] as number; chunk < to; chunk++) {
    const length = (batch.chunkEnd[chunk] as number) - (batch.chunkStart[chunk] as number);
    size += 1 + varintSize(length) + length;
  }
  return size;
}

function writeSingle(out: Uint8Array, at: number, batch: SeriesBatch, row: number, from: number): number {
  const size = sizes[row - from] as number;
  return writeSeries(out, writeFramePrefix(out, at, 1 + varintSize(size) + size), batch, row, size);
}

function writeBatch(
  out: Uint8Array,
  at: number,
  batch: SeriesBatch,
  rows: { readonly from: number; readonly first: number; readonly last: number },
): number {
  const { from, first, last } = rows;
  let content = 0;
  for (let row = first; row < last; row++) {
    const size = sizes[row - from] as number;
    content += 1 + varintSize(size) + size;
  }
  let pos = writeFramePrefix(out, at, 1 + varintSize(content) + content);
  out[pos] = batchTag;
  pos = writeVarint(out, pos + 1, content);
  for (let row = first; row < last; row++)
    pos = writeSeries(out, pos, batch, row, sizes[row - from] as number);
  return pos;
}

/** Labels and chunks that lie in their buffer as they are to be written, as those of an untouched row do, go in one copy. */
function writeSeries(out: Uint8Array, at: number, batch: SeriesBatch, row: number, size: number): number {
  const { buffers, chunkBuffer, chunkStart, chunkEnd } = batch;
  out[at] = seriesTag;
  let pos = writeVarint(out, at + 1, size);
  let source = buffers[batch.labelBuffer[row] as number] as Uint8Array;
  let from = batch.labelStart[row] as number;
  let to = batch.labelEnd[row] as number;
  const chunks = batch.chunkFrom[row + 1] as number;
  for (let chunk = batch.chunkFrom[row] as number; chunk < chunks; chunk++) {
    const buffer = buffers[chunkBuffer[chunk] as number] as Uint8Array;
    const start = chunkStart[chunk] as number;
    const end = chunkEnd[chunk] as number;
    if (buffer !== source || !isChunkHeader(source, to, start, end)) {
      pos = copyBytes(out, pos, source, from, to);
      out[pos] = chunkTag;
      pos = writeVarint(out, pos + 1, end - start);
      source = buffer;
      from = start;
    }
    to = end;
  }
  return copyBytes(out, pos, source, from, to);
}

/** Whether [at, start) holds what is written before a chunk that lies in [start, end): its tag and its length. */
function isChunkHeader(bytes: Uint8Array, at: number, start: number, end: number): boolean {
  const length = end - start;
  if (start - at !== 1 + varintSize(length) || bytes[at] !== chunkTag) return false;
  let rest = length;
  let pos = at + 1;
  for (; rest > 127; rest = Math.floor(rest / 128)) if (bytes[pos++] !== ((rest % 128) | 128)) return false;
  return bytes[pos] === rest;
}

/** The gRPC frame of a warning. */
export function encodeWarningFrame(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  const size = 1 + varintSize(bytes.length) + bytes.length;
  const out = new Uint8Array(framePrefixSize + size);
  const pos = writeFramePrefix(out, 0, size);
  out[pos] = warningTag;
  out.set(bytes, writeVarint(out, pos + 1, bytes.length));
  return out;
}
