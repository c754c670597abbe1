import type { Arena } from "./arena.ts";
import type { BatchColumns } from "./batch-columns.ts";
import { readCompletenessHint } from "./completeness-hint.ts";
import { createLabelSpan, isPlainLabel, labelSize, readLabel, writeLabel } from "./label-records.ts";
import { varintSize } from "./varint.ts";
import { WireReader } from "./wire-reader.ts";

/*
 * Reads StoreAPI's messages into columns of offsets. No label and no chunk is decoded, nothing is copied, unless label
 * records are scattered among chunks or are not in the one form of label-records.ts.
 *
 *   SeriesResponse = series 1 | warning 2 | hints 3 | batch 4      Series = label 1 *, chunk 2 *
 *   SeriesBatch    = series 1 *                                   AggrChunk = min 1, max 2, raw 3, count 4 … counter 8
 */

/** Encodings that do not fit the column of a batch, and are unknown to every decoder, read as this one. */
const unknownEncoding = 254;

const decoder = new TextDecoder();

/** Where rows go, and where labels are copied together if they must. */
export interface CursorTarget {
  readonly columns: BatchColumns;
  readonly arena: Arena;
}

const reader = new WireReader("SeriesResponse");
const labelReader = new WireReader("Series");
const span = createLabelSpan();

/** Reads one SeriesResponse. Throws GatewayError `internal` on broken bytes. */
export function readSeriesResponse(target: CursorTarget, bytes: Uint8Array): void {
  reader.reset(bytes);
  let pos = 0;
  while (pos < bytes.length) {
    reader.pos = pos;
    const tag = reader.uint32();
    if (tag !== 0x0a && tag !== 0x12 && tag !== 0x22 && tag !== 0x1a) {
      reader.skipUnknown(tag, 0b11110);
      pos = reader.pos;
      continue;
    }
    const end = reader.lengthEnd();
    const start = reader.pos;
    if (tag === 0x0a) readSeries(target, bytes, start, end);
    else if (tag === 0x22) readSeriesBatch(target, bytes, start, end);
    else if (tag === 0x1a) readHint(target.columns, bytes.subarray(start, end));
    else target.columns.warnings.push(decoder.decode(bytes.subarray(start, end)));
    pos = end;
  }
}

/** Only what a gateway below says of its clusters is kept. */
function readHint(columns: BatchColumns, hint: Uint8Array): void {
  columns.clusters = readCompletenessHint(hint) ?? columns.clusters;
}

function readSeriesBatch(target: CursorTarget, bytes: Uint8Array, start: number, end: number): void {
  let pos = start;
  while (pos < end) {
    reader.reset(bytes, pos, end);
    const tag = reader.uint32();
    if (tag === 0x0a) {
      const stop = reader.lengthEnd();
      readSeries(target, bytes, reader.pos, stop);
      pos = stop;
    } else {
      reader.skipUnknown(tag, 0b10);
      pos = reader.pos;
    }
  }
  reader.reset(bytes);
}

/** Reads the Series message in [start, end) of `bytes` as one row. */
export function readSeries(target: CursorTarget, bytes: Uint8Array, start: number, end: number): void {
  const { columns } = target;
  let pos = start;
  let labelStart = start;
  let labelEnd = start;
  let plain = true;
  while (pos < end) {
    const at = pos;
    const tag = bytes[pos++] as number;
    if (tag !== 0x0a && tag !== 0x12) {
      pos = skipField(bytes, at, end, 0b110);
      continue;
    }
    let length = bytes[pos++] as number;
    if (length > 127) {
      length = longLength(bytes, pos - 1, end);
      pos = reader.pos;
      if (pos - at - 1 !== varintSize(length)) plain = false;
    }
    const stop = pos + length;
    // Written so that a length read past the buffer, which is no number, fails too.
    if (!(stop <= end)) reader.fail("a field of Series runs past its message", at);
    if (tag === 0x12) readAggrChunk(columns, bytes, pos, stop);
    else {
      if (labelEnd === start) labelStart = at;
      else if (labelEnd !== at) plain = false;
      if (!isPlainLabel(bytes, pos, stop)) plain = false;
      labelEnd = stop;
    }
    pos = stop;
  }
  if (plain) columns.addRow(bytes, labelStart, labelEnd);
  else addGatheredRow(target, bytes, start, end);
}

function addGatheredRow(target: CursorTarget, bytes: Uint8Array, start: number, end: number): void {
  const region = gatherLabels(target.arena, bytes, start, end);
  target.columns.addRow(region.buffer, region.start, region.end);
}

/** Copies the labels (field 1) of the message in [start, end) into one region of the arena, in the one form. */
export function gatherLabels(
  arena: Arena,
  bytes: Uint8Array,
  start: number,
  end: number,
): { readonly buffer: Uint8Array; readonly start: number; readonly end: number } {
  let size = 0;
  eachLabel(bytes, start, end, () => {
    size += labelSize(span.nameEnd - span.nameStart, span.valueEnd - span.valueStart);
  });
  const from = arena.take(size);
  const { buffer } = arena;
  let at = from;
  eachLabel(bytes, start, end, () => {
    at = writeLabel(buffer, at, bytes, span);
  });
  return { buffer, start: from, end: at };
}

function eachLabel(bytes: Uint8Array, start: number, end: number, visit: () => void): void {
  labelReader.reset(bytes, start, end);
  while (labelReader.pos < end) {
    const tag = labelReader.uint32();
    if (tag !== 0x0a) {
      labelReader.skip(tag);
      continue;
    }
    const stop = labelReader.lengthEnd();
    readLabel(bytes, labelReader.pos, stop, span);
    visit();
    labelReader.pos = stop;
  }
}

/** Reads the AggrChunk message in [start, end): its times, and where its raw data lie. */
export function readAggrChunk(columns: BatchColumns, bytes: Uint8Array, start: number, end: number): void {
  if (readUsualChunk(columns, bytes, start, end)) return;
  const chunk = columns.addChunk(bytes, start, end);
  let pos = start;
  while (pos < end) {
    const at = pos;
    const tag = bytes[pos++] as number;
    if (tag === 0x08 || tag === 0x10) {
      reader.reset(bytes, pos, end);
      const time = reader.int64();
      if (tag === 0x08) columns.chunkMinMs[chunk] = time;
      else columns.chunkMaxMs[chunk] = time;
      pos = reader.pos;
    } else if (tag === 0x1a) {
      let length = bytes[pos++] as number;
      if (length > 127) {
        length = longLength(bytes, pos - 1, end);
        pos = reader.pos;
      }
      const stop = pos + length;
      if (!(stop <= end)) reader.fail("a field of AggrChunk runs past its message", at);
      readRawChunk(columns, chunk, bytes, pos, stop);
      pos = stop;
    } else {
      pos = skipField(bytes, at, end, tag > 0x1a && tag < 0x48 && (tag & 7) === 2 ? 0b110 : 0b1_1111_1110);
    }
  }
}

/**
 * Reads an AggrChunk in the form that Prometheus and Thanos write, raw data last and times of six bytes (1971 to 2109):
 *
 *   08 min[6] 10 max[6] 1a len (08 encoding)? 12 len data
 *
 * False for any other, of which nothing was added: a length of three bytes misses the end, too. Most chunks are of this
 * form, and a pass-through does little else than to read them.
 */
function readUsualChunk(columns: BatchColumns, bytes: Uint8Array, start: number, end: number): boolean {
  if (bytes[start] !== 0x08 || bytes[start + 7] !== 0x10 || bytes[start + 14] !== 0x1a) return false;
  if (!isSixByteVarint(bytes, start + 1) || !isSixByteVarint(bytes, start + 8)) return false;
  let pos = start + 15;
  let length = bytes[pos++] as number;
  if (length > 127) length = (length & 127) | ((bytes[pos++] as number) << 7);
  if (pos + length !== end) return false;
  let encoding = 0;
  if (bytes[pos] === 0x08) {
    encoding = bytes[pos + 1] as number;
    if (encoding > 127) return false;
    pos += 2;
  }
  if (bytes[pos++] !== 0x12) return false;
  let dataLength = bytes[pos++] as number;
  if (dataLength > 127) dataLength = (dataLength & 127) | ((bytes[pos++] as number) << 7);
  if (pos + dataLength !== end) return false;
  const chunk = columns.addChunk(bytes, start, end);
  columns.chunkMinMs[chunk] = sixByteVarint(bytes, start + 1);
  columns.chunkMaxMs[chunk] = sixByteVarint(bytes, start + 8);
  columns.rawEncoding[chunk] = encoding;
  columns.rawStart[chunk] = pos;
  columns.rawEnd[chunk] = end;
  return true;
}

function isSixByteVarint(bytes: Uint8Array, at: number): boolean {
  const all =
    (bytes[at] as number) &
    (bytes[at + 1] as number) &
    (bytes[at + 2] as number) &
    (bytes[at + 3] as number) &
    (bytes[at + 4] as number);
  return all > 127 && (bytes[at + 5] as number) < 128;
}

function sixByteVarint(bytes: Uint8Array, at: number): number {
  const low =
    ((bytes[at] as number) & 127) |
    (((bytes[at + 1] as number) & 127) << 7) |
    (((bytes[at + 2] as number) & 127) << 14) |
    (((bytes[at + 3] as number) & 127) << 21);
  const high = ((bytes[at + 4] as number) & 127) | ((bytes[at + 5] as number) << 7);
  return high * 268_435_456 + low;
}

function readRawChunk(
  columns: BatchColumns,
  chunk: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  let encoding = 0;
  let dataStart = start;
  let dataEnd = start;
  let pos = start;
  while (pos < end) {
    const at = pos;
    const tag = bytes[pos++] as number;
    if (tag === 0x08) {
      reader.reset(bytes, pos, end).varint();
      encoding = reader.high !== 0 || reader.low >>> 0 > unknownEncoding ? unknownEncoding : reader.low;
      pos = reader.pos;
    } else if (tag === 0x12) {
      let length = bytes[pos++] as number;
      if (length > 127) {
        length = longLength(bytes, pos - 1, end);
        pos = reader.pos;
      }
      dataStart = pos;
      dataEnd = pos + length;
      if (!(dataEnd <= end)) reader.fail("the data of a chunk run past its message", at);
      pos = dataEnd;
    } else pos = skipField(bytes, at, end, tag === 0x18 ? 0b110 : 0b1110);
  }
  columns.rawEncoding[chunk] = encoding;
  columns.rawStart[chunk] = dataStart;
  columns.rawEnd[chunk] = dataEnd;
}

/** A length of two bytes or more at `at`; `reader.pos` is then past it. */
function longLength(bytes: Uint8Array, at: number, end: number): number {
  return reader.reset(bytes, at, end).uint32();
}

/** Offset past the field whose tag is at `at`; fields of `known` are refused, as they have the wrong wire type. */
function skipField(bytes: Uint8Array, at: number, end: number, known: number): number {
  reader.reset(bytes, at, end);
  reader.skipUnknown(reader.uint32(), known);
  return reader.pos;
}
