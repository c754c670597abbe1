import { suite } from "uvu";
import * as assert from "uvu/assert";
import { writeMixedPoint, writeMixedPoints } from "../../../src/http/json/histogram-points.ts";
import { JsonWriter } from "../../../src/http/json/json-writer.ts";
import { createHistogram, customSchema, type Histogram } from "../../../src/model/histogram/histogram.ts";
import { HistogramColumn } from "../../../src/model/histogram/histogram-column.ts";
import type { ResultColumn } from "../../../src/promql/engine.ts";

const points = suite("points of histograms");

const grid = { startMs: 1000, stepMs: 500, count: 8 };

function columnOf(entries: readonly (number | Histogram | undefined)[], timesMs?: number[]): ResultColumn {
  const histograms = new HistogramColumn();
  entries.forEach((entry, i) => {
    if (typeof entry === "object") histograms.set(i, entry);
  });
  return {
    labels: { get: () => "", all: () => [] },
    length: entries.length,
    values: Float64Array.from([...entries.map((entry) => (typeof entry === "number" ? entry : 77)), 99]),
    present: entries.includes(undefined)
      ? Uint8Array.from([...entries.map((entry) => (entry === undefined ? 0 : 1)), 1])
      : undefined,
    histograms,
    timesMs: timesMs === undefined ? undefined : Float64Array.from(timesMs),
  };
}

/** In chunks of `size` bytes, so that every place where one can end is met. */
function textOf(write: (writer: JsonWriter) => void, size: number): string {
  let text = "";
  const keep = (chunk: Uint8Array, length: number) => {
    text += new TextDecoder().decode(chunk.subarray(0, length));
    return new Uint8Array(size);
  };
  const writer = new JsonWriter(new Uint8Array(size), keep);
  write(writer);
  writer.flush();
  return text;
}

function check(column: ResultColumn, wanted: string): void {
  for (const size of [128, 131, 200, 4096])
    assert.is(
      textOf((writer) => writeMixedPoints(writer, { column, grid }), size),
      wanted,
    );
}

const whole: Histogram = {
  ...createHistogram(),
  layout: {
    schema: 0,
    zeroThreshold: 0.001,
    positive: Int32Array.of(0, 1, 3),
    negative: Int32Array.of(0, 2),
    customValues: new Float64Array(0),
  },
  count: 21.5,
  sum: -1e-7,
  zeroCount: 2,
  buckets: Float64Array.of(3, 0, 5, 7, 4.5),
};
const wholeText =
  '{"count":"21.5","sum":"-1e-07","buckets":[[1,"-4","-2","4.5"],[1,"-1","-0.5","7"],[3,"-0.001","0.001","2"],' +
  '[0,"0.5","1","3"],[0,"4","8","5"]]}';

points("have the buckets that are not empty, from the lowest on, and say which bounds belong to them", () => {
  check(columnOf([whole]), `,"histograms":[[1,${wholeText}]]`);
});

points("of custom buckets reach from −Inf to +Inf", () => {
  const custom = {
    ...createHistogram(),
    layout: {
      schema: customSchema,
      zeroThreshold: 0,
      positive: Int32Array.of(0, 1, 2),
      negative: new Int32Array(0),
      customValues: Float64Array.of(0.5, 2),
    },
    count: 6,
    sum: Number.NaN,
    buckets: Float64Array.of(1, 2, 3),
  };
  check(
    columnOf([custom]),
    ',"histograms":[[1,{"count":"6","sum":"NaN","buckets":[[3,"-Inf","0.5","1"],[0,"0.5","2","2"],[0,"2","+Inf","3"]]}]]',
  );
});

points("without observations have no buckets", () => {
  check(columnOf([createHistogram()]), ',"histograms":[[1,{"count":"0","sum":"0"}]]');
  const empty = { ...whole, zeroCount: 0, buckets: new Float64Array(5) };
  check(columnOf([empty]), ',"histograms":[[1,{"count":"21.5","sum":"-1e-07"}]]');
});

points("of a mixed series stand apart from its floats, and steps without a sample are left out", () => {
  const empty = '{"count":"0","sum":"0"}';
  check(
    columnOf([undefined, 1.5, createHistogram(), undefined, 2, whole]),
    `,"values":[[1.500,"1.5"],[3,"2"]],"histograms":[[2,${empty}],[3.500,${wholeText}]]`,
  );
  check(columnOf([undefined, 3]), ',"values":[[1.500,"3"]]');
  check(columnOf([undefined]), "");
});

points("bring their own times where the column has some", () => {
  check(
    columnOf([createHistogram(), 4], [7001, -8000]),
    ',"values":[[-8,"4"]],"histograms":[[7.001,{"count":"0","sum":"0"}]]',
  );
});

points("of an instant are one value or one histogram", () => {
  const one = (column: ResultColumn) => textOf((writer) => writeMixedPoint(writer, { column, grid }), 4096);
  assert.is(one(columnOf([3])), ',"value":[1,"3"]');
  assert.is(one({ ...columnOf([3]), histograms: undefined }), ',"value":[1,"3"]');
  assert.is(one(columnOf([whole])), `,"histogram":[1,${wholeText}]`);
  assert.is(one(columnOf([whole], [2500])), `,"histogram":[2.500,${wholeText}]`);
});

points.run();
