import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type ChunkReading, readingOf } from "../../src/federation/aggregates.ts";
import { decodeChunk } from "../../src/federation/chunk-decoder.ts";
import { mergeBatches } from "../../src/federation/merge.ts";
import { SeriesReader } from "../../src/federation/series-reader.ts";
import { createHistogram, resetHints } from "../../src/model/histogram/histogram.ts";
import { labelsOf } from "../../src/model/labels.ts";
import { BatchBuilder } from "../../src/wire/batch-builder.ts";
import { encodeSamples } from "../../src/wire/encode-samples.ts";
import { SampleBuffer } from "../../src/wire/sample-buffer.ts";
import type { SeriesBatch } from "../../src/wire/series-batch.ts";
import { encodeLabels } from "../../src/wire/wire-labels.ts";
import { encodeChunks, type MemorySample } from "../support/memory-store.ts";
import { plainSamples } from "../support/random-histograms.ts";

const test = suite("downsampled chunks");

/** Numbers of AggrChunk's fields. */
const fields = { raw: 3, count: 4, sum: 5, min: 6, max: 7, counter: 8 } as const;
type Parts = Partial<Record<keyof typeof fields, readonly MemorySample[] | SampleBuffer>>;

function field(tag: number, content: readonly number[]): number[] {
  const size = content.length;
  return [tag, ...(size < 128 ? [size] : [(size & 127) | 128, size >> 7]), ...content];
}

/** An AggrChunk message as a store sends it, times below 128. */
function aggrChunk(minMs: number, maxMs: number, parts: Parts): number[] {
  const bytes = [0x08, minMs, 0x10, maxMs];
  for (const [name, samples] of Object.entries(parts)) {
    const number = fields[name as keyof typeof fields];
    const data =
      samples instanceof SampleBuffer
        ? (encodeSamples(samples)[0]?.data ?? new Uint8Array(0))
        : (encodeChunks(samples ?? [], 1000)[0]?.data ?? new Uint8Array(0));
    const type = samples instanceof SampleBuffer ? [0x08, 2] : [];
    bytes.push(...field((number << 3) | 2, [...type, ...field(0x12, [...data])]));
  }
  return bytes;
}

function rowOf(...chunks: readonly number[][]): SeriesBatch {
  const builder = new BatchBuilder();
  const bytes = [...encodeLabels(labelsOf({ a: "1" })), ...chunks.flatMap((chunk) => field(0x12, chunk))];
  builder.addSeries(Uint8Array.from(bytes), 0, bytes.length);
  return builder.take();
}

function decoded(parts: Parts, reading: ChunkReading): [number, number][] {
  const out = new SampleBuffer();
  decodeChunk(rowOf(aggrChunk(1, 9, parts)), 0, reading, out);
  return Array.from({ length: out.length }, (_, i) => [out.times[i] ?? 0, out.values[i] ?? 0]);
}

const all: Parts = {
  count: [
    [1, 2],
    [9, 4],
  ],
  sum: [
    [1, 6],
    [9, 10],
  ],
  min: [
    [1, 1],
    [9, 0],
  ],
  max: [
    [1, 5],
    [9, 7],
  ],
  counter: [
    [1, 6],
    [9, 16],
  ],
};

test("functions read their aggregate, others the average", () => {
  const reads = (func: string) => decoded(all, readingOf(func));
  assert.equal(reads("min_over_time"), [
    [1, 1],
    [9, 0],
  ]);
  assert.equal(reads("max"), [
    [1, 5],
    [9, 7],
  ]);
  assert.equal(reads("count_over_time"), [
    [1, 2],
    [9, 4],
  ]);
  assert.equal(reads("sum_over_time"), [
    [1, 6],
    [9, 10],
  ]);
  assert.equal(reads("rate"), [
    [1, 6],
    [9, 16],
  ]);
  assert.equal(reads("sum"), [
    [1, 3],
    [9, 2.5],
  ]);
  assert.equal(reads(""), [
    [1, 3],
    [9, 2.5],
  ]);
});

test("raw samples go before aggregates", () => {
  for (const func of ["", "rate", "min"])
    assert.equal(decoded({ raw: [[1, 42]], ...all }, readingOf(func)), [[1, 42]]);
});

test("sum and count that do not fit, and a chunk without what is wanted, are errors", () => {
  const throws = (parts: Parts, reading: ChunkReading, text: string) =>
    assert.throws(
      () => decoded(parts, reading),
      (error: unknown) => error instanceof Error && error.message === text,
    );
  throws(
    {
      count: [[1, 1]],
      sum: [
        [1, 1],
        [2, 1],
      ],
    },
    "average",
    "sum and count iterator not aligned",
  );
  throws({ count: [[1, 1]], sum: [[2, 1]] }, "average", "sum and count timestamps not aligned");
  throws({ count: [[1, 1]] }, "average", "no valid chunk found");
  throws({ count: [[1, 1]] }, "min", "no valid chunk found");
});

test("counter chunks are joined over their true last values", () => {
  const batch = rowOf(
    aggrChunk(1, 4, {
      counter: [
        [1, 10],
        [2, 20],
        [3, 10],
        [4, 20],
        [4, 5],
      ],
    }),
    aggrChunk(5, 8, {
      counter: [
        [5, 10],
        [6, 20],
        [7, 30],
        [8, 40],
        [8, 10],
      ],
    }),
  );
  const reader = new SeriesReader({
    range: { minMs: 0, maxMs: 100 },
    reading: "counter",
    algorithm: "penalty",
    adjustsCounters: true,
  });
  const column = reader.read(batch, 0);
  assert.equal([...(column?.values.subarray(0, column.length) ?? [])], [10, 20, 30, 40, 45, 55, 65, 75]);
});

async function mergedChunks(...rows: readonly SeriesBatch[]): Promise<string[]> {
  const sources = rows.map(async function* (batch) {
    yield batch;
  });
  for await (const batch of mergeBatches(sources, { abort: () => undefined })) {
    const chunks = batch.chunkFrom[1] ?? 0;
    return Array.from({ length: chunks }, (_, i) => `${batch.chunkMinMs[i]}-${batch.chunkMaxMs[i]}`);
  }
  return [];
}

test("copies of a chunk of several aggregates survive once per aggregate, as upstream", async () => {
  const one = aggrChunk(1, 9, { count: [[1, 2]], sum: [[1, 6]] });
  const single = aggrChunk(1, 9, { count: [[1, 2]] });
  assert.equal(await mergedChunks(rowOf(single), rowOf(single), rowOf(single)), ["1-9"]);
  assert.equal(await mergedChunks(rowOf(one), rowOf(one), rowOf(one)), ["1-9", "1-9"]);
});

test("chunks of different aggregates stay, in order of their times", async () => {
  const late = aggrChunk(5, 9, { count: [[5, 2]] });
  const early = aggrChunk(1, 4, { count: [[1, 3]] });
  assert.equal(await mergedChunks(rowOf(late), rowOf(early, late)), ["1-4", "5-9"]);
});

/** Downsampled histograms: sums are gauges. */
function histogramsOf(counts: readonly (readonly [number, number])[]): SampleBuffer {
  const samples = new SampleBuffer();
  const layout = { ...createHistogram().layout, schema: 1, positive: Int32Array.of(2, 5) };
  for (const [timeMs, count] of counts) {
    samples.push(timeMs, 0, 0);
    samples.withHistograms().set(samples.length - 1, {
      ...createHistogram(),
      ...{ layout, count, sum: 2 * count, zeroCount: count / 2, resetHint: resetHints.gauge },
      buckets: Float64Array.of(count, 4 * count),
    });
  }
  return samples;
}

test("of histograms: the average is their sum divided by their number, a counter is what it is", () => {
  const parts: Parts = {
    count: all.count ?? [],
    sum: histogramsOf([
      [1, 6],
      [9, 10],
    ]),
    counter: histogramsOf([
      [1, 7],
      [9, 8],
    ]),
  };
  const out = new SampleBuffer();
  const read = (reading: ChunkReading) => {
    out.clear();
    decodeChunk(rowOf(aggrChunk(1, 9, parts)), 0, reading, out);
    return plainSamples(out).map(({ timeMs, numbers, positive, hint }) => [timeMs, numbers, positive, hint]);
  };
  assert.equal(read("average"), [
    [1, "3 1.5 6", "2,3 5,12", resetHints.gauge],
    [9, "2.5 1.25 5", "2,2.5 5,10", resetHints.gauge],
  ]);
  assert.equal(read("counter"), [
    [1, "7 3.5 14", "2,7 5,28", resetHints.gauge],
    [9, "8 4 16", "2,8 5,32", resetHints.gauge],
  ]);
  assert.throws(() => read("min"), /no valid chunk found/);
});

test.run();
