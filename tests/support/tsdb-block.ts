import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Label, Labels } from "../../src/model/labels.ts";
import type { TimeRange } from "../../src/model/time-range.ts";

/** A chunk as it lies in a segment file: `encoding` is the block's byte (XOR 1), data without length and checksum. */
export interface BlockChunk {
  readonly minMs: number;
  readonly maxMs: number;
  readonly encoding: number;
  readonly data: Uint8Array;
}

export interface BlockSeries {
  readonly labels: Labels;
  readonly chunks: readonly BlockChunk[];
}

export interface Block {
  /** `minTime` and `maxTime` of meta.json as they are; `maxTime` is exclusive there. */
  readonly range: TimeRange;
  /** In the index's order, which is label order. */
  readonly series: readonly BlockSeries[];
}

/** Reads every Prometheus TSDB block (index version 2) of a folder; checksums are left to the writer's own tests. */
export function readBlocks(folder: string): Block[] {
  return readdirSync(folder)
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isDirectory() && /\/[0-9A-Z]{26}$/.test(path))
    .sort()
    .map(readBlock);
}

const indexMagic = 0xbaaad700;
const segmentMagic = 0x85bd40dd;

function readBlock(folder: string): Block {
  const meta = JSON.parse(readFileSync(join(folder, "meta.json"), "utf8")) as {
    minTime: number;
    maxTime: number;
  };
  const segments = readdirSync(join(folder, "chunks"))
    .sort()
    .map((name) => readFileSync(join(folder, "chunks", name)));
  for (const segment of segments) expectMagic(segment, segmentMagic, "segment");
  return {
    range: { minMs: meta.minTime, maxMs: meta.maxTime },
    series: readIndex(readFileSync(join(folder, "index")), segments),
  };
}

function readIndex(index: Uint8Array, segments: readonly Uint8Array[]): BlockSeries[] {
  expectMagic(index, indexMagic, "index");
  if (index[4] !== 2) throw new Error(`Cannot read index: it has version ${index[4]}, wants 2`);
  const view = new DataView(index.buffer, index.byteOffset, index.byteLength);
  const toc = index.length - 52;
  const section = (i: number) => Number(view.getBigUint64(toc + 8 * i));
  const symbols = readSymbols(index, view, section(0));
  const seriesEnd = section(2);
  const found: BlockSeries[] = [];
  const reader = new Reader(index);
  for (let at = align16(section(1)); at < seriesEnd; at = align16(reader.at + 4)) {
    reader.at = at;
    const length = reader.uvarint();
    if (length === 0) break;
    found.push(readSeries(reader, symbols, segments));
  }
  return found;
}

function readSymbols(index: Uint8Array, view: DataView, offset: number): string[] {
  const reader = new Reader(index);
  reader.at = offset + 8;
  const decoder = new TextDecoder();
  return Array.from({ length: view.getUint32(offset + 4) }, () =>
    decoder.decode(reader.take(reader.uvarint())),
  );
}

function readSeries(
  reader: Reader,
  symbols: readonly string[],
  segments: readonly Uint8Array[],
): BlockSeries {
  const symbol = () => symbols[reader.uvarint()] ?? "";
  const labels: Label[] = [];
  for (let left = reader.uvarint(); left > 0; left--) labels.push({ name: symbol(), value: symbol() });
  const chunks: BlockChunk[] = [];
  const count = reader.uvarint();
  let maxMs = 0;
  let ref = 0;
  for (let i = 0; i < count; i++) {
    const minMs = i === 0 ? reader.varint() : maxMs + reader.uvarint();
    maxMs = minMs + reader.uvarint();
    ref = i === 0 ? reader.uvarint() : ref + reader.varint();
    chunks.push({ minMs, maxMs, ...readChunk(segments, ref) });
  }
  return { labels, chunks };
}

/** A reference is the segment's number above 32 bits of offset. */
function readChunk(segments: readonly Uint8Array[], ref: number): Pick<BlockChunk, "encoding" | "data"> {
  const segment = segments[Math.floor(ref / 2 ** 32)];
  if (segment === undefined) throw new Error(`Cannot read chunk ${ref}: its segment file is missing`);
  const reader = new Reader(segment);
  reader.at = ref % 2 ** 32;
  const length = reader.uvarint();
  const encoding = segment[reader.at++] ?? 0;
  return { encoding, data: reader.take(length) };
}

function align16(offset: number): number {
  return Math.ceil(offset / 16) * 16;
}

function expectMagic(bytes: Uint8Array, magic: number, what: string): void {
  const found = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  if (found !== magic) throw new Error(`Cannot read ${what}: it starts with ${found.toString(16)}`);
}

class Reader {
  at = 0;
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  take(length: number): Uint8Array {
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  uvarint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.bytes[this.at++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }

  /** Zigzag as Go writes it; exact up to 2^53. */
  varint(): number {
    const raw = this.uvarint();
    return raw % 2 === 0 ? raw / 2 : -(raw + 1) / 2;
  }
}
