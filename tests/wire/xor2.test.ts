import { suite } from "uvu";
import * as assert from "uvu/assert";
import { GatewayError } from "../../src/lib/errors.ts";
import { chunkType } from "../../src/wire/chunked-series.ts";
import { recodeChunk } from "../../src/wire/recode-chunk.ts";
import { SampleBuffer } from "../../src/wire/sample-buffer.ts";
import { decodeXor, xorSampleCount } from "../../src/wire/xor.ts";
import { decodeXor2 } from "../../src/wire/xor2.ts";
import { everySeed, type SeededRandom } from "../support/seeded-random.ts";
import { encodeXor2, type Xor2Sample } from "./xor2-encoder.ts";

const xor2 = suite("xor2 chunks");

const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);

function sample(timeMs: number, value: number): Xor2Sample {
  float[0] = value;
  return { timeMs, high: words[1] as number, low: words[0] as number };
}

function stale(timeMs: number): Xor2Sample {
  return { timeMs, high: 0x7ff00000, low: 2 };
}

function rows(buffer: SampleBuffer): Xor2Sample[] {
  return Array.from({ length: buffer.length }, (_, i) => ({
    timeMs: buffer.times[i] as number,
    high: buffer.words[2 * i + 1] as number,
    low: buffer.words[2 * i] as number,
  }));
}

function decode(bytes: Uint8Array): Xor2Sample[] {
  const out = new SampleBuffer();
  assert.is(decodeXor2(bytes, 0, bytes.length, out), out.length);
  return rows(out);
}

function randomSamples(random: SeededRandom, count: number): Xor2Sample[] {
  const samples: Xor2Sample[] = [];
  let time = 1_600_000_000_000;
  let value = 5;
  for (let i = 0; i < count; i++) {
    time += random.chance(0.7)
      ? 15_000
      : random.oneOf([0, 1, 15_000 + 4095, 15_000 + 4096, 600_000, 2 ** 35]);
    if (random.chance(0.15)) samples.push(stale(time));
    else {
      value = random.oneOf([value, value, value + 1, random.next() * 1e6, -value, Number.NaN, 0]);
      samples.push(sample(time, value));
    }
  }
  return samples;
}

xor2("reads a chunk whose bits are written out by hand", () => {
  // 3 samples, no start times: t 5 (zig-zag 10), 1.5; Δ 15, same; same distance, stale.
  const bytes = [0, 3, 0, 10, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0, 15, 0b01111100];
  assert.equal(decode(Uint8Array.from(bytes)), [sample(5, 1.5), sample(20, 1.5), stale(35)]);
});

xor2("xors with the last value that was not stale", () => {
  for (const samples of [
    [stale(0), sample(10, 1), sample(20, 2)],
    [stale(0), stale(10), sample(20, 0), sample(30, 7)],
    [sample(0, 3), stale(10), sample(20, 3), stale(31), sample(47, 4), stale(48), sample(49, 4)],
  ]) {
    assert.equal(decode(encodeXor2(samples, { first: false, changeFrom: 0 })), samples);
  }
});

xor2("reads over start times wherever they begin", () =>
  everySeed(40, (random) => {
    const samples = randomSamples(random, 1 + random.below(140));
    for (const first of [false, true]) {
      for (const changeFrom of [0, 1, 2, 3, 50, 127]) {
        assert.equal(decode(encodeXor2(samples, { first, changeFrom })), samples);
      }
    }
  }),
);

xor2("become XOR chunks of at most 120 samples with the same samples", () =>
  everySeed(20, (random) => {
    for (const count of [1, 119, 120, 121, 300]) {
      const samples = randomSamples(random, count);
      const bytes = encodeXor2(samples, { first: true, changeFrom: 5 });
      const chunks = recodeChunk(chunkType.xor2, bytes, 0, bytes.length);
      const out = new SampleBuffer();
      let last = Number.NEGATIVE_INFINITY;
      for (const { data, minMs, maxMs } of chunks) {
        assert.ok(xorSampleCount(data, 0, data.length) <= 120);
        const from = out.length;
        decodeXor(data, 0, data.length, out);
        assert.equal([out.times[from], out.times[out.length - 1]], [minMs, maxMs]);
        assert.ok(minMs >= last);
        last = maxMs;
      }
      assert.is(chunks.length, Math.ceil(count / 120));
      assert.equal(rows(out), samples);
    }
  }),
);

xor2("that are cut or broken are refused, and leave the buffer as it was", () =>
  everySeed(20, (random) => {
    const bytes = encodeXor2(randomSamples(random, 40), { first: true, changeFrom: 3 });
    const out = new SampleBuffer();
    out.push(1, 0, 0);
    for (let end = 0; end < bytes.length - 1; end++) {
      assert.throws(
        () => decodeXor2(bytes, 0, end, out),
        (error: unknown) => error instanceof GatewayError,
      );
      assert.equal([out.length, out.hasStale], [1, false]);
    }
    for (let round = 0; round < 100; round++) {
      const bad = bytes.slice();
      bad[random.below(bad.length)] = random.below(256);
      try {
        decodeXor2(bad, 0, bad.length, out);
        out.length = 1;
        out.hasStale = false;
      } catch (error) {
        assert.instance(error, GatewayError);
        assert.is(out.length, 1);
      }
    }
  }),
);

xor2.run();
