import { createRequire } from "node:module";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { GatewayError } from "../../src/lib/errors.ts";
import { compressSnappy, uncompressSnappy } from "../../src/wire/snappy.ts";
import { everySeed, type SeededRandom } from "../support/seeded-random.ts";

interface SnappyJs {
  compress(bytes: Uint8Array): Uint8Array;
  uncompress(bytes: Uint8Array): Uint8Array;
}

const oracle: SnappyJs = createRequire(import.meta.url)("snappyjs");

const snappy = suite("snappy blocks");

function repetitive(random: SeededRandom): Uint8Array {
  const bytes = new Uint8Array(random.oneOf([0, 1, 2, 59, 60, 61, 62, 300, 5000, 70_000]));
  for (let i = 0; i < bytes.length; i++) {
    const far = 1 + random.below(Math.min(i, 3000) + 1);
    bytes[i] = i > far && random.chance(0.9) ? (bytes[i - far] as number) : random.below(256);
  }
  for (let runs = random.below(5); runs > 0; runs--) bytes.copyWithin(random.below(bytes.length + 1), 0, 200);
  return bytes;
}

snappy("come out of another library's compressor as they went in", () =>
  everySeed(60, (random) => {
    const bytes = repetitive(random);
    assert.is(Buffer.compare(uncompressSnappy(new Uint8Array(oracle.compress(bytes)), 1 << 20), bytes), 0);
  }),
);

snappy("that we make are understood by another library", () =>
  everySeed(20, (random) => {
    const bytes = repetitive(random);
    assert.is(Buffer.compare(new Uint8Array(oracle.uncompress(compressSnappy(bytes))), bytes), 0);
    assert.is(Buffer.compare(uncompressSnappy(compressSnappy(bytes), 1 << 20), bytes), 0);
  }),
);

snappy("use every kind of element", () => {
  const block = [
    34, // size
    ...[3 << 2, 1, 2, 3, 4], // literal of 4
    ...[60 << 2, 2, 5, 6, 7], // literal of 3, its length in a byte
    ...[(1 << 2) | 1, 7], // 5 bytes from 7 back
    ...[(5 << 2) | 2, 2, 0], // 6 bytes from 2 back, overlapping
    ...[(15 << 2) | 3, 1, 0, 0, 0], // 16 bytes from 1 back
  ];
  const expected = [1, 2, 3, 4, 5, 6, 7, 1, 2, 3, 4, 5, 4, 5, 4, 5, 4, 5, ...new Array<number>(16).fill(5)];
  assert.equal([...uncompressSnappy(Uint8Array.from(block), 34)], expected);
});

snappy("that copy from before their start, or past their size, are refused", () => {
  for (const block of [
    [4, (0 << 2) | 1, 1],
    [8, 0, 9, (0 << 2) | 1, 2],
    [8, 0, 9, (0 << 2) | 1, 0],
    [4, 0, 9, (0 << 2) | 1, 1],
    [2, 2 << 2, 1, 2, 3],
    [5, 0, 1],
  ]) {
    assert.throws(
      () => uncompressSnappy(Uint8Array.from(block), 100),
      (error: unknown) => error instanceof GatewayError && error.code === "internal",
      String(block),
    );
  }
});

snappy("above the limit are refused before they are made", () => {
  assert.throws(
    () => uncompressSnappy(compressSnappy(new Uint8Array(1001)), 1000),
    (error: unknown) => error instanceof GatewayError && error.code === "execution",
  );
  assert.throws(
    () => uncompressSnappy(Uint8Array.of(0xff, 0xff, 0xff, 0x7f, 0), 2 ** 31),
    (error: unknown) => error instanceof GatewayError && error.code === "internal",
  );
});

snappy("that are broken are refused, or are other bytes of the size they say", () =>
  everySeed(50, (random) => {
    const good = new Uint8Array(oracle.compress(repetitive(random)));
    for (let round = 0; round < 40; round++) {
      const bad = good.slice(0, random.chance(0.5) ? good.length : random.below(good.length));
      if (bad.length > 0) bad[random.below(bad.length)] = random.below(256);
      try {
        uncompressSnappy(bad, 1 << 17);
      } catch (error) {
        assert.instance(error, GatewayError);
      }
    }
  }),
);

snappy.run();
