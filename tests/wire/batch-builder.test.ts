import { suite } from "uvu";
import * as assert from "uvu/assert";
import { labelsOf } from "../../src/model/labels.ts";
import { createBatchBuilder } from "../../src/wire/batch-builder.ts";
import type { SeriesBatch } from "../../src/wire/series-batch.ts";
import { decodeLabels } from "../../src/wire/wire-labels.ts";

const builders = suite("batch builder");

function describe(batch: SeriesBatch): string[] {
  return Array.from({ length: batch.count }, (_, row) => {
    const buffer = batch.buffers[batch.labelBuffer[row] as number] as Uint8Array;
    const labels = decodeLabels(buffer, batch.labelStart[row] as number, batch.labelEnd[row] as number);
    const chunks: string[] = [];
    for (let c = batch.chunkFrom[row] as number; c < (batch.chunkFrom[row + 1] as number); c++) {
      const bytes = batch.buffers[batch.chunkBuffer[c] as number] as Uint8Array;
      const data = bytes.subarray(batch.rawStart[c], batch.rawEnd[c]);
      chunks.push(`${batch.chunkMinMs[c]}-${batch.chunkMaxMs[c]} ${batch.rawEncoding[c]} ${data}`);
    }
    return `${labels.map(({ name, value }) => name + value)}: ${chunks.join(", ")}`;
  });
}

function sample(label: string, ...times: readonly number[]): SeriesBatch {
  const builder = createBatchBuilder();
  builder.appendLabels(labelsOf({ l: label }));
  for (const time of times) {
    builder.appendChunk({ minMs: time, maxMs: time + 9, encoding: time % 2, data: Uint8Array.of(time) });
  }
  return builder.take();
}

builders("makes rows from plain labels and chunks", () => {
  assert.equal(describe(sample("x", 1, 2)), ["lx: 1-10 1 1, 2-11 0 2"]);
});

builders("joins chunks of several batches below the labels of one, sharing bytes", () => {
  const a = sample("a", 1, 3);
  const b = sample("a", 2);
  const builder = createBatchBuilder();
  builder.appendRow(a.buffers[0] as Uint8Array, a.labelStart[0] as number, a.labelEnd[0] as number);
  builder.appendChunkOf(a, 0);
  builder.appendChunkOf(b, 0);
  builder.appendChunkOf(a, 1);
  builder.addRowOf(b, 0);
  builder.appendLabels(labelsOf({ z: "last" }));
  const batch = builder.take();
  assert.equal(describe(batch), ["la: 1-10 1 1, 2-11 0 2, 3-12 1 3", "la: 2-11 0 2", "zlast: "]);
  assert.is(batch.buffers.includes(a.buffers[0] as Uint8Array), true);
  assert.is(batch.buffers.includes(b.buffers[0] as Uint8Array), true);
});

builders("does not write to a batch that was taken, unless it is recycled", () => {
  const builder = createBatchBuilder();
  const taken: SeriesBatch[] = [];
  for (let i = 0; i < 300; i++) {
    for (let row = 0; row <= i % 7; row++) {
      builder.appendLabels(labelsOf({ l: `${i}` }));
      builder.appendChunk({ minMs: i, maxMs: i, encoding: 0, data: Uint8Array.of(i) });
    }
    taken.push(builder.take());
  }
  taken.forEach((batch, i) => {
    assert.is(batch.count, 1 + (i % 7));
    for (const row of describe(batch)) assert.is(row, `l${i}: ${i}-${i} 0 ${i % 256}`);
  });
  const last = taken[299] as SeriesBatch;
  builder.recycle(last);
  builder.take();
  builder.appendLabels(labelsOf({ new: "one" }));
  assert.is(builder.take(), last);
  assert.equal(describe(last), ["newone: "]);
});

builders("is not confused by a batch that is recycled twice, or again after it was reused", () => {
  const builder = createBatchBuilder();
  const first = builder.take();
  builder.recycle(first);
  builder.recycle(first);
  builder.take();
  builder.appendLabels(labelsOf({ l: "1" }));
  builder.recycle(first);
  const reused = builder.take();
  assert.is(reused, first);
  builder.appendLabels(labelsOf({ l: "2" }));
  assert.equal(describe(reused), ["l1: "]);
  assert.equal(describe(builder.take()), ["l2: "]);
});

builders("counts rows, chunks and bytes until it is taken", () => {
  const source = sample("x", 1, 2);
  const builder = createBatchBuilder();
  builder.addRowOf(source, 0);
  assert.equal([builder.count, builder.chunkCount, builder.empty], [1, 2, false]);
  const region = (source.labelEnd[0] as number) - (source.labelStart[0] as number);
  const chunks = [0, 1].map((c) => (source.chunkEnd[c] as number) - (source.chunkStart[c] as number));
  assert.is(builder.sizeBytes, region + (chunks[0] as number) + (chunks[1] as number));
  builder.take();
  assert.equal([builder.count, builder.sizeBytes, builder.empty, builder.full], [0, 0, true, false]);
});

builders.run();
