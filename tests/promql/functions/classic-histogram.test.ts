import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  bucketFraction,
  bucketQuantile,
  createMending,
  parseBound,
} from "../../../src/promql/functions/classic-histogram.ts";

const test = suite("classic histograms");
const inf = Number.POSITIVE_INFINITY;

function buckets(...pairs: readonly (readonly [number, number])[]) {
  return {
    length: pairs.length,
    bounds: Float64Array.from(pairs, ([bound]) => bound),
    counts: Float64Array.from(pairs, ([, count]) => count),
  };
}

const quantiles: readonly [string, number, readonly (readonly [number, number])[], number][] = [
  [
    "interpolates within a bucket",
    0.5,
    [
      [1, 10],
      [2, 20],
      [inf, 20],
    ],
    1,
  ],
  [
    "starts at zero",
    0.25,
    [
      [1, 10],
      [2, 20],
      [inf, 20],
    ],
    0.5,
  ],
  [
    "ends at the last finite bound",
    0.99,
    [
      [1, 1],
      [2, 2],
      [inf, 100],
    ],
    2,
  ],
  [
    "keeps a first bound that is not positive",
    0.1,
    [
      [-1, 10],
      [2, 20],
      [inf, 20],
    ],
    -1,
  ],
  [
    "knows nothing without +Inf",
    0.5,
    [
      [1, 10],
      [2, 20],
    ],
    Number.NaN,
  ],
  ["knows nothing of +Inf alone", 0.5, [[inf, 20]], Number.NaN],
  [
    "knows nothing of no observation",
    0.5,
    [
      [1, 0],
      [inf, 0],
    ],
    Number.NaN,
  ],
  [
    "is -Inf below 0",
    -1,
    [
      [1, 10],
      [inf, 20],
    ],
    Number.NEGATIVE_INFINITY,
  ],
  [
    "is +Inf above 1",
    1.1,
    [
      [1, 10],
      [inf, 20],
    ],
    inf,
  ],
  [
    "is NaN for NaN",
    Number.NaN,
    [
      [1, 10],
      [inf, 20],
    ],
    Number.NaN,
  ],
  [
    "raises counts that shrink",
    0.5,
    [
      [1, 10],
      [2, 8],
      [3, 20],
      [inf, 20],
    ],
    1,
  ],
  [
    "adds up equal bounds",
    0.5,
    [
      [1, 5],
      [1, 5],
      [2, 20],
      [inf, 20],
    ],
    1,
  ],
  [
    "takes rounding for equal counts",
    0.75,
    [
      [1, 10],
      [2, 10 + 1e-13],
      [4, 20],
      [inf, 20],
    ],
    3,
  ],
];

for (const [name, phi, pairs, want] of quantiles) {
  test(`a quantile ${name}`, () =>
    assert.ok(Object.is(bucketQuantile(phi, buckets(...pairs), createMending()), want)));
}

test("the quantile of negative zero is zero", () => {
  assert.ok(Object.is(bucketQuantile(-0, buckets([1, 10], [inf, 20]), createMending()), 0));
});

test("mending tells which buckets were raised and by how much, rounding aside", () => {
  const mending = createMending();
  const counts = [
    [1, 10],
    [2, 8],
    [3, 9.999],
    [4, 10 - 1e-13],
    [5, 7],
    [inf, 20],
  ] as const;
  bucketQuantile(0.5, buckets(...counts), mending);
  assert.equal(mending, { mended: true, minBucket: 2, maxBucket: 5, maxDiff: 3 });
  bucketQuantile(0.5, buckets([1, 10], [2, 10 - 1e-13], [inf, 20]), mending);
  assert.is(mending.mended, false);
});

const fractions: readonly [string, number, number, readonly (readonly [number, number])[], number][] = [
  [
    "of whole buckets is their share",
    1,
    2,
    [
      [1, 10],
      [2, 30],
      [inf, 40],
    ],
    0.5,
  ],
  [
    "is interpolated",
    0.5,
    1.5,
    [
      [1, 10],
      [2, 30],
      [inf, 40],
    ],
    0.375,
  ],
  [
    "of all is 1",
    Number.NEGATIVE_INFINITY,
    inf,
    [
      [1, 10],
      [inf, 40],
    ],
    1,
  ],
  [
    "of nothing is 0",
    2,
    1,
    [
      [1, 10],
      [inf, 40],
    ],
    0,
  ],
  [
    "takes a first bucket without lower end as a whole",
    -5,
    0,
    [
      [-1, 10],
      [inf, 40],
    ],
    0,
  ],
  [
    "of no observation is unknown",
    0,
    1,
    [
      [1, 0],
      [inf, 0],
    ],
    Number.NaN,
  ],
];

for (const [name, lower, upper, pairs, want] of fractions) {
  test(`a fraction ${name}`, () =>
    assert.ok(Object.is(bucketFraction(lower, upper, buckets(...pairs)), want)));
}

test("bounds are read as Go reads floats", () => {
  assert.is(parseBound("+Inf"), inf);
  assert.is(parseBound("0.5"), 0.5);
  assert.is(parseBound("1e3"), 1000);
  assert.is(parseBound(""), undefined);
  assert.is(parseBound("0x"), undefined);
  assert.is(parseBound(" 1"), undefined);
  assert.is(parseBound("1e999"), undefined);
});

test.run();
