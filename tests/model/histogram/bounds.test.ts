import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  coarserIndex,
  exponentialBound,
  lowerBound,
  upperBound,
} from "../../../src/model/histogram/bounds.ts";
import { exponentialBounds } from "../../../src/model/histogram/exponential-bounds.ts";
import { histogramOf } from "../../support/histograms.ts";

const test = suite("bucket bounds");

test("schemas have the bounds that upstream lists", () => {
  const known: [schema: number, index: number, bound: number][] = [
    [-1, -1, 0.25],
    [-1, 0, 1],
    [-1, 1, 4],
    [-4, 1, 65536],
    [-4, -1, 1 / 65536],
    [0, -1, 0.5],
    [0, 0, 1],
    [0, 1, 2],
    [2, -1, 0.8408964152537144],
    [2, 0, 1],
    [2, 1, 1.189207115002721],
    [8, 1, 1.0027112750502025],
    [8, 256, 2],
    [3, -8, 0.5],
  ];
  for (const [schema, index, bound] of known) assert.is(exponentialBound(schema, index), bound);
});

test("the last bucket of finite numbers ends at the largest of them, the next one at infinity", () => {
  for (let schema = -4; schema <= 8; schema++) {
    const last = 1024 * 2 ** schema;
    assert.is(exponentialBound(schema, last), Number.MAX_VALUE, `schema ${schema}`);
    assert.is(exponentialBound(schema, last + 1), Number.POSITIVE_INFINITY);
    assert.ok(exponentialBound(schema, last - 1) < Number.MAX_VALUE);
  }
});

test("bounds below the normal numbers are rounded once, and then zero", () => {
  assert.is(exponentialBound(0, -1074), Number.MIN_VALUE);
  assert.is(exponentialBound(0, -1075), 0);
  assert.is(exponentialBound(1, -2147), Number.MIN_VALUE);
  assert.is(exponentialBound(1, -2149), Number.MIN_VALUE);
  assert.is(exponentialBound(1, -2150), 0);
  assert.is(exponentialBound(-2, -300), 0);
  assert.is(exponentialBound(1, 2 * -1030 + 1), 0.7071067811865475 * 2 ** -1029);
});

test("bounds grow with the index, and a coarser schema has some of the finer one's", () => {
  for (let schema = -3; schema <= 8; schema++) {
    const most = Math.min(600, 1020 * 2 ** (schema - 1));
    for (let index = -most; index < most; index++) {
      assert.ok(exponentialBound(schema, index) < exponentialBound(schema, index + 1));
      assert.is(exponentialBound(schema - 1, index), exponentialBound(schema, 2 * index));
    }
  }
});

test("the table has a bound for each of the 256 buckets, within a few roundings of the power", () => {
  assert.is(exponentialBounds.length, 256);
  for (let i = 0; i < 256; i++) {
    const power = 0.5 * 2 ** (i / 256);
    assert.ok(Math.abs((exponentialBounds[i] as number) - power) < 2 ** -50, `${i}`);
  }
});

test("a bucket lies in the coarser bucket that it is told to lie in", () => {
  for (let from = -3; from <= 8; from++) {
    for (let to = -4; to < from; to++) {
      for (let index = -70; index <= 70; index++) {
        const coarse = coarserIndex(index, from, to);
        assert.ok(exponentialBound(to, coarse - 1) <= exponentialBound(from, index - 1));
        assert.ok(exponentialBound(to, coarse) >= exponentialBound(from, index));
      }
    }
  }
});

test("schemas past those that are computed with can be left for one of them", () => {
  assert.is(coarserIndex(5 * 2 ** 22 + 1, 30, 8), 6);
  assert.is(coarserIndex(1, 52, -4), 1);
  assert.is(coarserIndex(0, 52, -4), 0);
  assert.is(coarserIndex(-2_000_000_000, 52, 8), 0);
});

test("custom buckets end at their bounds, the first begins nowhere and the last ends nowhere", () => {
  const { layout } = histogramOf({ customValues: [-1, 0, 2.5] });
  assert.equal(
    [0, 1, 2, 3].map((index) => [lowerBound(layout, index), upperBound(layout, index)]),
    [
      [Number.NEGATIVE_INFINITY, -1],
      [-1, 0],
      [0, 2.5],
      [2.5, Number.POSITIVE_INFINITY],
    ],
  );
  const { layout: boundless } = histogramOf({ customValues: [] });
  assert.is(lowerBound(boundless, 0), Number.NEGATIVE_INFINITY);
  assert.is(upperBound(boundless, 0), Number.POSITIVE_INFINITY);
});

test.run();
