import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createHeaps, growHeaps, offer, ranked } from "../../../src/promql/functions/value-heap.ts";
import { everyCase } from "../../support/every-case.ts";
import { everySeed } from "../../support/seeded-random.ts";

const test = suite("value heaps");

function best(values: readonly number[], limit: number, largest: boolean): number[] {
  const heaps = createHeaps(2, 2, largest);
  values.forEach((value, series) => {
    if ((heaps.sizes[1] as number) >= heaps.room && heaps.room < limit) growHeaps(heaps, limit);
    offer(heaps, 1, limit, { value, series });
  });
  assert.is(heaps.sizes[0], 0, "other steps stay empty");
  return ranked(heaps, 1).map((at) => {
    assert.is(Object.is(heaps.values[at], values[heaps.series[at] as number]), true);
    return heaps.values[at] as number;
  });
}

function sorted(values: readonly number[], limit: number, largest: boolean): number[] {
  const numbers = values.filter((value) => !Number.isNaN(value)).sort((a, b) => (largest ? b - a : a - b));
  const nans = values.filter((value) => Number.isNaN(value));
  return [...numbers, ...nans].slice(0, limit);
}

test("every small sequence leaves its best, NaN last", () => {
  for (const pick of everyCase()) {
    const largest = pick(2) === 0;
    const limit = 1 + pick(3);
    const values = Array.from({ length: pick(6) }, () => [1, 2, 3, Number.NaN][pick(4)] as number);
    assert.equal(best(values, limit, largest), sorted(values, limit, largest), JSON.stringify(values));
  }
});

test("long random sequences leave their best", async () => {
  await everySeed(50, (random) => {
    const values = Array.from({ length: random.below(200) }, () =>
      random.chance(0.1) ? Number.NaN : random.below(50),
    );
    const limit = 1 + random.below(40);
    assert.equal(best(values, limit, true), sorted(values, limit, true));
    assert.equal(best(values, limit, false), sorted(values, limit, false));
  });
});

test("of equal values the first ones stay, as in Go's heap", () => {
  const heaps = createHeaps(1, 2, true);
  for (let series = 0; series < 5; series++) offer(heaps, 0, 2, { value: 7, series });
  assert.equal(
    ranked(heaps, 0).map((at) => heaps.series[at]),
    [0, 1],
  );
});

test.run();
