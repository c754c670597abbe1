import { suite } from "uvu";
import * as assert from "uvu/assert";
import { rangeFunctions } from "../../../src/promql/functions/range-functions.ts";
import { createWindowCache, type WindowGrid } from "../../../src/promql/functions/windows.ts";
import { everyCase } from "../../support/every-case.ts";
import { naiveRangeFunctions, type Sample } from "../../support/naive-range-functions.ts";
import { everySeed, type SeededRandom } from "../../support/seeded-random.ts";

const test = suite("range functions");

interface Call {
  readonly func: string;
  readonly samples: readonly Sample[];
  readonly grid: WindowGrid;
  readonly params: readonly number[];
}

/** Steps come after window ends by what an offset would be. */
const offsetMs = 7_000;

/** Functions whose sums are taken in another order than upstream's; all others must agree to the last bit. */
const nearly: ReadonlySet<string> = new Set(["sum_over_time", "avg_over_time"]);

function run({ func, samples, grid, params }: Call): (number | undefined)[] {
  const maker = rangeFunctions.get(func);
  assert.ok(maker, func);
  const kernel = maker(
    params.map((param) => new Float64Array(grid.count).fill(param)),
    { startMs: grid.firstEndMs + offsetMs, stepMs: grid.stepMs, count: grid.count },
  );
  // Junk past the end, as lent columns have it.
  const times = Float64Array.from([...samples.map(({ t }) => t), 1, 2, 3]);
  const values = Float64Array.from([...samples.map(({ v }) => v), 4, Number.NaN, 6]);
  const length = samples.length;
  const cache = createWindowCache(grid);
  const out = {
    values: new Float64Array(grid.count).fill(-99),
    present: new Uint8Array(grid.count).fill(1),
  };
  // Another series first: nothing may be left over from it.
  const others = values.map((value, i) => (i % 3 === 0 ? 1e3 * i : -value));
  kernel({ times, values: others, length, windows: cache.windowsOf(times, length) }, out);
  const count = kernel({ times, values, length, windows: cache.windowsOf(times, length) }, out);
  const answers = Array.from(out.values, (value, k) => (out.present[k] === 1 ? value : undefined));
  assert.is(count, answers.filter((value) => value !== undefined).length, `${func} counts what is present`);
  return answers;
}

function expected({ func, samples, grid, params }: Call): (number | undefined)[] {
  const naive = naiveRangeFunctions.get(func);
  assert.ok(naive, func);
  return Array.from({ length: grid.count }, (_, k) => {
    const endMs = grid.firstEndMs + k * grid.stepMs;
    const window = samples.filter(({ t }) => t > endMs - grid.rangeMs && t <= endMs);
    const call = { endMs, rangeMs: grid.rangeMs, evalMs: endMs + offsetMs, params };
    return window.length === 0 ? undefined : naive(window, call);
  });
}

function agree(call: Call): void {
  const answers = run(call);
  const wants = expected(call);
  wants.forEach((want, k) => {
    const got = answers[k];
    const close =
      nearly.has(call.func) &&
      got !== undefined &&
      want !== undefined &&
      Math.abs(got - want) <= 1e-13 * Math.max(Math.abs(got), Math.abs(want));
    // Sorting does not tell 0 from -0.
    const zeros = call.func === "quantile_over_time" && got === 0 && want === 0;
    if (!Object.is(got, want) && !close && !zeros) {
      assert.unreachable(`${call.func} at step ${k}: ${got}, wants ${want}, of ${JSON.stringify(call)}`);
    }
  });
}

for (const func of naiveRangeFunctions.keys()) {
  test(`${func} agrees with a naive model on every small series`, () => {
    const choices = [0, -0, 1, 3, Number.NaN];
    for (const pick of everyCase()) {
      const length = pick(5);
      const samples: Sample[] = [];
      let t = 0;
      for (let i = 0; i < length; i++) {
        t += i === 0 || pick(2) === 0 ? 1000 : 3000;
        samples.push({ t, v: choices[pick(choices.length)] as number });
      }
      const grid = { firstEndMs: 1000, stepMs: 2000, count: 5, rangeMs: 4000 };
      agree({ func, samples, grid, params: [0.4] });
    }
  });

  test(`${func} agrees with a naive model on random series`, async () => {
    await everySeed(60, (random) => {
      const samples = randomSamples(random);
      const grid = {
        firstEndMs: random.below(200) * 1000,
        stepMs: random.oneOf([0, 1000, 15_000, 60_000, 400_000]),
        count: 1 + random.below(40),
        rangeMs: random.oneOf([1, 1000, 30_000, 61_500, 300_000, 3_000_000]),
      };
      agree({ func, samples, grid, params: [random.oneOf([0, 0.5, 0.9, 1, -1, 2, Number.NaN, 600])] });
    });
  });
}

const oddities = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e308, -1e308, 5e-324];

function randomSamples(random: SeededRandom): Sample[] {
  const strange = random.chance(0.3);
  const samples: Sample[] = [];
  let t = random.below(100_000);
  let v = random.below(100);
  const length = random.below(200);
  for (let i = 0; i < length; i++) {
    t += random.chance(0.05) ? 1 + random.below(600_000) : 14_000 + random.below(2000);
    v = random.chance(0.1) ? random.below(3) : v + random.next() * 10;
    samples.push({ t, v: strange && random.chance(0.05) ? random.oneOf(oddities) : v });
  }
  return samples;
}

test("a sliding sum does not drift after huge values have left", () => {
  const samples: Sample[] = [1e200, -3e180, 1e16, 1, 0.1, 0.2, 0.3, 0.4].map((v, i) => ({ t: i * 1000, v }));
  const grid = { firstEndMs: 0, stepMs: 1000, count: 8, rangeMs: 3000 };
  const sums = run({ func: "sum_over_time", samples, grid, params: [] });
  assert.is(sums[5], 1.3);
  assert.is(sums[7], 0.9);
});

test("a sliding sum keeps what small values add beside huge ones of both signs", () => {
  const values = [5.3, 1e100, 1, -1e100, 2, 1e50, -1e50];
  const samples: Sample[] = values.map((v, i) => ({ t: i * 1000, v }));
  for (const firstEndMs of [0, 1000, 2000, 3000]) {
    const grid = { firstEndMs, stepMs: 1000, count: 10, rangeMs: 7000 };
    for (const func of ["sum_over_time", "avg_over_time"]) agree({ func, samples, grid, params: [] });
  }
});

test("a rate that would start below zero is not extrapolated past zero", () => {
  const samples = [5, 105, 205].map((v, i) => ({ t: 20_000 + i * 20_000, v }));
  const grid = { firstEndMs: 60_000, stepMs: 0, count: 1, rangeMs: 60_000 };
  const [rate] = run({ func: "rate", samples, grid, params: [] });
  assert.is(rate, 200 * ((40 + 40 * (5 / 200) + 0) / 40 / 60));
});

test("windows are recognised by their times, not by where these lie in memory", () => {
  const cache = createWindowCache({ firstEndMs: 2000, stepMs: 1000, count: 3, rangeMs: 2000 });
  const first = cache.windowsOf(Float64Array.of(1000, 2000, 3000), 3);
  assert.is(cache.windowsOf(Float64Array.of(1000, 2000, 3000, 9), 3), first);
  const other = cache.windowsOf(Float64Array.of(1000, 2500, 3500), 3);
  assert.is.not(other, first);
  assert.equal([...other.lo], [0, 1, 1]);
  assert.equal([...other.hi], [1, 2, 3]);
  assert.is(cache.windowsOf(Float64Array.of(1000, 2000, 3000), 3), first);
  assert.is.not(cache.windowsOf(Float64Array.of(1000, 2000), 2), first);
});

test.run();
