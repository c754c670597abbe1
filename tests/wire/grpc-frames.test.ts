import { suite } from "uvu";
import * as assert from "uvu/assert";
import { GatewayError } from "../../src/lib/errors.ts";
import { createDeframer, encodeFrame } from "../../src/wire/grpc-frames.ts";
import {
  decodeGrpcMessage,
  decodeGrpcTimeout,
  encodeGrpcMessage,
  encodeGrpcTimeout,
  grpcStatusName,
  parseGrpcStatus,
} from "../../src/wire/grpc-headers.ts";

const frames = suite("grpc frames");

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

const messages = [
  Uint8Array.of(),
  Uint8Array.of(1),
  Uint8Array.of(),
  Uint8Array.from({ length: 300 }, (_, i) => i),
  Uint8Array.of(2, 3),
];
const stream = concat(...messages.map(encodeFrame));

function read(...cuts: readonly number[]): number[][] {
  const out: Uint8Array[] = [];
  const deframer = createDeframer({ limitBytes: 300 });
  let from = 0;
  for (const to of [...cuts, stream.length]) {
    deframer.push(stream.slice(from, to), out);
    from = to;
  }
  deframer.end();
  assert.is(deframer.heldBytes, 0);
  return out.map((message) => [...message]);
}

const expected = messages.map((message) => [...message]);

frames("come out of a stream that is cut anywhere", () => {
  for (let cut = 0; cut <= stream.length; cut++) {
    assert.equal(read(cut), expected);
    for (const more of [1, 4, 5, 6]) assert.equal(read(cut, Math.min(stream.length, cut + more)), expected);
  }
  assert.equal(read(...Array.from({ length: stream.length }, (_, i) => i)), expected);
});

frames("are given out with the piece that ends them, empty ones too", () => {
  const out: Uint8Array[] = [];
  const deframer = createDeframer({ limitBytes: 300 });
  for (let at = 0, ended = 0; at < stream.length; at++) {
    deframer.push(stream.slice(at, at + 1), out);
    if ([5, 11, 16, 321, 328].includes(at + 1)) ended++;
    assert.is(out.length, ended);
  }
});

frames("are views of the piece they came in whole, and copies otherwise", () => {
  const out: Uint8Array[] = [];
  const deframer = createDeframer({ limitBytes: 300 });
  deframer.push(stream, out);
  for (const message of out) assert.is(message.buffer, stream.buffer);
  out.length = 0;
  const piece = stream.slice(0, 20);
  deframer.push(piece, out);
  deframer.push(stream.slice(20), out);
  assert.is.not(out[3]?.buffer, piece.buffer);
  assert.equal([...(out[3] as Uint8Array)], expected[3]);
});

frames("that are cut off at the end are noticed", () => {
  const whole = new Set<number>();
  for (let end = 0; end <= stream.length; end++) {
    const deframer = createDeframer({ limitBytes: 300 });
    deframer.push(stream.slice(0, end), []);
    try {
      deframer.end();
      whole.add(end);
    } catch (error) {
      assert.instance(error, GatewayError);
    }
  }
  assert.equal([...whole], [0, 5, 11, 16, 321, 328]);
});

frames("above the limit are refused by their prefix alone", () => {
  for (const size of [301, 2 ** 31, 2 ** 32 - 1]) {
    const prefix = Uint8Array.of(0, size >>> 24, size >>> 16, size >>> 8, size);
    assert.throws(
      () => createDeframer({ limitBytes: 300 }).push(prefix, []),
      (error: unknown) =>
        error instanceof GatewayError &&
        error.code === "execution" &&
        error.message.includes(`${size} bytes, wants at most 300`),
    );
  }
});

frames("that are compressed are inflated where that was agreed on, refused elsewhere", () => {
  const frame = encodeFrame(Uint8Array.of(1, 2));
  frame[0] = 1;
  assert.throws(() => createDeframer({ limitBytes: 9 }).push(frame, []), /compressed/);
  const out: Uint8Array[] = [];
  const inflate = (bytes: Uint8Array) => bytes.map((byte) => byte + 1);
  createDeframer({ limitBytes: 9, inflate }).push(frame, out);
  assert.equal([...(out[0] as Uint8Array)], [2, 3]);
  frame[0] = 2;
  assert.throws(() => createDeframer({ limitBytes: 9, inflate }).push(frame, []), /flag is 2/);
});

const headers = suite("grpc headers");

headers("messages survive, whatever they hold", () => {
  for (const text of ["", "plain text", "100 %", "line\nbreak", "☃ 😀", "%41", "\u007f\0"]) {
    assert.match(encodeGrpcMessage(text), /^[ -~]*$/);
    assert.is(decodeGrpcMessage(encodeGrpcMessage(text)), text);
  }
  assert.is(encodeGrpcMessage("a%b\n☃"), "a%25b%0A%E2%98%83");
  assert.is(decodeGrpcMessage("50% of %zz %4"), "50% of %zz %4");
  assert.is(decodeGrpcMessage("%e2%98%83 ü"), "☃ ü");
});

headers("timeouts survive to the unit that fits eight digits", () => {
  for (const [ms, text] of [
    [0, "0m"],
    [-5, "0m"],
    [1.9, "1m"],
    [120_000, "120000m"],
    [99_999_999, "99999999m"],
    [100_000_000, "100000S"],
    [100_000_000_000, "1666666M"],
    [1e18, "99999999H"],
  ] as const) {
    assert.is(encodeGrpcTimeout(ms), text);
  }
  for (const [text, ms] of [
    ["1H", 3_600_000],
    ["2M", 120_000],
    ["3S", 3000],
    ["4m", 4],
    ["5000u", 5],
    ["6000000n", 6],
  ] as const) {
    assert.is(decodeGrpcTimeout(text), ms);
  }
  for (const text of ["", "5", "m", "123456789m", "1s", "-1S", "1.5S"])
    assert.is(decodeGrpcTimeout(text), undefined);
});

headers("statuses are numbers with grpc-go's names", () => {
  assert.is(parseGrpcStatus("14"), 14);
  for (const text of [undefined, "", "x", "-1", "1.5"]) assert.is(parseGrpcStatus(text), 2);
  assert.is(grpcStatusName(14), "Unavailable");
  assert.is(grpcStatusName(99), "Code(99)");
});

frames.run();
headers.run();
