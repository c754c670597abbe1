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
  /** Records that open the first frame, which then has room for at least one of the rows. Not for frames of one series. */
  readonly before?: { readonly records: Uint8Array; readonly rows: number };
}

const nothingBefore = { records: new Uint8Array(0), rows: 0 };

/** gRPC frames of rows [from, to), as one piece of bytes. It is written into what `allocate` gives, which may be larger. */
export function encodeSeriesFrames(
  batch: SeriesBatch,
  range: RowRange,
  allocate: (sizeBytes: number) => Uint8Array = newBytes,
): Uint8Array {
  const { from, to, batchSize, before = nothingBefore } = range;
  measure(batch, from, to);
  const perFrame = Math.max(1, batchSize);
  const firstEnd = Math.min(to, from + perFrame - before.rows);
  let total = 0;
  for (let first = from, last = firstEnd; first < to; first = last, last = Math.min(to, last + perFrame)) {
    const records = recordsSize(from, first, last) + (first === from ? before.records.length : 0);
    total += framePrefixSize + records + (batchSize > 1 ? 1 + varintSize(records) : 0);
  }
  const out = allocate(total);
  let pos = 0;
  for (let first = from, last = firstEnd; first < to; first = last, last = Math.min(to, last + perFrame)) {
    const opening = first === from ? before.records : nothingBefore.records;
    pos = writeFrameHead(out, pos, recordsSize(from, first, last) + opening.length, batchSize > 1);
    pos = copyBytes(out, pos, opening, 0, opening.length);
    for (let row = first; row < last; row++)
      pos = writeSeries(out, pos, batch, row, sizes[row - from] as number);
  }
  return out.length === total ? out : out.subarray(0, total);
}

/** The gRPC frame of a SeriesBatch with these records. */
export function encodeRecordsFrame(
  records: Uint8Array,
  allocate: (sizeBytes: number) => Uint8Array = newBytes,
): Uint8Array {
  const total = framePrefixSize + 1 + varintSize(records.length) + records.length;
  const out = allocate(total);
  out.set(records, writeFrameHead(out, 0, records.length, true));
  return out.length === total ? out : out.subarray(0, total);
}

/** Size of the records `0x0a len Series` of rows [from, to). */
export function sizeOfSeriesRecords(batch: SeriesBatch, from: number, to: number): number {
  measure(batch, from, to);
  return recordsSize(from, from, to);
}

/** Writes the records of all rows from `from` on; returns the offset past them. */
export function writeSeriesRecords(out: Uint8Array, at: number, batch: SeriesBatch, from: number): number {
  let pos = at;
  for (let row = from; row < batch.count; row++)
    pos = writeSeries(out, pos, batch, row, seriesSize(batch, row));
  return pos;
}

function newBytes(sizeBytes: number): Uint8Array {
  return new Uint8Array(sizeBytes);
}

function writeFrameHead(out: Uint8Array, at: number, records: number, inBatch: boolean): number {
  if (!inBatch) return writeFramePrefix(out, at, records);
  const pos = writeFramePrefix(out, at, 1 + varintSize(records) + records);
  out[pos] = batchTag;
  return writeVarint(out, pos + 1, records);
}

/** Fills `sizes` with the sizes of the rows' Series messages. */
function measure(batch: SeriesBatch, from: number, to: number): void {
  if (to - from > sizes.length) sizes = new Uint32Array(2 * (to - from));
  for (let row = from; row < to; row++) sizes[row - from] = seriesSize(batch, row);
}

/** Size of the records of rows [first, last), which were measured from row `from` on. */
function recordsSize(from: number, first: number, last: number): number {
  let size = 0;
  for (let row = first; row < last; row++) {
    const series = sizes[row - from] as number;
    size += 1 + varintSize(series) + series;
  }
  return size;
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
  if (length < 0x80) return bytes[at + 1] === length;
  if (length < 0x4000) return bytes[at + 1] === ((length & 127) | 128) && bytes[at + 2] === length >> 7;
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
