import { suite } from "uvu";
import * as assert from "uvu/assert";
import { labelsOf } from "../../src/model/labels.ts";
import { BatchBuilder } from "../../src/wire/batch-builder.ts";
import { createDeframer } from "../../src/wire/grpc-frames.ts";
import { SeriesFramer } from "../../src/wire/series-framer.ts";
import { decodeLabels } from "../../src/wire/wire-labels.ts";
import { everyCase } from "../support/every-case.ts";

const test = suite("series framer");

function batchOf(from: number, count: number, dataBytes?: number) {
  const builder = new BatchBuilder();
  for (let i = 0; i < count; i++) {
    builder.appendLabels(labelsOf({ __name__: "up", i: String(from + i) }));
    builder.appendChunk({
      minMs: 1,
      maxMs: 2,
      encoding: 0,
      data: new Uint8Array(dataBytes ?? 200 * (i % 2)),
    });
  }
  return builder.take();
}

const nothing = new Uint8Array(0);

/** Series numbers by frame. */
function framesOf(pieces: readonly Uint8Array[]): string[][] {
  const messages: Uint8Array[] = [];
  const deframer = createDeframer({ limitBytes: 1 << 20 });
  for (const piece of pieces) deframer.push(piece, messages);
  deframer.end();
  return messages.map((message) => {
    const builder = new BatchBuilder();
    builder.add(message);
    const batch = builder.take();
    return Array.from({ length: batch.count }, (_, row) => {
      const bytes = batch.buffers[batch.labelBuffer[row] ?? 0] ?? new Uint8Array();
      const labels = decodeLabels(bytes, batch.labelStart[row] ?? 0, batch.labelEnd[row] ?? 0);
      return labels.find(({ name }) => name === "i")?.value ?? "";
    });
  });
}

test("every run of batches leaves in full frames and one rest, in order", () => {
  for (const choose of everyCase()) {
    const batchSize = choose(5);
    const framer = new SeriesFramer(batchSize);
    const pieces: Uint8Array[] = [];
    let total = 0;
    for (let batches = choose(4); batches > 0; batches--) {
      const count = choose(6);
      pieces.push(framer.push(batchOf(total, count)) ?? nothing);
      total += count;
      assert.ok(framesOf(pieces).every((frame) => frame.length === Math.max(1, batchSize)));
    }
    pieces.push(framer.flush() ?? nothing);
    const frames = framesOf(pieces);
    assert.equal(
      frames.flat(),
      Array.from({ length: total }, (_, i) => String(i)),
    );
    assert.is(frames.length, Math.ceil(total / Math.max(1, batchSize)));
    assert.is(framer.frameCount, frames.length);
    assert.is(framer.heldBytes, 0);
  }
});

test("rows of any size are held and leave in the next piece", () => {
  for (const choose of everyCase()) {
    const framer = new SeriesFramer(4);
    const pieces: Uint8Array[] = [];
    let total = 0;
    for (let batches = 3; batches > 0; batches--) {
      const count = choose(4);
      pieces.push(framer.push(batchOf(total, count, [10, 9_000, 40_000][choose(3)])) ?? nothing);
      total += count;
      assert.ok(framer.heldBytes >= 10 * (total % 4));
      assert.is(framesOf(pieces).flat().length, total - (total % 4));
    }
    pieces.push(framer.flush() ?? nothing);
    assert.equal(
      framesOf(pieces).flat(),
      Array.from({ length: total }, (_, i) => String(i)),
    );
    assert.is(framer.heldBytes, 0);
  }
});

test.run();
