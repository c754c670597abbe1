import { suite } from "uvu";
import * as assert from "uvu/assert";
import { addTo, combined, subtractFrom } from "../../../src/model/histogram/combine.ts";
import { sharedBounds } from "../../../src/model/histogram/combine-custom.ts";
import { compact } from "../../../src/model/histogram/compact.ts";
import { detectReset } from "../../../src/model/histogram/detect-reset.ts";
import { copyHistogram, createHistogram, type Histogram } from "../../../src/model/histogram/histogram.ts";
import { everyCase, type Pick } from "../../support/every-case.ts";
import { histogramOf, toPlain } from "../../support/histograms.ts";

const test = suite("custom buckets with other bounds");

test("shared bounds are those in both lists, and one of the lists where that has no others", () => {
  const a = Float64Array.of(1, 2, 3);
  const b = Float64Array.of(2, 3, 4);
  const c = Float64Array.of(2, 3);
  assert.equal([...sharedBounds(a, b)], [2, 3]);
  assert.is(sharedBounds(a, b), sharedBounds(a, b));
  assert.is(sharedBounds(a, c), c);
  assert.is(sharedBounds(c, a), c);
  assert.equal([...sharedBounds(a, Float64Array.of(5))], []);
  assert.equal([...sharedBounds(a, new Float64Array(0))], []);
});

const infinity = Number.POSITIVE_INFINITY;

function smallHistogram(pick: Pick, weight: number): Histogram {
  const customValues = [1, 2, 3].filter(() => pick(2) === 1);
  const counts = [...customValues, infinity].flatMap((_, i) =>
    pick(2) === 1 ? [[i, weight * 2 ** i] as const] : [],
  );
  return histogramOf({ customValues, positive: Object.fromEntries(counts), count: 99 });
}

/** Counts by upper bound. */
function byBound({ layout, buckets, at }: Histogram): Map<number, number> {
  return new Map(
    [...layout.positive].map((index, i) => [layout.customValues[index] ?? infinity, buckets[at + i] ?? 0]),
  );
}

function merged(histogram: Histogram, bounds: readonly number[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const [upper, count] of byBound(histogram)) {
    const bound = bounds.find((shared) => shared >= upper) ?? infinity;
    counts.set(bound, (counts.get(bound) ?? 0) + count);
  }
  return counts;
}

test("every two small histograms meet in their shared buckets, and are compared there", () => {
  const ones = Array.from(everyCase(), (pick) => smallHistogram(pick, 1));
  const others = Array.from(everyCase(), (pick) => smallHistogram(pick, 3));
  let mismatches = 0;
  for (const one of ones) {
    for (const other of others) {
      const bounds = [...one.layout.customValues].filter((bound) =>
        other.layout.customValues.includes(bound),
      );
      const isMismatch =
        bounds.length < Math.max(one.layout.customValues.length, other.layout.customValues.length);
      if (isMismatch) mismatches++;
      const [first, second] = [merged(one, bounds), merged(other, bounds)];
      for (const [operation, sign] of [
        [addTo, 1],
        [subtractFrom, -1],
      ] as const) {
        const into = createHistogram();
        copyHistogram(one, into);
        assert.is(operation(into, other), isMismatch ? combined.customMismatch : 0);
        compact(into);
        const sums = [...bounds, infinity]
          .map((bound) => [bound, (first.get(bound) ?? 0) + sign * (second.get(bound) ?? 0)] as const)
          .filter(([, count]) => count !== 0);
        assert.equal([...byBound(into)], sums);
        assert.equal([...into.layout.customValues], bounds);
      }
      const isLess = [...second].some(([bound, count]) => (first.get(bound) ?? 0) < count);
      assert.is(detectReset(one, other), isLess, JSON.stringify([toPlain(one), toPlain(other)]));
    }
  }
  assert.is(ones.length * others.length, 54 * 54);
  assert.ok(mismatches > 2000);
});

test.run();
