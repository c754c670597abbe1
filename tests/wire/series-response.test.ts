import { fromBinary } from "@bufbuild/protobuf";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { labelsOf } from "../../src/model/labels.ts";
import { createBatchBuilder } from "../../src/wire/batch-builder.ts";
import { type Series, SeriesResponseSchema } from "../../src/wire/gen/thanos/store_pb.ts";
import { createDeframer } from "../../src/wire/grpc-frames.ts";
import type { SeriesBatch } from "../../src/wire/series-batch.ts";
import { encodeSeriesFrames, encodeWarningFrame } from "../../src/wire/series-response.ts";
import { everyCase } from "../support/every-case.ts";

const response = suite("series responses");

/** Rows with 0, 1, 2, … chunks, small and large ones. */
function rowsWithChunks(count: number): SeriesBatch {
  const builder = createBatchBuilder();
  for (let row = 0; row < count; row++) {
    builder.appendLabels(labelsOf({ row: `${row}`, long: "x".repeat(row * 60) }));
    for (let c = 0; c < row; c++) {
      builder.appendChunk({ minMs: c, maxMs: -c, encoding: c % 3, data: new Uint8Array(c * 70).fill(c) });
    }
  }
  return builder.take();
}

function resultsOf(frames: Uint8Array) {
  const out: Uint8Array[] = [];
  const deframer = createDeframer({ limitBytes: 1 << 20 });
  deframer.push(frames, out);
  deframer.end();
  return out.map((message) => fromBinary(SeriesResponseSchema, message).result);
}

function describe(series: Series): string {
  const chunks = series.chunks.map(
    (chunk) => `${chunk.minTime} ${chunk.maxTime} ${chunk.raw?.type} ${chunk.raw?.data}`,
  );
  return `${series.labels.map(({ name, value }) => `${name}=${value}`)} ${chunks.join("|")}`;
}

function expectedRow(row: number): string {
  const chunks = Array.from(
    { length: row },
    (_, c) => `${c} ${-c} ${c % 3} ${new Uint8Array(c * 70).fill(c)}`,
  );
  return `${row === 0 ? "" : `long=${"x".repeat(row * 60)},`}row=${row} ${chunks.join("|")}`;
}

response("carry every row once, in frames of the size that was asked for", () => {
  const batch = rowsWithChunks(9);
  for (let from = 0; from <= 9; from++) {
    for (let to = from; to <= 9; to++) {
      for (const batchSize of [0, 1, 2, 3, 64]) {
        const results = resultsOf(encodeSeriesFrames(batch, { from, to, batchSize }));
        assert.is(results.length, Math.ceil((to - from) / Math.max(1, batchSize)));
        const rows = results.flatMap((result) => {
          if (result.case === "series") assert.ok(batchSize <= 1);
          if (result.case === "batch") assert.ok(batchSize > 1);
          return result.case === "series"
            ? [result.value]
            : result.case === "batch"
              ? result.value.series
              : [];
        });
        assert.equal(
          rows.map(describe),
          Array.from({ length: to - from }, (_, i) => expectedRow(from + i)),
        );
      }
    }
  }
});

response("come out for more rows than ever before", () => {
  const builder = createBatchBuilder();
  for (let row = 0; row < 1000; row++) builder.appendLabels(labelsOf({ row: `${row}` }));
  const batch = builder.take();
  assert.is(resultsOf(encodeSeriesFrames(batch, { from: 0, to: 1000, batchSize: 1 })).length, 1000);
});

/** One row over one buffer: labels, then chunks of these sizes, each behind what `gap` gives for its size. */
function rowOver(
  sizes: readonly number[],
  gap: (size: number, chunk: number) => readonly number[],
): SeriesBatch {
  const bytes: number[] = [0x0a, 2, 0x0a, 0];
  const labelEnd = bytes.length;
  const starts: number[] = [];
  sizes.forEach((size, chunk) => {
    bytes.push(...gap(size, chunk));
    starts.push(bytes.length);
    bytes.push(...new Array<number>(size).fill(chunk + 1));
  });
  const start = Uint32Array.from(starts);
  return {
    count: 1,
    buffers: [Uint8Array.from(bytes)],
    labelBuffer: Uint16Array.of(0),
    labelStart: Uint32Array.of(0),
    labelEnd: Uint32Array.of(labelEnd),
    chunkFrom: Uint32Array.of(0, sizes.length),
    chunkBuffer: new Uint16Array(sizes.length),
    chunkMinMs: new Float64Array(sizes.length),
    chunkMaxMs: new Float64Array(sizes.length),
    chunkStart: start,
    chunkEnd: start.map((at, chunk) => at + (sizes[chunk] ?? 0)),
    rawEncoding: new Uint8Array(sizes.length),
    rawStart: start,
    rawEnd: start,
    warnings: [],
  };
}

function headerOf(size: number): number[] {
  return size < 128 ? [0x12, size] : [0x12, (size & 127) | 128, size >> 7];
}

response("are the same bytes whatever lies between a row's chunks", () => {
  const gaps: readonly ((size: number) => readonly number[])[] = [
    headerOf,
    () => [],
    (size) => [0x1a, ...headerOf(size).slice(1)],
    (size) => headerOf(size).map((byte, i) => (i === 1 ? byte ^ 1 : byte)),
    (size) => headerOf(size).map((byte, i, all) => (i === all.length - 1 ? byte ^ 2 : byte)),
    (size) => [0x12, ...(size < 128 ? [size | 128, 0] : [(size & 127) | 128, (size >> 7) | 128, 0])],
    (size) => [0, ...headerOf(size)],
  ];
  for (const choose of everyCase()) {
    const sizes = Array.from({ length: choose(4) }, () => [0, 5, 127, 200][choose(4)] ?? 0);
    const chosen = sizes.map(() => gaps[choose(gaps.length)] ?? headerOf);
    const batch = rowOver(sizes, (size, chunk) => chosen[chunk]?.(size) ?? []);
    const series = [
      ...[0x0a, 2, 0x0a, 0],
      ...sizes.flatMap((size, chunk) => [...headerOf(size), ...new Array<number>(size).fill(chunk + 1)]),
    ];
    const frame = encodeSeriesFrames(batch, { from: 0, to: 1, batchSize: 1 });
    assert.equal([...frame.subarray(-series.length)], series);
    const head = 5 + (series.length < 128 ? 2 : 3);
    assert.is(frame.length, head + series.length);
  }
});

response("take each chunk from its own buffer, also where another lies at the same place", () => {
  for (const choose of everyCase()) {
    const batch = rowOver([5, 5, 5], headerOf);
    const [bytes = new Uint8Array()] = batch.buffers;
    const chunkBuffer = Uint16Array.from({ length: 3 }, () => choose(2));
    const others = bytes.map((byte, at) => (at < 4 || byte === 0x12 || byte === 5 ? byte : byte + 100));
    const mixed = { ...batch, buffers: [bytes, others], chunkBuffer };
    const frame = encodeSeriesFrames(mixed, { from: 0, to: 1, batchSize: 1 });
    const series = [...chunkBuffer].flatMap((buffer, chunk) => [
      ...headerOf(5),
      ...new Array<number>(5).fill(chunk + 1 + 100 * buffer),
    ]);
    assert.equal([...frame.subarray(-series.length)], series);
  }
});

response("of a warning carry its text", () => {
  for (const text of ["", "slow ☃", "x".repeat(300)]) {
    assert.equal(resultsOf(encodeWarningFrame(text)), [{ case: "warning", value: text }]);
  }
});

response.run();
