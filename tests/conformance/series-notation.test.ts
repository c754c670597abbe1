import { suite } from "uvu";
import * as assert from "uvu/assert";
import { formatLabels } from "../../src/model/labels.ts";
import { describeHistogram } from "./histogram-notation.ts";
import { expandPoints, parseSeriesLine } from "./series-notation.ts";

const test = suite("series notation");

test("points are written out", () => {
  const cases = [
    ["1 2 -3.5 1e3", [1, 2, -3.5, 1000]],
    ["_ _x3 1", ["gap", "gap", "gap", "gap", 1]],
    ["1x2", [1, 1, 1]],
    ["1+2x3", [1, 3, 5, 7]],
    ["1-2x2", [1, -1, -3]],
    ["-1-1x1", [-1, -2]],
    ["stale 1 stalex1", ["stale", 1, "stale", "stale"]],
    ["Inf -Inf +Inf", [Infinity, -Infinity, Infinity]],
    ["5m 1h30m", [300, 5400]],
    ["-30s-1mx1", [-30, -90]],
    ["0x3", [0, 0, 0, 0]],
    ["1e+2x1 1.5e-1", [100, 100, 0.15]],
    ["", []],
  ] as const;
  for (const [text, points] of cases) assert.equal(expandPoints(text), points, text);
  assert.ok(Number.isNaN(expandPoints("NaN")[0]));
  assert.throws(() => expandPoints("1..2"));
});

test("histograms are written out", () => {
  const shown = (text: string) =>
    expandPoints(text).map((point) =>
      typeof point === "object" ? describeHistogram(point.histogram) : point,
    );
  assert.equal(shown("{{schema:1 buckets:[1 2] offset:-3}}x1 3"), [
    "{{schema:1 count:0 sum:0 buckets:[-3=1 -2=2] hint:unknown}}",
    "{{schema:1 count:0 sum:0 buckets:[-3=1 -2=2] hint:unknown}}",
    3,
  ]);
  assert.equal(shown("{{count:1 sum:3}}+{{count:2 sum:1}}x2"), [
    "{{schema:0 count:1 sum:3 hint:unknown}}",
    "{{schema:0 count:3 sum:4 hint:unknown}}",
    "{{schema:0 count:5 sum:5 hint:unknown}}",
  ]);
  assert.equal(
    shown("{{schema:-53 z_bucket:1 custom_values:[1 Inf] n_buckets:[2 ] counter_reset_hint:gauge}}"),
    [
      "{{schema:-53 count:0 sum:0 z_bucket:1 z_bucket_w:0 custom_values:[1 Infinity] n_buckets:[0=2] hint:gauge}}",
    ],
  );
  assert.equal(shown("{{}}"), ["{{schema:0 count:0 sum:0 hint:unknown}}"]);
  assert.throws(() => expandPoints("{{colour:1}}"), /unknown colour/);
  assert.throws(() => expandPoints("{{schema:1}}+{{schema:0}}x1"), /cannot merge from schema 0 to 1/);
});

test("series have names, labels and start times", () => {
  const line = parseSeriesLine("foo:bar{b=\"}\", a='x y'} 1 2");
  assert.is(formatLabels(line.labels), '{__name__="foo:bar", a="x y", b="}"}');
  assert.equal(line.points, [1, 2]);
  assert.not.ok(line.startTimes);
  assert.ok(parseSeriesLine('foo{a="1"}@st _ -30s').startTimes);
  assert.equal(parseSeriesLine("{} 5").labels, []);
  assert.is(formatLabels(parseSeriesLine('{"a.b", c="d"} 5').labels), '{__name__="a.b", c="d"}');
  assert.throws(() => parseSeriesLine("foo{ 1"));
});

test.run();
