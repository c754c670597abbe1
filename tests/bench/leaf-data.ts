import type { Matcher } from "../../src/model/matcher.ts";
import { createMatcher } from "../../src/model/matches.ts";
import type { TimeRange } from "../../src/model/time-range.ts";
import { BatchBuilder } from "../../src/wire/batch-builder.ts";
import { framePrefixSize, writeFramePrefix } from "../../src/wire/grpc-frames.ts";
import type { WireSeriesRequest } from "../../src/wire/series-request.ts";
import { varintSize, writeVarint } from "../../src/wire/varint.ts";
import { decodeLabels } from "../../src/wire/wire-labels.ts";
import { type DatasetFile, readDataset, scrapeMs } from "./dataset.ts";

/** Frames of one leaf, ready to be sent: whole metrics from prepared bytes, anything narrower row by row. */
export interface LeafData {
  frames(request: WireSeriesRequest): Uint8Array;
}

interface Row {
  readonly labels: ReadonlyMap<string, string>;
  /** Label records and, apart, the replica's among them. */
  readonly plain: Uint8Array;
  readonly withoutReplica: Uint8Array;
  /** `0x12 len AggrChunk` each. */
  readonly chunks: readonly { readonly minMs: number; readonly maxMs: number; readonly bytes: Uint8Array }[];
}

/** Reads the files of a leaf and keeps every row in pieces; frames of whole metrics are kept as they are first sent. */
export function loadLeafData(files: readonly DatasetFile[], wholeRange: TimeRange): LeafData {
  const metrics = new Map(files.map((file) => [file.metric, readRows(readDataset(file))]));
  const prepared = new Map<string, Uint8Array>();
  return {
    frames(request) {
      const name = request.matchers.find((m) => m.type === "=" && m.name === "__name__")?.value;
      const rows = name === undefined ? [...metrics.values()].flat() : (metrics.get(name) ?? []);
      const drop = request.withoutReplicaLabels.includes("replica");
      const covers =
        request.range.minMs <= wholeRange.minMs + scrapeMs &&
        request.range.maxMs >= wholeRange.maxMs - scrapeMs;
      const whole = covers && name !== undefined && request.matchers.length === 1 && !request.skipChunks;
      if (!whole) return encode(select(rows, request.matchers), request, drop);
      const key = `${name} ${drop} ${request.responseBatchSize}`;
      const known = prepared.get(key);
      if (known !== undefined) return known;
      const made = encode(rows, request, drop);
      prepared.set(key, made);
      return made;
    },
  };
}

function select(rows: readonly Row[], matchers: readonly Matcher[]): Row[] {
  const compiled = matchers.map(createMatcher);
  return rows.filter((row) =>
    compiled.every((matcher) => matcher.matches(row.labels.get(matcher.name) ?? "")),
  );
}

/** gRPC frames of rows: `series` one by one, or `batch` of as many as were asked for. */
function encode(rows: readonly Row[], request: WireSeriesRequest, drop: boolean): Uint8Array {
  const { range, responseBatchSize, skipChunks } = request;
  const records = rows.flatMap((row) => {
    const chunks = skipChunks
      ? []
      : row.chunks.filter((c) => c.minMs <= range.maxMs && c.maxMs >= range.minMs);
    if (chunks.length === 0 && !skipChunks) return [];
    const parts = [drop ? row.withoutReplica : row.plain, ...chunks.map((chunk) => chunk.bytes)];
    return [withHeader(0x0a, parts)];
  });
  if (responseBatchSize <= 1) return Buffer.concat(records.map((record) => framed([record])));
  const frames: Uint8Array[] = [];
  for (let i = 0; i < records.length; i += responseBatchSize)
    frames.push(framed([withHeader(0x22, records.slice(i, i + responseBatchSize))]));
  return Buffer.concat(frames);
}

function withHeader(tag: number, parts: readonly Uint8Array[]): Uint8Array {
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  const header = new Uint8Array(1 + varintSize(size));
  header[0] = tag;
  writeVarint(header, 1, size);
  return Buffer.concat([header, ...parts]);
}

function framed(parts: readonly Uint8Array[]): Uint8Array {
  const prefix = new Uint8Array(framePrefixSize);
  writeFramePrefix(
    prefix,
    0,
    parts.reduce((sum, part) => sum + part.length, 0),
  );
  return Buffer.concat([prefix, ...parts]);
}

/** Records of a dataset's file in pieces. */
function readRows(bytes: Uint8Array): Row[] {
  const builder = new BatchBuilder();
  const rows: Row[] = [];
  for (let at = 0; at < bytes.length; ) {
    const [size, body] = readVarint(bytes, at + 1);
    builder.addSeries(bytes, body, body + size);
    const batch = builder.take();
    const labelStart = batch.labelStart[0] ?? 0;
    const labelEnd = batch.labelEnd[0] ?? 0;
    const labels = decodeLabels(bytes, labelStart, labelEnd);
    const records = bytes.subarray(labelStart, labelEnd);
    rows.push({
      labels: new Map(labels.map(({ name, value }) => [name, value])),
      plain: records,
      withoutReplica: withoutRecord(records, "replica"),
      chunks: Array.from({ length: batch.chunkFrom[1] ?? 0 }, (_, c) => ({
        minMs: batch.chunkMinMs[c] ?? 0,
        maxMs: batch.chunkMaxMs[c] ?? 0,
        bytes: withHeader(0x12, [bytes.subarray(batch.chunkStart[c], batch.chunkEnd[c])]),
      })),
    });
    at = body + size;
  }
  return rows;
}

/** Label records without one label: `0x0a len (0x0a n name 0x12 n value)` each. */
function withoutRecord(records: Uint8Array, name: string): Uint8Array {
  const kept: Uint8Array[] = [];
  for (let at = 0; at < records.length; ) {
    const [size, body] = readVarint(records, at + 1);
    const [nameSize, nameAt] = readVarint(records, body + 1);
    const text = new TextDecoder().decode(records.subarray(nameAt, nameAt + nameSize));
    if (text !== name) kept.push(records.subarray(at, body + size));
    at = body + size;
  }
  return Buffer.concat(kept);
}

function readVarint(bytes: Uint8Array, from: number): [value: number, next: number] {
  let value = 0;
  let at = from;
  for (let scale = 1; ; scale *= 128) {
    const byte = bytes[at++] ?? 0;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return [value, at];
  }
}
