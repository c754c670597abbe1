import { suite } from "uvu";
import * as assert from "uvu/assert";
import { labelsOf } from "../../src/model/labels.ts";
import { crc32c } from "../../src/wire/crc32c.ts";
import { createShardMatcher, hashLabels } from "../../src/wire/shard.ts";
import { nameBytes } from "../../src/wire/string-cache.ts";
import { encodeLabels } from "../../src/wire/wire-labels.ts";
import { xxhash64 } from "../../src/wire/xxhash64.ts";
import { everySeed } from "../support/seeded-random.ts";

const checksums = suite("checksums and shards");

const encoder = new TextEncoder();

function hashOf(bytes: Uint8Array): bigint {
  const hash = { low: 0, high: 0 };
  const padded = new Uint8Array(bytes.length + 3).fill(7);
  padded.set(bytes, 2);
  xxhash64(padded, 2, 2 + bytes.length, hash);
  return (BigInt(hash.high) << 32n) | BigInt(hash.low);
}

checksums("CRC-32C has its published values", () => {
  assert.is(crc32c(encoder.encode("123456789")), 0xe3069283);
  // RFC 3720, B.4.
  assert.is(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assert.is(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
  assert.is(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e);
  assert.is(crc32c(Uint8Array.from({ length: 32 }, (_, i) => 31 - i)), 0x113fdb5c);
  assert.is(crc32c(new Uint8Array(0)), 0);
});

checksums("CRC-32C agrees with a bitwise one at every length and offset", () => {
  const bytes = Uint8Array.from({ length: 64 }, (_, i) => (i * 167 + 13) & 255);
  for (let start = 0; start < 12; start++) {
    for (let end = start; end <= bytes.length; end++) {
      let sum = 0xffffffff;
      for (let at = start; at < end; at++) {
        sum ^= bytes[at] as number;
        for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0x82f63b78 : sum >>> 1;
      }
      assert.is(crc32c(bytes, start, end), ~sum >>> 0);
    }
  }
});

const mask = 2n ** 64n - 1n;
const primes = [
  0x9e3779b185ebca87n,
  0xc2b2ae3d27d4eb4fn,
  0x165667b19e3779f9n,
  0x85ebca77c2b2ae63n,
  0x27d4eb2f165667c5n,
] as const;

/** xxHash64 as its specification writes it, with bigint. */
function naiveHash(bytes: Uint8Array): bigint {
  const [p1, p2, p3, p4, p5] = primes;
  const rotate = (x: bigint, by: bigint) => ((x << by) | (x >> (64n - by))) & mask;
  const round = (sum: bigint, lane: bigint) => (rotate((sum + lane * p2) & mask, 31n) * p1) & mask;
  const read = (at: number, size: number) => {
    let value = 0n;
    for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[at + i] as number);
    return value;
  };
  let at = 0;
  let sum: bigint = p5;
  if (bytes.length >= 32) {
    const lanes = [(p1 + p2) & mask, p2, 0n, -p1 & mask];
    for (; at + 32 <= bytes.length; at += 32) {
      lanes.forEach((lane, i) => {
        lanes[i] = round(lane, read(at + 8 * i, 8));
      });
    }
    const [a, b, c, d] = lanes as [bigint, bigint, bigint, bigint];
    sum = (rotate(a, 1n) + rotate(b, 7n) + rotate(c, 12n) + rotate(d, 18n)) & mask;
    for (const lane of lanes) sum = ((sum ^ round(0n, lane)) * p1 + p4) & mask;
  }
  sum = (sum + BigInt(bytes.length)) & mask;
  for (; at + 8 <= bytes.length; at += 8) sum = (rotate(sum ^ round(0n, read(at, 8)), 27n) * p1 + p4) & mask;
  if (at + 4 <= bytes.length) {
    sum = (rotate(sum ^ ((read(at, 4) * p1) & mask), 23n) * p2 + p3) & mask;
    at += 4;
  }
  for (; at < bytes.length; at++) sum = (rotate(sum ^ ((read(at, 1) * p5) & mask), 11n) * p1) & mask;
  sum = ((sum ^ (sum >> 33n)) * p2) & mask;
  sum = ((sum ^ (sum >> 29n)) * p3) & mask;
  return sum ^ (sum >> 32n);
}

checksums("xxHash64 has its published values", () => {
  assert.is(hashOf(new Uint8Array(0)), 0xef46db3751d8e999n);
  assert.is(hashOf(encoder.encode("a")), 0xd24ec4f1a98c6e5bn);
  assert.is(hashOf(encoder.encode("Nobody inspects the spammish repetition")), 0xfbcea83c8a378bf1n);
});

checksums("xxHash64 agrees with a naive one at every length, and on random bytes", () => {
  for (let size = 0; size < 100; size++) {
    const bytes = Uint8Array.from({ length: size }, (_, i) => (i * 89 + size) & 255);
    assert.is(hashOf(bytes), naiveHash(bytes), `${size} bytes`);
  }
  return everySeed(100, (random) => {
    const bytes = Uint8Array.from({ length: random.below(300) }, () =>
      random.chance(0.3) ? random.oneOf([0, 255, 128]) : random.below(256),
    );
    assert.is(hashOf(bytes), naiveHash(bytes));
  });
});

checksums("series fall on the shards that Thanos gives them", () => {
  const nginx = { container: "nginx", node: "node-1", pod: "nginx" };
  const vectors: readonly (readonly [Record<string, string>, boolean, string[], bigint, number])[] = [
    [nginx, true, [], 0xef46db3751d8e999n, 1],
    [nginx, false, [], 7268187997799345588n, 0],
    [nginx, true, ["pod", "node"], 16646913194661497883n, 1],
    [nginx, false, ["node"], 13530338726863438044n, 0],
    [{ a: "a" }, true, ["a"], 1051768444849600352n, 0],
    [{ a: "b" }, true, ["a"], 6955969838111864200n, 0],
    [{ a: "c" }, true, ["a"], 4040296493750948029n, 1],
  ];
  for (const [record, by, labels, expected, shard] of vectors) {
    const region = encodeLabels(labelsOf(record));
    const hash = { low: 0, high: 0 };
    hashLabels(region, 0, region.length, { names: labels.map(nameBytes), by }, hash);
    assert.is((BigInt(hash.high) << 32n) | BigInt(hash.low), expected);
    for (const totalShards of [1, 2, 3, 7, 1000, 2 ** 31]) {
      const at = Number(expected % BigInt(totalShards));
      for (const shardIndex of [0, 1, at]) {
        const matcher = createShardMatcher({ shardIndex, totalShards, by, labels });
        assert.is(matcher.matches(region, 0, region.length), shardIndex === at);
      }
    }
    assert.is(Number(expected % 2n), shard);
    for (const none of [undefined, { shardIndex: 5, totalShards: 0, by, labels }]) {
      assert.is(createShardMatcher(none).matches(region, 0, region.length), true);
    }
  }
});

checksums.run();
