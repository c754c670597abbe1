import { suite } from "uvu";
import * as assert from "uvu/assert";
import { GatewayError } from "../../src/lib/errors.ts";
import { encodeXor } from "../../src/wire/encode-xor.ts";
import { SampleBuffer } from "../../src/wire/sample-buffer.ts";
import { decodeXor } from "../../src/wire/xor.ts";
import { everySeed, type SeededRandom } from "../support/seeded-random.ts";

const xor = suite("xor chunks");

/** A value by its words, high first; NaN payloads and staleness need them. */
type Sample = readonly [timeMs: number, high: number, low: number];

const float = new Float64Array(1);
const floatWords = new Uint32Array(float.buffer);

function sample(timeMs: number, value: number): Sample {
  float[0] = value;
  return [timeMs, floatWords[1] as number, floatWords[0] as number];
}

function columns(samples: readonly Sample[]): SampleBuffer {
  const buffer = new SampleBuffer(1);
  for (const [time, high, low] of samples) buffer.push(time, low, high);
  return buffer;
}

function rows(buffer: SampleBuffer): Sample[] {
  return Array.from({ length: buffer.length }, (_, i) => [
    buffer.times[i] as number,
    buffer.words[2 * i + 1] as number,
    buffer.words[2 * i] as number,
  ]);
}

function encode(samples: readonly Sample[]): Uint8Array {
  const buffer = columns(samples);
  return encodeXor(buffer.times, buffer.words, 0, buffer.length);
}

function decode(bytes: Uint8Array): Sample[] {
  const out = new SampleBuffer(1);
  assert.is(decodeXor(bytes, 0, bytes.length, out), out.length);
  return rows(out);
}

/** A decoder that reads bit by bit with bigint, straight from the format's description. */
function naiveDecode(bytes: Uint8Array): Sample[] {
  let at = 16;
  const bit = (): bigint => {
    const byte = bytes[at >> 3];
    if (byte === undefined) throw new Error("past the end");
    return BigInt((byte >> (7 - (at++ & 7))) & 1);
  };
  const bits = (count: number): bigint => {
    let value = 0n;
    for (let i = 0; i < count; i++) value = (value << 1n) | bit();
    return value;
  };
  const uvarint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bits(8);
      value |= (byte & 127n) << shift;
      if (byte < 128n) return BigInt.asUintN(64, value);
    }
  };
  const signed = (count: number): bigint => {
    const value = bits(count);
    return value > 1n << BigInt(count - 1) ? value - (1n << BigInt(count)) : value;
  };
  const change = (): bigint => {
    if (bit() === 0n) return 0n;
    if (bit() === 0n) return signed(14);
    if (bit() === 0n) return signed(17);
    if (bit() === 0n) return signed(20);
    return BigInt.asIntN(64, bits(64));
  };
  const count = ((bytes[0] as number) << 8) | (bytes[1] as number);
  const samples: Sample[] = [];
  let time = 0n;
  let delta = 0n;
  let value = 0n;
  let leading = 0;
  let trailing = 0;
  for (let i = 0; i < count; i++) {
    if (i === 0) {
      const zigzag = uvarint();
      time = (zigzag >> 1n) ^ -(zigzag & 1n);
      value = bits(64);
    } else {
      delta = i === 1 ? BigInt.asIntN(64, uvarint()) : delta + change();
      time += delta;
      if (bit() === 1n) {
        if (bit() === 1n) {
          leading = Number(bits(5));
          trailing = 64 - leading - (Number(bits(6)) || 64);
          if (trailing < 0) throw new Error("no such window");
        }
        value ^= bits(64 - leading - trailing) << BigInt(trailing);
      }
    }
    if (!Number.isSafeInteger(Number(time))) throw new Error("not a time");
    samples.push([Number(time), Number(value >> 32n), Number(value & 0xffffffffn)]);
  }
  return samples;
}

const oddWords: readonly (readonly [number, number])[] = [
  [0, 0],
  [0x80000000, 0],
  [0x7ff00000, 2],
  [0x7ff80000, 1],
  [0x7ff80000, 0],
  [0xfff80000, 0xdeadbeef],
  [0x7ff00000, 0],
  [0xfff00000, 0],
  [0, 1],
  [0x000fffff, 0xffffffff],
  [0x7fefffff, 0xffffffff],
  [0x3ff00000, 0],
  [0x3ff00000, 1],
  [0xffffffff, 0xffffffff],
  [0x00000001, 0x80000000],
];

const oddSteps: readonly number[] = [
  0,
  1,
  15_000,
  15_000 + 8192,
  15_000 + 8193,
  65_536,
  65_537,
  524_288,
  524_289,
  2 ** 31,
  2 ** 32,
  2 ** 33 + 1,
  2 ** 45,
];

xor("writes what the format says", () => {
  const samples = [sample(0, 0), sample(0, 0), sample(0, 0)];
  assert.equal([...encode(samples)], [0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
});

xor("round-trips every pair of odd values, with every odd step before the next", () => {
  for (const a of oddWords) {
    for (const b of oddWords) {
      const samples = oddWords.map((c, i): Sample => {
        const [high, low] = i % 3 === 0 ? a : i % 3 === 1 ? b : c;
        return [1_600_000_000_000 + i * 15_000, high, low];
      });
      assert.equal(decode(encode(samples)), samples);
    }
  }
  for (const a of oddSteps) {
    for (const b of oddSteps) {
      for (const start of [-(2 ** 52), -1, 0, 1_600_000_000_000]) {
        let time = start;
        const samples = [a, b, a, a, b, b, 15_000].map((step) => {
          time += step;
          return sample(time, 1);
        });
        assert.equal(decode(encode(samples)), samples);
        assert.equal(naiveDecode(encode(samples)), samples);
      }
    }
  }
});

xor("writes each change of distance and each value as short as Prometheus does", () => {
  for (const [change, code] of [
    [0, "0"],
    [8192, "10"],
    [-8191, "10"],
    [8193, "110"],
    [-8192, "110"],
    [65_536, "110"],
    [-65_535, "110"],
    [65_537, "1110"],
    [-65_536, "1110"],
    [524_288, "1110"],
    [-524_287, "1110"],
    [524_289, "1111"],
    [-524_288, "1111"],
  ] as const) {
    const width = { "0": 0, "10": 14, "110": 17, "1110": 20, "1111": 64 }[code];
    const number = width === 0 ? "" : BigInt.asUintN(width, BigInt(change)).toString(2).padStart(width, "0");
    checkBits([sample(0, 0), sample(10, 0), sample(20 + change, 0)], `0${code}${number}0`);
  }
  const values = [0, 1, 3, 0x80000003].map((word): Sample => [0, 0, word]);
  const bits = [
    `11${"11111"}${"100001"}${"0".repeat(32)}1`,
    `10${"0".repeat(31)}10`,
    `10${"01".padEnd(33, "0")}`,
  ];
  checkBits(values, bits.join("0"));
});

/** Checks the bits behind the first twelve bytes; zeros that fill up the last ones may follow. */
function checkBits(samples: readonly Sample[], expected: string): void {
  const bits = [...encode(samples).subarray(12)].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  assert.is(bits, expected.padEnd(bits.length, "0"));
  assert.ok(bits.length - expected.length < 9);
}

xor("reads runs of equal samples of every length, from every bit of a byte", () => {
  for (let before = 0; before < 8; before++) {
    for (let run = 0; run < 60; run++) {
      for (const end of [0, 1]) {
        // Each "01" and its reused window before the run moves it by an odd number of bits.
        const values = [
          0,
          1,
          ...Array.from({ length: before }, (_, i) => i % 2),
          ...new Array<number>(run).fill(7),
          8,
        ];
        const samples = values.map((value, i) =>
          sample(i * 15_000 + (i === values.length - 1 ? end : 0), value),
        );
        assert.equal(decode(encode(samples)), samples);
      }
    }
  }
});

xor("refuses times that a double does not hold, on the way too", () => {
  for (const times of [
    [0, 1, 2 ** 55, 3],
    [0, 2 ** 52, 2 ** 53 + 2 ** 52, 5],
    [2 ** 54],
    [2 ** 53 - 8, 2 ** 53 - 6, 2 ** 53 - 6 + 2 ** 52, 2 ** 53 - 6],
  ]) {
    const bytes = encode(times.map((time) => sample(time, 1)));
    assert.throws(() => decode(bytes), isBroken);
    assert.throws(() => naiveDecode(bytes));
  }
});

xor("keeps staleness markers and says that there are some", () => {
  const stale: Sample = [30, 0x7ff00000, 2];
  for (const samples of [
    [stale],
    [sample(0, 1), stale],
    [sample(0, 1), sample(15, 1), stale, sample(45, 1)],
  ]) {
    const bytes = encode(samples);
    const out = new SampleBuffer();
    decodeXor(bytes, 0, bytes.length, out);
    assert.is(out.hasStale, true);
    assert.equal(rows(out), samples);
  }
  const calm = new SampleBuffer();
  const bytes = encode([sample(0, Number.NaN), sample(15, 1)]);
  decodeXor(bytes, 0, bytes.length, calm);
  assert.is(calm.hasStale, false);
});

xor("appends behind what the buffer holds, from the middle of other bytes", () => {
  const samples = [sample(0, 1), sample(15, 2), sample(30, 2), sample(45, 2)];
  const chunk = encode(samples);
  const bytes = new Uint8Array(chunk.length + 12).fill(0xff);
  bytes.set(chunk, 5);
  const out = new SampleBuffer(1);
  decodeXor(bytes, 5, 5 + chunk.length, out);
  decodeXor(bytes.subarray(5), 0, chunk.length, out);
  assert.equal(rows(out), [...samples, ...samples]);
});

xor("ignores padding behind the last sample", () => {
  const chunk = encode([sample(0, 1), sample(15, 2)]);
  const bytes = new Uint8Array(chunk.length + 3);
  bytes.set(chunk);
  assert.is(decode(bytes).length, 2);
});

xor("agrees with a naive decoder on random chunks, and fails on each that is cut", () =>
  everySeed(150, (random) => {
    let time = 1_600_000_000_000 + random.below(1000);
    let value = random.below(100);
    const samples: Sample[] = [];
    for (let count = 1 + random.below(150); count > 0; count--) {
      time += random.below(4) > 0 ? 15_000 : random.oneOf(oddSteps);
      const kind = random.below(8);
      if (kind < 3) samples.push(sample(time, value));
      else if (kind < 5) samples.push(sample(time, ++value));
      else if (kind < 7) samples.push(sample(time, randomFloat(random)));
      else samples.push([time, ...random.oneOf(oddWords)]);
    }
    const bytes = encode(samples);
    assert.equal(naiveDecode(bytes), samples);
    assert.equal(decode(bytes), samples);
    const out = new SampleBuffer();
    out.push(7, 0, 0);
    // Where the last write was of whole bytes, Go's encoder leaves an empty one behind.
    const needed = attempt(() => naiveDecode(bytes.subarray(0, -1))) instanceof Error ? 0 : 1;
    for (let end = 0; end < bytes.length - needed; end++) {
      // In place, followed by the right bytes, so that only a check can tell.
      assert.throws(() => decodeXor(bytes, 0, end, out), isBroken, `cut at ${end}`);
      assert.is(out.length, 1);
      assert.is(out.hasStale, false);
    }
  }),
);

xor("reads or refuses any bytes, and never past them", () =>
  everySeed(40, (random) => {
    const good = encode(
      Array.from({ length: 60 }, (_, i) => sample(i * 15_000, i % 7 === 0 ? randomFloat(random) : i)),
    );
    const out = new SampleBuffer();
    for (let round = 0; round < 100; round++) {
      const bytes = good.slice(0, 2 + random.below(good.length - 2));
      for (let flips = random.below(4); flips > 0; flips--) {
        bytes[random.below(bytes.length)] = random.below(256);
      }
      out.clear();
      const read = attempt(() => decodeXor(bytes, 0, bytes.length, out));
      const expected = attempt(() => naiveDecode(bytes));
      if (expected instanceof Error) assert.instance(read, GatewayError);
      else assert.equal(rows(out), expected);
    }
  }),
);

function attempt<T>(read: () => T): T | Error {
  try {
    return read();
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function randomFloat(random: SeededRandom): number {
  return (random.next() - 0.5) * 10 ** random.below(30);
}

function isBroken(error: unknown): boolean {
  return error instanceof GatewayError && error.code === "internal" && error.message.includes("XOR chunk");
}

xor.run();
