import { suite } from "uvu";
import * as assert from "uvu/assert";
import { foldedAggregates } from "../../../src/promql/functions/accumulators.ts";
import type { AggregateOp } from "../../../src/promql/syntax/ast.ts";
import { everyCase } from "../../support/every-case.ts";
import { average } from "../../support/naive-range-functions.ts";
import { everySeed } from "../../support/seeded-random.ts";

const test = suite("aggregations");

type Naive = (values: readonly number[]) => number;

const naive: Readonly<Record<string, Naive>> = {
  sum: (values) => {
    const [first, ...rest] = values as [number, ...number[]];
    return rest.length === 0 ? first : seededSum(first, rest);
  },
  avg: average,
  count: (values) => values.length,
  group: () => 1,
  min: (values) => values.reduce((best, v) => (v < best || Number.isNaN(best) ? v : best)),
  max: (values) => values.reduce((best, v) => (v > best || Number.isNaN(best) ? v : best)),
  stddev: (values) => Math.sqrt(variance(values)),
  stdvar: variance,
};

function seededSum(first: number, rest: readonly number[]): number {
  let sum = first;
  let lost = 0;
  for (const value of rest) {
    const total = sum + value;
    if (Math.abs(total) === Number.POSITIVE_INFINITY) lost = 0;
    else lost += Math.abs(sum) >= Math.abs(value) ? sum - total + value : value - total + sum;
    sum = total;
  }
  return sum + lost;
}

function variance(values: readonly number[]): number {
  let mean = values[0] as number;
  let squares = Number.isFinite(mean) ? 0 : Number.NaN;
  values.forEach((value, i) => {
    if (i === 0) return;
    const delta = value - mean;
    mean += delta / (i + 1);
    squares += delta * (value - mean);
  });
  return squares / values.length;
}

/** `undefined` is a step where the series has nothing. */
type Row = readonly (number | undefined)[];

function agree(op: string, rows: readonly Row[], steps: number): void {
  const create = foldedAggregates.get(op as AggregateOp);
  assert.ok(create);
  const accumulator = create(steps);
  for (const row of rows) {
    const values = Float64Array.from(row, (value) => value ?? Number.NaN);
    const present = Uint8Array.from(row, (value) => (value === undefined ? 0 : 1));
    accumulator.add(values, present, !present.includes(0));
    values.fill(-7); // Lent: nothing may be kept.
    present.fill(1);
  }
  const { values, present, count } = accumulator.finish();
  let there = 0;
  for (let k = 0; k < steps; k++) {
    const column = rows.map((row) => row[k]).filter((value) => value !== undefined);
    const want = column.length === 0 ? undefined : (naive[op] as Naive)(column);
    const got = present[k] === 1 ? values[k] : undefined;
    if (got !== undefined) there++;
    if (!Object.is(got, want) && !(got === 0 && want === 0)) {
      assert.unreachable(`${op} at step ${k}: ${got}, wants ${want}, of ${JSON.stringify(column)}`);
    }
  }
  assert.is(count, there);
}

const small = [
  undefined,
  1,
  0.1,
  -3e200,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  1.7e308,
];

for (const op of Object.keys(naive)) {
  test(`${op} agrees with a naive model on every group of up to four values`, () => {
    for (const pick of everyCase()) {
      const length = 1 + pick(4);
      const rows = Array.from({ length }, () => [small[pick(small.length)]]);
      agree(op, rows, 1);
    }
  });

  test(`${op} agrees with a naive model on random series`, async () => {
    await everySeed(40, (random) => {
      const steps = 1 + random.below(50);
      const gaps = random.chance(0.5);
      const rows = Array.from({ length: random.below(20) }, () =>
        Array.from({ length: steps }, () => {
          if (gaps && random.chance(0.2)) return undefined;
          return random.chance(0.02) ? random.oneOf(small) : (random.next() - 0.5) * 10 ** random.below(20);
        }),
      );
      agree(op, rows, steps);
    });
  });
}

test.run();
