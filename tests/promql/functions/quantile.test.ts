import { suite } from "uvu";
import * as assert from "uvu/assert";
import { quantileOf } from "../../../src/promql/functions/quantile.ts";
import { everyCase } from "../../support/every-case.ts";
import { naiveQuantile } from "../../support/naive-range-functions.ts";
import { everySeed } from "../../support/seeded-random.ts";

const test = suite("quantiles");

function agree(phi: number, values: readonly number[]): void {
  // Junk past the end, as scratch memory has it.
  const got = quantileOf(phi, Float64Array.from([...values, -1e9, Number.NaN]), values.length);
  const want = naiveQuantile(phi, values);
  if (!Object.is(got, want) && !(got === 0 && want === 0)) {
    assert.unreachable(`${phi} of ${JSON.stringify(values)}: ${got}, wants ${want}`);
  }
}

test("of every small set agree with a naive model", () => {
  const choices = [1, 2, 3, Number.NaN, Number.POSITIVE_INFINITY];
  const phis = [0, 0.3, 0.5, 0.99, 1, -0.1, 1.1, Number.NaN];
  for (const pick of everyCase()) {
    const values = Array.from({ length: pick(6) }, () => choices[pick(choices.length)] as number);
    agree(phis[pick(phis.length)] as number, values);
  }
});

test("of large random sets agree with a naive model", async () => {
  await everySeed(100, (random) => {
    const range = random.oneOf([2, 10, 1e6]);
    const nans = random.chance(0.2) ? 0.1 : 0;
    const values = Array.from({ length: random.below(500) }, () =>
      random.chance(nans) ? Number.NaN : random.below(range),
    );
    if (random.chance(0.2)) values.sort((a, b) => a - b);
    agree(random.next(), values);
  });
});

test.run();
