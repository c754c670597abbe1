import { suite } from "uvu";
import * as assert from "uvu/assert";
import { formatPlainDecimal } from "../../../src/http/json/decimal.ts";
import { itemBytes, JsonWriter, quoteJson } from "../../../src/http/json/json-writer.ts";
import { writeStepPoints } from "../../../src/http/json/points.ts";
import { renderStepPrefixes, writeTimestamp } from "../../../src/http/json/timestamps.ts";

const writing = suite("json writer");

/** Everything that `write` writes, through chunks of `size` bytes. */
function written(size: number, write: (writer: JsonWriter) => void): string {
  const decoder = new TextDecoder();
  let text = "";
  const writer = new JsonWriter(new Uint8Array(size), (chunk, length) => {
    text += decoder.decode(chunk.subarray(0, length), { stream: true });
    return new Uint8Array(size).fill(63);
  });
  write(writer);
  return text + decoder.decode(writer.bytes.subarray(0, writer.at));
}

writing("strings are what JSON.parse reads back, whatever the chunk's size", () => {
  const texts = [
    "",
    "plain",
    'quo"te',
    "back\\slash",
    "new\nline\ttab\r",
    "\u0000\u001f",
    "é～😀",
    "<a>&b",
    "x".repeat(500),
  ];
  for (const size of [96, 97, 128, 65_536]) {
    for (const text of texts) {
      assert.is(JSON.parse(written(size, (writer) => writer.string(text))), text);
      assert.is(JSON.parse(written(size, (writer) => writer.htmlSafeString(text))), text);
    }
  }
});

writing("label values keep angle brackets, other strings escape them as Go does", () => {
  assert.is(
    written(96, (writer) => writer.string("<&>")),
    '"<&>"',
  );
  assert.is(
    written(96, (writer) => writer.htmlSafeString("<&>\u2028")),
    '"\\u003c\\u0026\\u003e\\u2028"',
  );
  assert.is(quoteJson("a\u0001\n", false), '"a\\u0001\\n"');
});

writing("a lone surrogate becomes the replacement character", () => {
  assert.is(
    written(96, (writer) => writer.string("a\ud800b")),
    '"a\ufffdb"',
  );
});

for (const [timeMs, text] of [
  [1_435_781_430_000, "1435781430"],
  [1_435_781_430_100, "1435781430.100"],
  [1_435_781_430_001, "1435781430.001"],
  [0, "0"],
  [-1_500, "-1.500"],
  [-9_223_372_036_855, "-9223372036.855"],
] as const) {
  writing(`time ${timeMs} is written ${text}`, () => {
    const bytes = new Uint8Array(32);
    assert.is(new TextDecoder().decode(bytes.subarray(0, writeTimestamp(bytes, 0, timeMs))), text);
  });
}

writing("points come out whole across chunk borders, absent ones not at all", () => {
  const grid = { startMs: 1_000_500, stepMs: 500, count: 50 };
  const values = Float64Array.from({ length: 50 }, (_, i) => (i < 20 ? 1 / 3 : i % 3 === 0 ? 7 : i / 7));
  const present = Uint8Array.from({ length: 50 }, (_, i) => Number(i % 5 !== 0));
  const labels = { get: () => "", all: () => [] };
  const column = { labels, length: 50, values, present, timesMs: undefined, histograms: undefined };
  const prefixes = renderStepPrefixes(grid);
  const whole = written(65_536, (writer) => writeStepPoints(writer, column, prefixes));
  const points: unknown = JSON.parse(`[${whole}]`);
  const naive = [...values.keys()]
    .filter((i) => present[i] === 1)
    .map((i) => [(grid.startMs + i * grid.stepMs) / 1000, String(values[i])]);
  assert.equal(points, naive);
  for (let size = itemBytes; size < itemBytes + 60; size++) {
    assert.is(
      written(size, (writer) => writeStepPoints(writer, column, prefixes)),
      whole,
    );
  }
});

for (const [value, text] of [
  [1e21, "1000000000000000000000"],
  [1e-7, "0.0000001"],
  [-1.25e-9, "-0.00000000125"],
  [1.5e22, "15000000000000000000000"],
  [0.1, "0.1"],
  [-0, "-0"],
  [Number.POSITIVE_INFINITY, "+Inf"],
] as const) {
  writing(`the plain decimal of ${value} is ${text}`, () => assert.is(formatPlainDecimal(value), text));
}

writing.run();
