import { noChunk } from "./series-batch.ts";
import { int64Size, varintSize, writeInt64, writeVarint } from "./varint.ts";
import { WireReader } from "./wire-reader.ts";

interface RawChunk {
  readonly minMs: number;
  readonly maxMs: number;
  readonly encoding: number;
  readonly data: Uint8Array;
}

/** Size of the AggrChunk message that `writeAggrChunk` writes. */
export function aggrChunkSize(chunk: RawChunk): number {
  const raw = chunkSize(chunk);
  return timeSize(chunk.minMs) + timeSize(chunk.maxMs) + 1 + varintSize(raw) + raw;
}

/** Writes an AggrChunk message with raw data only, as Go's encoder would; returns the offset past it. */
export function writeAggrChunk(out: Uint8Array, at: number, chunk: RawChunk): number {
  let pos = writeTime(out, at, 0x08, chunk.minMs);
  pos = writeTime(out, pos, 0x10, chunk.maxMs);
  out[pos] = 0x1a;
  pos = writeVarint(out, pos + 1, chunkSize(chunk));
  if (chunk.encoding !== 0) {
    out[pos] = 0x08;
    pos = writeVarint(out, pos + 1, chunk.encoding);
  }
  out[pos] = 0x12;
  pos = writeVarint(out, pos + 1, chunk.data.length);
  out.set(chunk.data, pos);
  return pos + chunk.data.length;
}

function chunkSize(chunk: RawChunk): number {
  const type = chunk.encoding === 0 ? 0 : 1 + varintSize(chunk.encoding);
  return type + 1 + varintSize(chunk.data.length) + chunk.data.length;
}

function timeSize(timeMs: number): number {
  return timeMs === 0 ? 0 : 1 + int64Size(timeMs);
}

function writeTime(out: Uint8Array, at: number, tag: number, timeMs: number): number {
  if (timeMs === 0) return at;
  out[at] = tag;
  return writeInt64(out, at + 1, timeMs);
}

const kindCount = 6;

/**
 * The chunks inside one AggrChunk message, by the order of `chunkKinds`: raw, count, sum, min, max, counter.
 * Filled by `read`, valid until the next one.
 */
export class AggrChunkReader {
  /** StoreAPI's encoding, `noChunk` where the kind is absent. */
  readonly encoding = new Uint8Array(kindCount);
  /** The data are [start, end) of the bytes that were read. */
  readonly start = new Uint32Array(kindCount);
  readonly end = new Uint32Array(kindCount);
  /** xxhash64 of the data as its writer gave it, low and high word; both 0 for unknown. */
  readonly hashLow = new Uint32Array(kindCount);
  readonly hashHigh = new Uint32Array(kindCount);
  readonly #outer = new WireReader("AggrChunk");
  readonly #inner = new WireReader("Chunk");

  /** Reads the message in [start, end) of `bytes`; throws GatewayError `internal` on broken bytes. */
  read(bytes: Uint8Array, start: number, end: number): void {
    this.encoding.fill(noChunk);
    const reader = this.#outer.reset(bytes, start, end);
    while (reader.pos < end) {
      const tag = reader.uint32();
      const kind = (tag >>> 3) - 3;
      if ((tag & 7) === 2 && kind >= 0 && kind < kindCount) {
        const stop = reader.lengthEnd();
        this.#readChunk(kind, bytes, reader.pos, stop);
        reader.pos = stop;
      } else if (tag === 0x08 || tag === 0x10) reader.varint();
      else reader.skipUnknown(tag, 0b1_1111_1110);
    }
  }

  #readChunk(kind: number, bytes: Uint8Array, start: number, end: number): void {
    this.encoding[kind] = 0;
    this.start[kind] = this.end[kind] = start;
    this.hashLow[kind] = this.hashHigh[kind] = 0;
    const reader = this.#inner.reset(bytes, start, end);
    while (reader.pos < end) {
      const tag = reader.uint32();
      if (tag === 0x08) {
        reader.varint();
        this.encoding[kind] = reader.high !== 0 ? 254 : Math.min(reader.low >>> 0, 254);
      } else if (tag === 0x12) {
        const stop = reader.lengthEnd();
        this.start[kind] = reader.pos;
        this.end[kind] = stop;
        reader.pos = stop;
      } else if (tag === 0x18) {
        reader.varint();
        this.hashLow[kind] = reader.low;
        this.hashHigh[kind] = reader.high;
      } else reader.skipUnknown(tag, 0b1110);
    }
  }
}
