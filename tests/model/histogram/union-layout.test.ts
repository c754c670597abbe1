import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { HistogramLayout } from "../../../src/model/histogram/histogram.ts";
import { clearOfZeroBucket, unionOf } from "../../../src/model/histogram/union-layout.ts";
import { everyCase, type Pick } from "../../support/every-case.ts";
import { histogramOf } from "../../support/histograms.ts";

const test = suite("unions of layouts");

function layoutWith(
  positive: readonly number[],
  negative: readonly number[] = [],
  zeroThreshold = 0,
): HistogramLayout {
  const counts = (indexes: readonly number[]) => Object.fromEntries(indexes.map((index) => [index, 1]));
  return histogramOf({ positive: counts(positive), negative: counts(negative), zeroThreshold }).layout;
}

test("the same two layouts have one union", () => {
  const a = layoutWith([1, 3]);
  const b = layoutWith([2, 3]);
  const union = unionOf(a, b);
  assert.is(unionOf(a, b), union);
  assert.equal([...union.layout.positive], [1, 2, 3]);
  assert.equal([...union.firstPlaces], [0, 2]);
  assert.equal([...union.secondPlaces], [1, 2]);
  assert.equal([...union.isNew], [1, 0]);
});

test("a layout that has all buckets is the union, and equal unions are one", () => {
  const wide = layoutWith([1, 2, 3], [1]);
  const narrow = layoutWith([2]);
  assert.is(unionOf(wide, narrow).layout, wide);
  assert.is(unionOf(narrow, wide).layout, wide);
  const first = unionOf(layoutWith([1]), layoutWith([9])).layout;
  assert.is(unionOf(layoutWith([9]), layoutWith([1])).layout, first);
});

test("many unions later the answer is still right", () => {
  const a = layoutWith([1]);
  const b = layoutWith([2]);
  const before = unionOf(a, b).layout;
  for (let i = 3; i < 60; i++) assert.equal([...unionOf(a, layoutWith([i])).layout.positive], [1, i]);
  assert.equal([...unionOf(a, b).layout.positive], [...before.positive]);
});

test("buckets of the second that end inside the zero bucket are left out", () => {
  const union = unionOf(layoutWith([-2, 1], [], 0.5), layoutWith([-3, -1, 0, 1], [-1]));
  assert.equal([...union.layout.positive], [-2, 0, 1]);
  assert.equal([...union.layout.negative], []);
  assert.equal([...union.firstPlaces], [0, 2]);
  assert.equal([...union.secondPlaces], [-1, -1, 1, 2, -1]);
  assert.is(union.layout.zeroThreshold, 0.5);
});

test("a layout is clear of its zero bucket where no bucket ends inside it", () => {
  assert.ok(clearOfZeroBucket(layoutWith([0, 1], [5], 0.5)));
  assert.not(clearOfZeroBucket(layoutWith([-1, 1], [], 0.5)));
  assert.not(clearOfZeroBucket(layoutWith([1], [-1], 0.5)));
  assert.ok(clearOfZeroBucket(layoutWith([], [], 0.5)));
  assert.not(clearOfZeroBucket(layoutWith([-2000])), "its bound is zero");
});

function smallLayout(pick: Pick): HistogramLayout {
  return layoutWith(
    [0, 1, 2].filter(() => pick(2) === 1),
    [1, 2].filter(() => pick(2) === 1),
  );
}

test("every two small layouts: each bucket has its place", () => {
  const layouts = Array.from(everyCase(), smallLayout);
  for (const first of layouts) {
    for (const second of layouts) {
      const { layout, firstPlaces, secondPlaces, isNew } = unionOf(first, second);
      const names = namesOf(layout);
      assert.equal(names, [...new Set(names)].sort());
      assert.equal(
        [...firstPlaces].map((place) => names[place]),
        namesOf(first),
      );
      assert.equal(
        [...secondPlaces].map((place) => names[place]),
        namesOf(second),
      );
      assert.is(names.length, new Set([...namesOf(first), ...namesOf(second)]).size);
      assert.equal(
        [...isNew].map(Boolean),
        namesOf(second).map((name) => !namesOf(first).includes(name)),
      );
    }
  }
});

/** `+1` for the positive bucket 1, `-1` for the negative one. */
function namesOf({ positive, negative }: HistogramLayout): string[] {
  return [...[...positive].map((index) => `+${index}`), ...[...negative].map((index) => `-${index}`)];
}

test.run();
