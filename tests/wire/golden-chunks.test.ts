import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createBatchBuilder } from "../../src/wire/batch-builder.ts";
import { encodeXor } from "../../src/wire/encode-xor.ts";
import { createDeframer } from "../../src/wire/grpc-frames.ts";
import { SampleBuffer } from "../../src/wire/sample-buffer.ts";
import { decodeXor } from "../../src/wire/xor.ts";
import { exchangesOf } from "./store-exchanges.ts";

const golden = suite("chunks that Prometheus wrote");

golden("come out of our encoder byte for byte when their samples go in", () => {
  const samples = new SampleBuffer();
  let count = 0;
  for (const { body } of exchangesOf("/thanos.Store/Series")) {
    const builder = createBatchBuilder();
    const messages: Uint8Array[] = [];
    createDeframer({ limitBytes: 1 << 26 }).push(body, messages);
    for (const message of messages) builder.add(message);
    const batch = builder.take();
    for (let c = 0; c < (batch.chunkFrom[batch.count] as number); c++) {
      const bytes = batch.buffers[batch.chunkBuffer[c] as number] as Uint8Array;
      const data = bytes.subarray(batch.rawStart[c], batch.rawEnd[c]);
      samples.clear();
      decodeXor(data, 0, data.length, samples);
      count += samples.length;
      assert.is(encodeXor(samples.times, samples.words, 0, samples.length).join(), data.join());
    }
  }
  assert.ok(count > 10_000, `${count} samples`);
});

golden.run();
