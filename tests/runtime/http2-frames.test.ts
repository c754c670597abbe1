import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  FrameParser,
  FrameWriter,
  frameFlag,
  frameType,
  Http2Broken,
} from "../../src/runtime/http2-frames.ts";
import { createSeededRandom } from "../support/seeded-random.ts";

const test = suite("HTTP/2 frames");

/** What a parser hears, DATA of one frame put together. */
function createListener() {
  const heard: string[] = [];
  let data: number[] = [];
  let flow = 0;
  return {
    heard,
    onFrame: (type: number, flags: number, stream: number, payload: Uint8Array) => {
      heard.push(`${type} ${flags} ${stream} [${payload}]`);
    },
    onData: (stream: number, bytes: Uint8Array, flowBytes: number, last: boolean) => {
      data.push(...bytes);
      flow += flowBytes;
      if (!last) return;
      heard.push(`data ${stream} [${data}] ${flow}`);
      data = [];
      flow = 0;
    },
  };
}

function frames(): Uint8Array {
  const out = new FrameWriter();
  out.settings([[4, 0x01020304]]);
  out.head(3, frameType.headers, frameFlag.endHeaders, 1);
  out.raw(Uint8Array.of(7, 8, 9));
  out.head(4, frameType.data, 0, 1);
  out.raw(Uint8Array.of(1, 2, 3, 4));
  out.head(6, frameType.data, frameFlag.padded | frameFlag.endStream, 1);
  out.raw(Uint8Array.of(3, 5, 6, 0, 0, 0));
  out.head(1, frameType.data, frameFlag.padded | frameFlag.endStream, 3);
  out.raw(Uint8Array.of(0));
  out.head(3, frameType.data, frameFlag.padded | frameFlag.endStream, 5);
  out.raw(Uint8Array.of(2, 0, 0));
  out.head(0, frameType.data, frameFlag.endStream, 7);
  out.head(2, frameType.data, frameFlag.endStream, 0x7fffffff);
  out.raw(Uint8Array.of(10, 11));
  out.windowUpdate(0, 0x7fffffff);
  out.rstStream(9, 8);
  out.ping(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), true);
  out.goaway(2);
  out.head(1, 0x42, 0, 1);
  out.raw(Uint8Array.of(1));
  return Uint8Array.from(out.take());
}

const expected = [
  "4 0 0 [0,4,1,2,3,4]",
  "1 4 1 [7,8,9]",
  "data 1 [1,2,3,4,5,6] 10",
  "data 3 [] 1",
  "data 5 [] 3",
  "data 7 [] 0",
  "data 2147483647 [10,11] 2",
  "8 0 0 [127,255,255,255]",
  "3 0 9 [0,0,0,8]",
  "6 1 0 [1,2,3,4,5,6,7,8]",
  "7 0 0 [0,0,0,0,0,0,0,2]",
  "66 0 1 [1]",
];

test("come out as they were written", () => {
  const listener = createListener();
  new FrameParser(listener).push(frames());
  assert.equal(listener.heard, expected);
});

test("come out the same wherever the bytes are cut", () => {
  const bytes = frames();
  for (let size = 1; size < 40; size++) {
    const listener = createListener();
    const parser = new FrameParser(listener);
    for (let at = 0; at < bytes.length; at += size) parser.push(bytes.slice(at, at + size));
    assert.equal(listener.heard, expected, `pieces of ${size}`);
  }
  const random = createSeededRandom(20_261_124);
  for (let round = 0; round < 200; round++) {
    const listener = createListener();
    const parser = new FrameParser(listener);
    for (let at = 0; at < bytes.length; ) {
      const size = random.below(30);
      parser.push(bytes.slice(at, at + size));
      at += size;
    }
    assert.equal(listener.heard, expected, `round ${round}, seed ${random.seed}`);
  }
});

const broken: readonly (readonly [string, (out: FrameWriter) => void])[] = [
  ["a frame of more than 16 KiB", (out) => out.head(16_385, frameType.headers, 0, 1)],
  ["padding without room", (out) => out.head(0, frameType.data, frameFlag.padded, 1)],
  [
    "more padding than frame",
    (out) => {
      out.head(2, frameType.data, frameFlag.padded, 1);
      out.raw(Uint8Array.of(2, 0));
    },
  ],
];
for (const [name, write] of broken) {
  test(`${name} breaks the connection`, () => {
    const out = new FrameWriter();
    write(out);
    assert.throws(
      () => new FrameParser(createListener()).push(out.take()),
      (error: unknown) => error instanceof Http2Broken,
    );
  });
}

test("a writer grows, and is empty after each take", () => {
  const out = new FrameWriter();
  const large = new Uint8Array(100_000).fill(5);
  out.raw(large);
  out.uint32(1);
  const taken = out.take();
  assert.is(taken.length, 100_004);
  assert.is(taken[99_999], 5);
  assert.is(out.sizeBytes, 0);
  out.uint32(0xfffefdfc);
  assert.equal([...out.take()], [255, 254, 253, 252]);
  assert.is(taken[0], 5);
});

test.run();
