import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readSnappyFrames, writeSnappyFrames } from "../../src/wire/snappy-frames.ts";

const frames = suite("snappy frames");
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

frames("a plain chunk of four letters is read and its checksum checked", () => {
  assert.is(Buffer.from(readSnappyFrames(writeSnappyFrames(Buffer.from("aaaa")), 100)).toString(), "aaaa");
  assert.is(hex(writeSnappyFrames(new Uint8Array(0))), "ff060000734e61507059");
});

frames("what is written is read, at every size around a chunk's", () => {
  for (const size of [1, 2, 100, 65_535, 65_536, 65_537, 200_000]) {
    for (const noise of [false, true]) {
      const bytes = Uint8Array.from(
        { length: size },
        (_, i) => (noise ? (i * 2654435761) >>> 13 : i >> 4) & 255,
      );
      const framed = writeSnappyFrames(bytes);
      assert.is(hex(readSnappyFrames(framed, size)), hex(bytes));
      assert.throws(() => readSnappyFrames(framed, size - 1), /bytes come out/);
    }
  }
});

frames("a compressed chunk is read", () => {
  // 24 bytes "hello " × 4, as a literal of six and a copy of eighteen; its checksum was taken from the plain form.
  const plain = Buffer.from("hello hello hello hello ");
  const checksum = writeSnappyFrames(plain).subarray(14, 18);
  const block = Uint8Array.of(24, 5 << 2, ...plain.subarray(0, 6), (17 << 2) | 2, 6, 0);
  const framed = Uint8Array.of(0, 4 + block.length, 0, 0, ...checksum, ...block);
  assert.is(hex(readSnappyFrames(framed, 100)), hex(plain));
});

frames("every cut is refused, or is a whole number of chunks", () => {
  const framed = writeSnappyFrames(Buffer.from("hello hello hello hello"));
  for (let cut = 1; cut < framed.length; cut++) {
    if (cut === 10) assert.is(readSnappyFrames(framed.subarray(0, cut), 99).length, 0);
    else assert.throws(() => readSnappyFrames(framed.subarray(0, cut), 99), /Cannot decode snappy frames/);
  }
});

frames("a bit turned in the body is found, unknown chunks are refused, skippable ones skipped", () => {
  const framed = writeSnappyFrames(Buffer.from("0123456789abcdef0123456789abcdef"));
  for (let at = 14; at < framed.length; at++) {
    const spoilt = framed.slice();
    spoilt[at] = (spoilt[at] ?? 0) ^ 1;
    assert.throws(() => readSnappyFrames(spoilt, 1_000));
  }
  assert.throws(() => readSnappyFrames(Uint8Array.of(2, 0, 0, 0), 9), /unknown chunk type 2/);
  assert.is(readSnappyFrames(Uint8Array.of(0x80, 2, 0, 0, 1, 1, 0xfe, 0, 0, 0), 9).length, 0);
});

frames.run();
