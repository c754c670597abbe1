import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { GatewayError } from "../../src/lib/errors.ts";
import { AggrChunkReader } from "../../src/wire/aggr-chunk.ts";
import { createBatchBuilder } from "../../src/wire/batch-builder.ts";
import { AggrChunkSchema, type Series, SeriesResponseSchema } from "../../src/wire/gen/thanos/store_pb.ts";
import { createDeframer } from "../../src/wire/grpc-frames.ts";
import { SampleBuffer } from "../../src/wire/sample-buffer.ts";
import { noChunk, type SeriesBatch } from "../../src/wire/series-batch.ts";
import { encodeSeriesFrames } from "../../src/wire/series-response.ts";
import { decodeLabels } from "../../src/wire/wire-labels.ts";
import { decodeXor } from "../../src/wire/xor.ts";
import { everySeed } from "../support/seeded-random.ts";
import { exchangesOf } from "./store-exchanges.ts";

const cursor = suite("series cursor");

function messagesOf(body: Uint8Array): Uint8Array[] {
  const out: Uint8Array[] = [];
  const deframer = createDeframer({ limitBytes: 1 << 26 });
  deframer.push(body, out);
  deframer.end();
  return out;
}

/** Series of a response by the generated code. */
function seriesOf(message: Uint8Array): readonly Series[] {
  const { result } = fromBinary(SeriesResponseSchema, message);
  if (result.case === "series") return [result.value];
  return result.case === "batch" ? result.value.series : [];
}

function labelsOfRow(batch: SeriesBatch, row: number) {
  const buffer = batch.buffers[batch.labelBuffer[row] as number] as Uint8Array;
  return decodeLabels(buffer, batch.labelStart[row] as number, batch.labelEnd[row] as number);
}

/** A row as plain values, to be compared with what the generated code reads. */
function rowOf(batch: SeriesBatch, row: number): unknown {
  const chunks = [];
  for (let c = batch.chunkFrom[row] as number; c < (batch.chunkFrom[row + 1] as number); c++) {
    const buffer = batch.buffers[batch.chunkBuffer[c] as number] as Uint8Array;
    const absent = batch.rawEncoding[c] === noChunk;
    chunks.push({
      min: batch.chunkMinMs[c],
      max: batch.chunkMaxMs[c],
      encoding: batch.rawEncoding[c],
      data: absent ? undefined : [...buffer.subarray(batch.rawStart[c], batch.rawEnd[c])],
    });
  }
  return { labels: labelsOfRow(batch, row), chunks };
}

function rowOfMessage(series: Series): unknown {
  return {
    labels: series.labels.map(({ name, value }) => ({ name, value })),
    chunks: series.chunks.map((chunk) => ({
      min: Number(chunk.minTime),
      max: Number(chunk.maxTime),
      encoding: chunk.raw === undefined ? noChunk : chunk.raw.type,
      data: chunk.raw === undefined ? undefined : [...chunk.raw.data],
    })),
  };
}

function rowsOf(batch: SeriesBatch): unknown[] {
  return Array.from({ length: batch.count }, (_, row) => rowOf(batch, row));
}

cursor("reads what a Thanos store gateway sent as the generated code does", () => {
  const exchanges = exchangesOf("/thanos.Store/Series");
  assert.ok(exchanges.length >= 7);
  for (const { name, body } of exchanges) {
    const builder = createBatchBuilder();
    const messages = messagesOf(body);
    for (const message of messages) builder.add(message);
    assert.equal(rowsOf(builder.take()), messages.flatMap(seriesOf).map(rowOfMessage), name);
  }
});

cursor("writes back the bytes that a Thanos store gateway sent", () => {
  for (const { name, body } of exchangesOf("/thanos.Store/Series")) {
    const builder = createBatchBuilder();
    const messages = messagesOf(body);
    for (const message of messages) builder.add(message);
    const batch = builder.take();
    const batchSize = Math.max(...messages.map((message) => seriesOf(message).length));
    const frames = encodeSeriesFrames(batch, { from: 0, to: batch.count, batchSize });
    // The gateway adds hints, which are no series.
    const series = messages.filter((message) => message[0] === 0x0a || message[0] === 0x22);
    assert.equal(messagesOf(frames).map(toText), series.map(toText), name);
  }
});

function toText(bytes: Uint8Array): string {
  return bytes.join(" ");
}

cursor("finds chunks that decode to the times that the gateway says they have", () => {
  const samples = new SampleBuffer();
  let chunks = 0;
  for (const { body } of exchangesOf("/thanos.Store/Series")) {
    const builder = createBatchBuilder();
    for (const message of messagesOf(body)) builder.add(message);
    const batch = builder.take();
    for (let c = 0; c < (batch.chunkFrom[batch.count] as number); c++, chunks++) {
      samples.clear();
      const buffer = batch.buffers[batch.chunkBuffer[c] as number] as Uint8Array;
      decodeXor(buffer, batch.rawStart[c] as number, batch.rawEnd[c] as number, samples);
      assert.is(samples.times[0], batch.chunkMinMs[c]);
      assert.is(samples.times[samples.length - 1], batch.chunkMaxMs[c]);
    }
  }
  assert.ok(chunks > 100);
});

/** A field: tag, length, content. */
function field(number: number, ...content: readonly (number | readonly number[])[]): number[] {
  const bytes = content.flat();
  return [(number << 3) | 2, bytes.length, ...bytes];
}

function text(number: number, value: string): number[] {
  return field(number, [...new TextEncoder().encode(value)]);
}

const plainA = field(1, text(1, "a"), text(2, "1"));
const plainB = field(1, text(1, "b"), text(2, "2"));
const chunk = field(2, [0x08, 5, 0x10, 9], field(3, [0x12, 2, 7, 7]));
const ab = [
  { name: "a", value: "1" },
  { name: "b", value: "2" },
];

/** What a cursor and the generated code read of one chunk; the cursor's is `undefined` where it refuses. */
function chunkReadings(chunk: Uint8Array): { readonly ours: unknown; readonly generated: () => unknown } {
  const series = [0x12, ...lengthOf(chunk.length), ...chunk];
  const message = Uint8Array.from([0x0a, ...lengthOf(series.length), ...series]);
  const builder = createBatchBuilder();
  let ours: unknown;
  try {
    builder.add(message);
    ours = rowOf(builder.take(), 0);
  } catch (error) {
    assert.instance(error, GatewayError);
  }
  return { ours, generated: () => seriesOf(message).map(rowOfMessage)[0] };
}

function lengthOf(size: number): number[] {
  if (size < 128) return [size];
  return size < 16_384
    ? [(size & 127) | 128, size >> 7]
    : [(size & 127) | 128, (size >> 7) | 128, size >> 14];
}

cursor("reads chunks of any times and sizes as the generated code does", () => {
  const edges = [0, 2 ** 35, 2 ** 42, 1_700_000_000_000, -1];
  const times = edges.flatMap((edge) => [edge - 1, edge, edge + 1]);
  for (const min of times) {
    for (const max of times) {
      const large = min === max ? [16_350, 16_383, 16_384] : [];
      for (const size of [0, 1, 109, 110, 111, 112, 127, 128, 300, ...large]) {
        const type = ([0, 1, 2] as const)[size % 3] ?? 0;
        const raw = { type, data: new Uint8Array(size).fill(0x12) };
        const chunk = { minTime: BigInt(min), maxTime: BigInt(max), raw };
        const { ours, generated } = chunkReadings(toBinary(AggrChunkSchema, create(AggrChunkSchema, chunk)));
        assert.equal(ours, generated(), `${min} ${max} ${size}`);
      }
    }
  }
});

cursor("reads a chunk with any byte changed as the generated code does, or refuses it", () => {
  for (const [type, size] of [
    [0, 115],
    [2, 130],
  ] as const) {
    const raw = { type, data: new Uint8Array(size).fill(0x10) };
    const bytes = toBinary(
      AggrChunkSchema,
      create(AggrChunkSchema, { minTime: 1_700_000_000_000n, maxTime: 1_700_007_200_000n, raw }),
    );
    let accepted = 0;
    for (let at = 0; at < 26; at++) {
      for (let byte = 0; byte < 256; byte++) {
        const { ours, generated } = chunkReadings(bytes.map((old, i) => (i === at ? byte : old)));
        if (ours === undefined) continue;
        accepted++;
        assert.equal(ours, generated(), `byte ${at} is ${byte}`);
      }
    }
    assert.ok(accepted > 1000);
  }
});

cursor("copies labels together that are scattered or written in another form", () => {
  const forms: Readonly<Record<string, number[]>> = {
    scattered: [...plainA, ...chunk, ...plainB],
    "chunks first": [...chunk, ...plainA, ...plainB],
    "value before name": [...plainA, ...field(1, text(2, "2"), text(1, "b")), ...chunk],
    "long length of a record": [...plainA, 0x0a, 0x86, 0x00, ...plainB.slice(2), ...chunk],
    "long length of a name": [...plainA, 0x0a, 7, 0x0a, 0x81, 0, 0x62, 0x12, 1, 0x32, ...chunk],
    "unknown fields": [...field(1, text(1, "a"), [0x18, 1], text(2, "1")), 0x38, 1, ...plainB, ...chunk],
    "an unknown field between labels": [...plainA, 0x38, 0x80, 1, ...plainB, ...chunk],
  };
  for (const [form, series] of Object.entries(forms)) {
    const builder = createBatchBuilder();
    builder.add(Uint8Array.from(field(1, series)));
    builder.add(Uint8Array.from(field(1, [...plainA, ...plainB, ...chunk])));
    const batch = builder.take();
    assert.equal(labelsOfRow(batch, 0), ab, form);
    assert.equal(rowOf(batch, 0), rowOf(batch, 1), form);
    const region = batch.buffers[batch.labelBuffer[0] as number] as Uint8Array;
    const bytes = region.subarray(batch.labelStart[0], batch.labelEnd[0]);
    assert.equal([...bytes], [...plainA, ...plainB], form);
  }
});

cursor("reads series without labels, without chunks, and empty messages", () => {
  const builder = createBatchBuilder();
  builder.add(Uint8Array.from([]));
  builder.add(Uint8Array.from(field(1)));
  builder.add(Uint8Array.from(field(4)));
  builder.add(Uint8Array.from(field(4, field(1, chunk), field(1, plainA))));
  const batch = builder.take();
  assert.is(batch.count, 3);
  assert.equal([...batch.chunkFrom.subarray(0, 4)], [0, 0, 1, 1]);
  assert.equal(labelsOfRow(batch, 1), []);
});

cursor("collects warnings, among series too, and leaves hints out", () => {
  const builder = createBatchBuilder();
  builder.add(Uint8Array.from(text(2, "slow store ☃")));
  builder.add(Uint8Array.from(field(1, plainA)));
  builder.add(Uint8Array.from(field(3, text(1, "type"))));
  const batch = builder.take();
  assert.equal(batch.warnings, ["slow store ☃"]);
  assert.is(batch.count, 1);
  assert.is(builder.empty, true);
});

cursor("reads negative times, unknown encodings and the hashes of every aggregate", () => {
  const message = create(SeriesResponseSchema, {
    result: {
      case: "series",
      value: {
        chunks: [
          {
            minTime: -5n,
            maxTime: -(2n ** 40n),
            count: { data: Uint8Array.of(1), hash: 2n ** 63n + 5n },
            counter: { type: 2, data: Uint8Array.of(4, 5) },
          },
          { raw: { type: 300 as 0, data: Uint8Array.of(9) } },
        ],
      },
    },
  });
  const builder = createBatchBuilder();
  builder.add(toBinary(SeriesResponseSchema, message));
  const batch = builder.take();
  assert.equal([batch.chunkMinMs[0], batch.chunkMaxMs[0], batch.rawEncoding[0]], [-5, -(2 ** 40), noChunk]);
  assert.is(batch.rawEncoding[1], 254);
  const reader = new AggrChunkReader();
  const bytes = batch.buffers[0] as Uint8Array;
  reader.read(bytes, batch.chunkStart[0] as number, batch.chunkEnd[0] as number);
  assert.equal([...reader.encoding], [noChunk, 0, noChunk, noChunk, noChunk, 2]);
  assert.equal([reader.hashLow[1], reader.hashHigh[1], reader.hashLow[5]], [5, 0x80000000, 0]);
  assert.equal([...bytes.subarray(reader.start[5], reader.end[5])], [4, 5]);
});

const broken: Readonly<Record<string, readonly number[]>> = {
  "a series that runs past the message": [0x0a, 5, 0x0a, 0],
  "a label that runs past its series": [...field(1, [0x0a, 9, 0x0a, 1]), ...plainA],
  "a name that runs past its label": field(1, field(1, [0x0a, 9, 0x62])),
  "a chunk that runs past its series": [...field(1, [0x12, 9, 1]), ...plainA],
  "chunk data that run past their chunk": field(1, field(2, field(3, [0x12, 9, 1]))),
  "an endless varint": field(1, field(2, [0x08, ...new Array<number>(12).fill(0xff), 1])),
  "a varint that is cut off": field(1, field(2, [0x08, 0x80])),
  "a length that is cut off": [0x0a],
  "a length above 2^32": [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  "a tag that is cut off": [0x80],
  "a group": [0x3b],
  "field number 0": [0x02, 0],
  "a series of the wrong wire type": [0x08, 1],
  "a warning of the wrong wire type": [0x10, 1],
  "a label of the wrong wire type": field(1, [0x08, 1]),
  "a time of the wrong wire type": field(1, field(2, field(1, [1]))),
  "an aggregate of the wrong wire type": field(1, field(2, [0x28, 1])),
  "chunk data of the wrong wire type": field(1, field(2, field(3, [0x10, 1]))),
  "a series in a batch of the wrong wire type": field(4, [0x08, 1]),
};

cursor("refuses broken bytes, says where, and keeps what it had", () => {
  for (const [what, bytes] of Object.entries(broken)) {
    const builder = createBatchBuilder();
    builder.add(Uint8Array.from(field(1, plainA, chunk)));
    const message = Uint8Array.from([...field(1, plainB, chunk), ...text(2, "w"), ...bytes]);
    assert.throws(
      () => builder.add(message),
      (error: unknown) =>
        error instanceof GatewayError &&
        error.code === "internal" &&
        /^Cannot decode .* at byte \d+$/.test(error.message),
      what,
    );
    assert.equal([builder.count, builder.chunkCount], [1, 1], what);
    builder.add(Uint8Array.from(field(1, plainB, chunk)));
    const batch = builder.take();
    assert.equal(batch.warnings, [], what);
    assert.equal(rowsOf(batch), rowsOf(batchOf([plainA, plainB])), what);
  }
});

function batchOf(rows: readonly (readonly number[])[]): SeriesBatch {
  const builder = createBatchBuilder();
  for (const labels of rows) builder.add(Uint8Array.from(field(1, labels, chunk)));
  return builder.take();
}

cursor("reads or refuses any bytes, never past their end", () =>
  everySeed(60, (random) => {
    const [exchange] = exchangesOf("/thanos.Store/Series").filter(({ name }) =>
      name.includes("batches of 4"),
    );
    const messages = messagesOf((exchange as { body: Uint8Array }).body);
    const builder = createBatchBuilder();
    for (let round = 0; round < 30; round++) {
      const message = random.oneOf(messages).slice(0);
      const bytes = random.chance(0.5) ? message : message.slice(0, random.below(message.length));
      for (let flips = random.below(5); flips > 0 && bytes.length > 0; flips--) {
        bytes[random.below(Math.min(bytes.length, 400))] = random.below(256);
      }
      try {
        builder.add(bytes);
      } catch (error) {
        assert.instance(error, GatewayError);
      }
    }
    const batch = builder.take();
    for (let row = 0; row < batch.count; row++) {
      assert.ok(
        (batch.labelEnd[row] as number) <=
          (batch.buffers[batch.labelBuffer[row] as number] as Uint8Array).length,
      );
      try {
        labelsOfRow(batch, row);
      } catch (error) {
        // What was flipped is no UTF-8 any more.
        assert.instance(error, GatewayError);
      }
    }
    for (let c = 0; c < (batch.chunkFrom[batch.count] as number); c++) {
      const size = (batch.buffers[batch.chunkBuffer[c] as number] as Uint8Array).length;
      assert.ok((batch.chunkEnd[c] as number) <= size && (batch.rawEnd[c] as number) <= size);
    }
  }),
);

cursor.run();
