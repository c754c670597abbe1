import { Arena } from "./arena.ts";
import { isPlainLabel } from "./label-records.ts";
import { gatherLabels } from "./series-cursor.ts";
import { varintSize } from "./varint.ts";
import { WireReader } from "./wire-reader.ts";

/** Prometheus's chunk encodings as remote read numbers them; StoreAPI's are one less, up to 2. */
export const chunkType = {
  xor: 1,
  histogram: 2,
  floatHistogram: 3,
  xor2: 4,
  histogramSt: 5,
  floatHistogramSt: 6,
} as const;

/** Chunks of one series, in columns that are used again for the next. Entries at `count` and past it are junk. */
export interface ChunkColumns {
  count: number;
  /** `chunkType`, or a number that is none of them. */
  readonly type: number[];
  readonly minMs: number[];
  readonly maxMs: number[];
  /** Data are [start, end) of the frame. */
  readonly start: number[];
  readonly end: number[];
}

/**
 * Reads ChunkedReadResponse messages, series by series, without decoding labels or samples:
 *
 *   reader.reset(frame);
 *   while (reader.next()) use(reader.labels, reader.labelStart, reader.labelEnd, reader.chunks);
 *
 * What it points at is valid until the next call, the bytes of the frame and of `labels` for as long as they are held.
 * Broken bytes throw GatewayError `internal`.
 */
export class ChunkedSeriesReader {
  /** Which of the request's queries the frame answers. */
  queryIndex = 0;
  frame: Uint8Array = new Uint8Array(0);
  /** Label region of the series: [labelStart, labelEnd) of `labels`. */
  labels: Uint8Array = this.frame;
  labelStart = 0;
  labelEnd = 0;
  readonly chunks: ChunkColumns = { count: 0, type: [], minMs: [], maxMs: [], start: [], end: [] };
  readonly #outer = new WireReader("ChunkedReadResponse");
  readonly #series = new WireReader("ChunkedSeries");
  readonly #chunk = new WireReader("Chunk");
  readonly #arena = new Arena();

  reset(frame: Uint8Array): void {
    this.frame = frame;
    this.queryIndex = 0;
    // The query's number comes behind the series.
    const reader = this.#outer.reset(frame);
    while (reader.pos < reader.end) {
      const tag = reader.uint32();
      if (tag === 0x10) this.queryIndex = reader.int64();
      else if (tag === 0x0a) reader.pos = reader.lengthEnd();
      else reader.skipUnknown(tag, 0b110);
    }
    reader.pos = 0;
  }

  /** Moves to the next series of the frame; false at its end. */
  next(): boolean {
    const reader = this.#outer;
    while (reader.pos < reader.end) {
      const tag = reader.uint32();
      if (tag !== 0x0a) {
        reader.skip(tag);
        continue;
      }
      const end = reader.lengthEnd();
      this.#readSeries(reader.pos, end);
      reader.pos = end;
      return true;
    }
    return false;
  }

  #readSeries(start: number, end: number): void {
    const reader = this.#series.reset(this.frame, start, end);
    this.chunks.count = 0;
    this.labels = this.frame;
    this.labelStart = this.labelEnd = start;
    let plain = true;
    while (reader.pos < end) {
      const at = reader.pos;
      const tag = reader.uint32();
      if (tag !== 0x0a && tag !== 0x12) {
        reader.skipUnknown(tag, 0b110);
        continue;
      }
      const stop = reader.lengthEnd();
      if (tag === 0x12) this.#readChunk(reader.pos, stop);
      else {
        plain &&= isPlainLabel(this.frame, reader.pos, stop);
        plain &&= reader.pos - at - 1 === varintSize(stop - reader.pos);
        if (this.labelEnd === start) this.labelStart = at;
        else plain &&= this.labelEnd === at;
        this.labelEnd = stop;
      }
      reader.pos = stop;
    }
    if (plain) return;
    const region = gatherLabels(this.#arena, this.frame, start, end);
    this.labels = region.buffer;
    this.labelStart = region.start;
    this.labelEnd = region.end;
  }

  #readChunk(start: number, end: number): void {
    const { chunks } = this;
    const at = chunks.count++;
    chunks.type[at] = chunks.minMs[at] = chunks.maxMs[at] = 0;
    chunks.start[at] = chunks.end[at] = start;
    const reader = this.#chunk.reset(this.frame, start, end);
    while (reader.pos < end) {
      const tag = reader.uint32();
      if (tag === 0x08) chunks.minMs[at] = reader.int64();
      else if (tag === 0x10) chunks.maxMs[at] = reader.int64();
      else if (tag === 0x18) chunks.type[at] = reader.int64();
      else if (tag === 0x22) {
        const stop = reader.lengthEnd();
        chunks.start[at] = reader.pos;
        chunks.end[at] = stop;
        reader.pos = stop;
      } else reader.skipUnknown(tag, 0b11110);
    }
  }
}
