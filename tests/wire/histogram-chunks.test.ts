import { suite } from "uvu";
import * as assert from "uvu/assert";
import { GatewayError } from "../../src/lib/errors.ts";
import { createHistogram, customSchema, resetHints } from "../../src/model/histogram/histogram.ts";
import { encodeSamples, isWhole } from "../../src/wire/encode-samples.ts";
import { decodeFloatHistogram, decodeFloatHistogramSt } from "../../src/wire/float-histogram-chunk.ts";
import { decodeHistogram, decodeHistogramSt } from "../../src/wire/histogram-chunk.ts";
import { recodeChunk } from "../../src/wire/recode-chunk.ts";
import { SampleBuffer } from "../../src/wire/sample-buffer.ts";
import { decodeXor } from "../../src/wire/xor.ts";
import { plainSamples, randomHistograms, randomLayout } from "../support/random-histograms.ts";
import { everySeed, type SeededRandom } from "../support/seeded-random.ts";
import { encodeNaively, layoutBits, varbitInt, varbitUint } from "./naive-histogram-encoder.ts";

const chunks = suite("histogram chunks");

const decoders = [decodeXor, decodeHistogram, decodeFloatHistogram];
const quiet = { integers: true, gauge: false, stale: 0, newLayout: 0, reset: 0 };

/** Samples of one layout that are at most stale at the end, which one chunk holds. */
function oneChunk(random: SeededRandom, integers: boolean, gauge = false): SampleBuffer {
  const samples = randomHistograms(random, 1 + random.below(60), { ...quiet, integers, gauge });
  for (let i = random.below(3); i > 0; i--)
    samples.pushStale((samples.times[samples.length - 1] as number) + 1 + random.below(1e9));
  return samples;
}

/** What the reader of one chunk says of resets. */
function withHints(samples: SampleBuffer, gauge: boolean) {
  return plainSamples(samples).map((sample, i) =>
    sample.hint === undefined
      ? sample
      : { ...sample, hint: gauge ? resetHints.gauge : i === 0 ? resetHints.unknown : resetHints.notReset },
  );
}

chunks("of both forms decode to what a naive encoder wrote, with and without start times", () =>
  everySeed(60, (random) => {
    const integers = random.chance(0.5);
    const gauge = random.chance(0.3);
    const samples = oneChunk(random, integers, gauge);
    const start = random.oneOf([0, (samples.times[0] as number) - random.below(1e7)]);
    const changeAt = random.below(samples.length + 3);
    const starts = Array.from({ length: samples.length }, (_, i) =>
      i < changeAt ? start : start + 1 + random.below(5) * 1000,
    );
    const header = gauge ? 3 : random.below(3);
    const out = new SampleBuffer(1);
    const plain = encodeNaively(samples, { integers, header });
    const count = (integers ? decodeHistogram : decodeFloatHistogram)(plain, 0, plain.length, out);
    assert.is(count, samples.length);
    assert.equal(plainSamples(out), withHints(samples, gauge));
    assert.is(out.hasStale, samples.hasStale);
    out.clear();
    const started = encodeNaively(samples, { integers, header, starts });
    (integers ? decodeHistogramSt : decodeFloatHistogramSt)(started, 0, started.length, out);
    assert.equal(plainSamples(out), withHints(samples, gauge));
  }),
);

chunks("that are encoded are what a naive encoder writes", () =>
  everySeed(40, (random) => {
    const integers = random.chance(0.5);
    const gauge = random.chance(0.3);
    const samples = oneChunk(random, integers, gauge);
    const encoded = encodeSamples(samples, () => integers);
    // The naive encoder has one layout and cuts nowhere.
    if (encoded.length > 1) return;
    const naive = encodeNaively(samples, { integers, header: gauge ? 3 : 0 });
    const data = encoded[0]?.data as Uint8Array;
    assert.is(data.subarray(0, naive.length).join(), naive.join());
    assert.ok(data.length - naive.length <= 1);
  }),
);

chunks("are cut where a histogram cannot follow, and hold every sample", () =>
  everySeed(60, (random) => {
    const gauge = random.chance(0.3);
    const integers = random.chance(0.5);
    const samples = randomHistograms(random, random.below(400), {
      ...{ integers, gauge },
      stale: random.oneOf([0, 0.1]),
      newLayout: random.oneOf([0, 0.1]),
      reset: random.oneOf([0, 0.05]),
    });
    const out = new SampleBuffer();
    for (const { data, minMs, maxMs, encoding } of encodeSamples(samples, () => integers)) {
      const from = out.length;
      const count = (decoders[encoding] as typeof decodeXor)(data, 0, data.length, out);
      assert.ok(count >= 1 && count <= 120);
      assert.equal([out.times[from], out.times[out.length - 1]], [minMs, maxMs]);
      if (encoding > 0) assert.is(encoding, integers ? 1 : 2);
    }
    const withoutHints = (buffer: SampleBuffer) =>
      plainSamples(buffer).map((sample) => ({ ...sample, hint: 0 }));
    assert.equal(withoutHints(out), withoutHints(samples));
    checkHints(out, gauge);
  }),
);

/** No histogram says it is no reset where some count of it is lower than before. */
function checkHints(samples: SampleBuffer, gauge: boolean): void {
  const now = createHistogram();
  const before = createHistogram();
  for (let i = 0; i < samples.length; i++) {
    if (samples.histograms?.has(i) !== true) continue;
    const { histograms } = samples;
    if (gauge) assert.is(histograms.hintAt(i), resetHints.gauge);
    if (histograms.hintAt(i) !== resetHints.notReset) continue;
    histograms.lend(i, now);
    histograms.lend(i - 1, before);
    assert.ok(now.count >= before.count && now.zeroCount >= before.zeroCount);
    for (const [j, index] of before.layout.positive.entries()) {
      const at = now.layout.positive.indexOf(index);
      const count = at < 0 ? 0 : (now.buckets[now.at + at] as number);
      assert.ok(count >= (before.buckets[before.at + j] as number));
    }
  }
}

chunks("begin anew at a reset that is told, where gauges begin, and where whole numbers end", () => {
  const samples = new SampleBuffer();
  const histogram = { ...createHistogram(), count: 1 };
  for (const resetHint of [0, 2, 1, 2, 3, 3, 0] as const) {
    samples.push(samples.length * 10, 0, 0);
    samples.withHistograms().set(samples.length - 1, { ...histogram, resetHint });
  }
  const cuts = (isInteger: (row: number) => boolean) =>
    encodeSamples(samples, isInteger).map(({ minMs, encoding, data }) => [
      minMs,
      encoding,
      (data[2] as number) >> 6,
    ]);
  assert.equal(
    cuts(() => true),
    [
      [0, 1, 0],
      [20, 1, 2],
      [40, 1, 3],
      [60, 1, 0],
    ],
  );
  assert.equal(
    cuts((row) => row !== 1),
    [
      [0, 1, 0],
      [10, 2, 0],
      [20, 1, 2],
      [40, 1, 3],
      [60, 1, 0],
    ],
  );
});

chunks("keep a staleness marker behind a histogram, and floats apart", () => {
  const samples = new SampleBuffer();
  const put = (kind: "float" | "stale" | "histogram") => {
    const time = samples.length * 10;
    if (kind === "stale") samples.pushStale(time);
    else samples.push(time, 0, 0);
    if (kind === "histogram") samples.withHistograms().set(samples.length - 1, createHistogram());
  };
  for (const kind of [
    "stale",
    "float",
    "stale",
    "histogram",
    "stale",
    "stale",
    "histogram",
    "float",
    "stale",
  ] as const)
    put(kind);
  const encoded = encodeSamples(samples);
  assert.equal(
    encoded.map(({ minMs, maxMs, encoding }) => [minMs, maxMs, encoding]),
    [
      [0, 20, 0],
      [30, 50, 2],
      [60, 60, 2],
      [70, 80, 0],
    ],
  );
});

chunks("of finer schemas than are reckoned with become coarser", () => {
  const samples = new SampleBuffer();
  const layout = {
    schema: 10,
    zeroThreshold: 0,
    positive: Int32Array.of(-4, -3, 0, 1, 4, 5),
    negative: Int32Array.of(1, 8),
    customValues: new Float64Array(0),
  };
  samples.push(5, 0, 0);
  samples
    .withHistograms()
    .set(0, { ...createHistogram(), layout, buckets: Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8), count: 36 });
  for (const integers of [true, false]) {
    const data = encodeNaively(samples, { integers, header: 0 });
    const out = new SampleBuffer();
    (integers ? decodeHistogram : decodeFloatHistogram)(data, 0, data.length, out);
    const [sample] = plainSamples(out);
    assert.is(sample?.schema, 8);
    // Four buckets each: (−8, −4] is −1, (−4, 0] is 0, (0, 4] is 1, (4, 8] is 2.
    assert.is(sample?.positive, "-1,1 0,5 1,9 2,6");
    assert.is(sample?.negative, "1,7 2,8");
  }
});

chunks("with equal layouts share one object", () =>
  everySeed(20, (random) => {
    const out = new SampleBuffer();
    const samples = oneChunk(random, true);
    const data = encodeNaively(samples, { integers: true, header: 0 });
    decodeHistogram(data, 0, data.length, out);
    decodeHistogram(data.slice(), 0, data.length, out);
    const layouts = new Set(Array.from({ length: out.length }, (_, i) => out.histograms?.layoutAt(i)));
    layouts.delete(undefined);
    assert.is(layouts.size, 1);
  }),
);

chunks("that are cut or broken are refused, and leave the buffer as it was", () =>
  everySeed(8, (random) => {
    const integers = random.chance(0.5);
    const samples = oneChunk(random, integers);
    const starts = Array.from({ length: samples.length }, (_, i) => 1000 + i);
    const out = new SampleBuffer();
    out.push(1, 0, 0);
    for (const withStarts of [false, true]) {
      const bytes = encodeNaively(samples, { integers, header: 0, ...(withStarts ? { starts } : {}) });
      const decode = integers
        ? withStarts
          ? decodeHistogramSt
          : decodeHistogram
        : withStarts
          ? decodeFloatHistogramSt
          : decodeFloatHistogram;
      for (let end = 0; end < bytes.length - 1; end += 1 + random.below(7)) {
        assert.throws(
          () => decode(bytes, 0, end, out),
          (error: unknown) => error instanceof GatewayError && error.code === "internal",
        );
        assert.is(out.length, 1);
        assert.is(out.histograms?.has(1) ?? false, false);
      }
      for (let i = 0; i < 50; i++) {
        const broken = bytes.slice();
        const at = 3 + random.below(broken.length - 3);
        broken[at] = (broken[at] as number) ^ (1 << random.below(8));
        try {
          decode(broken, 0, broken.length, out);
        } catch (error) {
          assert.ok(error instanceof GatewayError, String(error));
        }
        out.remove(1, out.length);
      }
    }
  }),
);

function bytesOf(bits: string): Uint8Array {
  const padded = bits.padEnd(Math.ceil(bits.length / 8) * 8, "0");
  return Uint8Array.from(padded.match(/.{8}/g) ?? [], (byte) => Number.parseInt(byte, 2));
}

chunks("whose layout cannot be are refused with the reason", () => {
  const header = "0000000000000001".padEnd(24, "0");
  const refused = (bits: string, reason: RegExp) => {
    const bytes = bytesOf(header + bits);
    for (const decode of [decodeHistogram, decodeFloatHistogram]) {
      assert.throws(() => decode(bytes, 0, bytes.length, new SampleBuffer()), reason);
    }
  };
  const none = varbitUint(0);
  const zeros = "0".repeat(600);
  refused(`${"0".repeat(8)}${varbitInt(53)}${zeros}`, /its schema is 53, wants -9 to 52 or -53/);
  refused(`${"0".repeat(8)}${varbitInt(-10)}${zeros}`, /its schema is -10/);
  const spans = varbitUint(2) + varbitUint(2) + varbitInt(3) + varbitUint(1) + varbitInt(-1);
  refused(`${"0".repeat(8)}${varbitInt(3)}${spans}${none}${zeros}`, /begins before the end of the last one/);
  refused(
    `${"0".repeat(8)}${varbitInt(3)}${varbitUint(1)}${varbitUint(2 ** 31)}${varbitInt(0)}`,
    /do not fit it/,
  );
  refused(
    `${"0".repeat(8)}${varbitInt(3)}${varbitUint(1)}${varbitUint(2)}${varbitInt(2 ** 31)}${zeros}`,
    /too far out/,
  );
  refused(`${"0".repeat(8)}${varbitInt(customSchema)}${none}${none}${varbitUint(1e6)}`, /do not fit it/);
});

chunks("with counts above 2^51 are refused, as they would come out wrong", () => {
  const layout = {
    ...randomLayout({ chance: () => false, oneOf: () => 0, below: () => 4 } as never),
    positive: Int32Array.of(1, 2),
  };
  const head = `${"0000000000000001".padEnd(24, "0")}${layoutBits({ ...layout, negative: new Int32Array(0), customValues: new Float64Array(0) })}`;
  const big = 2n ** 60n;
  const bits = `${head}${varbitInt(1000)}${varbitUint(big + 3n)}0${"0".repeat(64)}${varbitInt(big)}${varbitInt(3n - big)}`;
  const bytes = bytesOf(bits);
  assert.throws(() => decodeHistogram(bytes, 0, bytes.length, new SampleBuffer()), /a count is above 2\^51/);
});

chunks("in which a bucket grows past 2^51, or falls below its negative, are refused", () => {
  const layout = {
    ...randomLayout({ chance: () => false, oneOf: () => 0, below: () => 4 } as never),
    positive: Int32Array.of(1, 2, 3),
    negative: Int32Array.of(1),
    customValues: new Float64Array(0),
  };
  const head = `${"0000000000000010".padEnd(24, "0")}${layoutBits(layout)}`;
  const first = `${varbitInt(1000)}${varbitUint(0)}${varbitUint(0)}${"0".repeat(64)}${varbitInt(5).repeat(4)}`;
  const decoded = (changes: readonly bigint[]) => {
    const bits = `${head}${first}${varbitInt(1000)}000${changes.map((change) => varbitInt(change)).join("")}`;
    const bytes = bytesOf(bits);
    const out = new SampleBuffer();
    decodeHistogram(bytes, 0, bytes.length, out);
    return out.histograms?.lend(1, createHistogram()).buckets.slice(4, 8);
  };
  const high = 2n ** 51n;
  assert.equal([...(decoded([1n, high - 11n, -20n, 0n]) ?? [])], [6, 2 ** 51, 2 ** 51 - 15, 5]);
  for (const changes of [
    [1n, high - 10n, -20n, 0n],
    [0n, -high - 12n, 50n, 0n],
    [0n, 0n, 0n, high - 4n],
    [0n, 0n, 0n, -high - 6n],
  ])
    assert.throws(() => decoded(changes), /a count is above 2\^51/, changes.join());
});

chunks("with start times are written anew in their form without them", () =>
  everySeed(20, (random) => {
    const integers = random.chance(0.5);
    const gauge = random.chance(0.3);
    const samples = oneChunk(random, integers, gauge);
    const starts = Array.from({ length: samples.length }, (_, i) => 1000 + (i >> 2));
    const bytes = encodeNaively(samples, { integers, header: gauge ? 3 : 1, starts });
    const out = new SampleBuffer();
    for (const { data, encoding } of recodeChunk(integers ? 5 : 6, bytes, 0, bytes.length)) {
      assert.is(encoding, integers ? 1 : 2);
      (decoders[encoding] as typeof decodeXor)(data, 0, data.length, out);
    }
    const withoutHints = (buffer: SampleBuffer) =>
      plainSamples(buffer).map((sample) => ({ ...sample, hint: 0 }));
    assert.equal(withoutHints(out), withoutHints(samples));
  }),
);

chunks("are whole only where every count is", () => {
  const samples = new SampleBuffer();
  const layout = { ...createHistogram().layout, positive: Int32Array.of(1) };
  const histogram = { ...createHistogram(), layout, buckets: Float64Array.of(2), count: 2 };
  for (const changed of [
    {},
    { count: 2.5 },
    { zeroCount: 0.5 },
    { buckets: Float64Array.of(1.5) },
    { count: 2 ** 51 },
  ]) {
    samples.push(samples.length, 0, 0);
    samples.withHistograms().set(samples.length - 1, { ...histogram, ...changed });
  }
  samples.push(9, 0, 0);
  assert.equal(
    [0, 1, 2, 3, 4, 5].map((row) => isWhole(samples, row)),
    [true, false, false, false, false, false],
  );
});

chunks.run();
