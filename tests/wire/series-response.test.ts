import { fromBinary } from "@bufbuild/protobuf";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { labelsOf } from "../../src/model/labels.ts";
import { createBatchBuilder } from "../../src/wire/batch-builder.ts";
import { type Series, SeriesResponseSchema } from "../../src/wire/gen/thanos/store_pb.ts";
import { createDeframer } from "../../src/wire/grpc-frames.ts";
import type { SeriesBatch } from "../../src/wire/series-batch.ts";
import { encodeSeriesFrames, encodeWarningFrame } from "../../src/wire/series-response.ts";

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

response("of a warning carry its text", () => {
  for (const text of ["", "slow ☃", "x".repeat(300)]) {
    assert.equal(resultsOf(encodeWarningFrame(text)), [{ case: "warning", value: text }]);
  }
});

response.run();
