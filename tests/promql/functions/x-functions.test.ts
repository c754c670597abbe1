import { suite } from "uvu";
import * as assert from "uvu/assert";
import { findWindows } from "../../../src/promql/functions/windows.ts";
import { createXFunction, xLookbackMs } from "../../../src/promql/functions/x-functions.ts";
import { everySeed } from "../../support/seeded-random.ts";

const test = suite("x-functions");

type Func = Parameters<typeof createXFunction>[0];

interface Sample {
  readonly t: number;
  readonly v: number;
}

interface Call {
  readonly func: Func;
  readonly rangeMs: number;
  readonly firstEndMs: number;
  readonly stepMs: number;
  readonly count: number;
  readonly samples: readonly Sample[];
}

function run({ func, rangeMs, firstEndMs, stepMs, count, samples }: Call): (number | undefined)[] {
  // Junk past the end, as lent columns have it.
  const times = Float64Array.from([...samples.map(({ t }) => t), 5, 6]);
  const values = Float64Array.from([...samples.map(({ v }) => v), Number.NaN, 7]);
  const grid = { firstEndMs, stepMs, count, rangeMs: rangeMs + xLookbackMs };
  const kernel = createXFunction(func, rangeMs);
  const windows = findWindows(grid, times, samples.length);
  const out = { values: new Float64Array(count), present: new Uint8Array(count).fill(1) };
  kernel({ times, values: values.map((v) => -v), length: samples.length, windows }, out);
  const found = kernel({ times, values, length: samples.length, windows }, out);
  const answers = Array.from(out.values, (value, k) => (out.present[k] === 1 ? value : undefined));
  assert.is(found, answers.filter((value) => value !== undefined).length);
  return answers;
}

/** Every `stepMs` a value, from 0 on. */
function every(stepMs: number, values: readonly (number | undefined)[]): readonly Sample[] {
  return values.flatMap((v, i) => (v === undefined ? [] : [{ t: i * stepMs, v }]));
}

const foo = every(5_000, [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100]);
const bar = every(5_000, [0, 10, 20, 30, 40, 50, 0, 10, 20, 30, 40]);
const gauge = every(300_000, [0, 50, 300, 150, 200]);
const flat = every(30_000, [0, 0, 0, 0, 1, 1, 1, 1]);

/** Answers that thanos-io/promql-engine's own tests ask for. */
const known: readonly (readonly [Func, readonly Sample[], number, number, number])[] = [
  ["xincrease", foo, 50_000, 50_000, 100],
  ["xincrease", bar, 50_000, 50_000, 90],
  ["xincrease", foo, 5_000, 50_000, 10],
  ["xincrease", bar, 10_000, 50_000, 20],
  ["xincrease", foo, 3_000, 50_000, 10],
  ["xincrease", bar, 5_000, 17_000, 10],
  ["xincrease", foo, 10_000, 17_000, 20],
  ["xrate", foo, 50_000, 50_000, 2],
  ["xrate", bar, 50_000, 50_000, 1.8],
  ["xrate", bar, 100_000, 50_000, 0.9],
  ["xrate", foo, 5_000, 50_000, 2],
  ["xrate", bar, 3_000, 50_000, 2],
  ["xincrease", [{ t: 900_000, v: 5 }], 4_500_000, 4_500_000, 5],
  ["xincrease", every(300_000, [0, 1, 2, 3, 2, 3, 4]), 1_800_000, 1_800_000, 7],
  ["xdelta", gauge, 1_200_000, 1_200_000, 200],
  ["xdelta", gauge, 1_140_000, 1_200_000, 190],
  ["xdelta", gauge, 60_000, 1_200_000, 10],
  ["xincrease", flat, 121_000, 240_000, 1],
  ["xincrease", flat, 120_000, 240_000, 0],
];

for (const [func, samples, rangeMs, firstEndMs, wants] of known) {
  test(`${func} over ${rangeMs / 1000}s at ${firstEndMs / 1000}s is ${wants} as upstream's tests have it`, () => {
    const [got] = run({ func, rangeMs, firstEndMs, stepMs: 1, count: 1, samples });
    assert.ok(got !== undefined && Math.abs(got - wants) < 1e-9, `got ${got}`);
  });
}

test("xincrease over steps answers as upstream's tests have it", () => {
  const samples = every(10_000, [1, 5, 10, 20, undefined, 40]);
  const call = { func: "xincrease", firstEndMs: 0, samples } as const;
  assert.equal(run({ ...call, rangeMs: 10_000, stepMs: 20_000, count: 4 }), [1, 9, 0, 0]);
  assert.equal(run({ ...call, rangeMs: 10_000, stepMs: 10_000, count: 7 }), [1, 4, 5, 10, 0, 20, 0]);
  assert.equal(run({ ...call, rangeMs: 20_000, stepMs: 10_000, count: 7 }), [1, 4, 9, 15, 10, 20, 20]);
});

/** The ring buffer that upstream moves over a series, step by step, and its extendedRate over what is in there. */
function naive({ func, rangeMs, firstEndMs, stepMs, count, samples }: Call): (number | undefined)[] {
  const unread = samples.filter(({ t }) => t > firstEndMs - rangeMs - xLookbackMs);
  const appearedMs = unread[0]?.t ?? 0;
  let buffer: Sample[] = [];
  let ahead: Sample | undefined;
  return Array.from({ length: count }, (_, k) => {
    const maxt = firstEndMs + k * stepMs;
    const mint = maxt - rangeMs;
    const before = buffer.filter(({ t }) => t <= mint && t > mint - xLookbackMs).slice(-1);
    buffer = [...before, ...buffer.filter(({ t }) => t > mint)];
    if (ahead === undefined || ahead.t <= maxt) {
      if (ahead !== undefined && ahead.t > mint) buffer.push(ahead);
      ahead = undefined;
      while (unread.length > 0 && ahead === undefined) {
        const sample = unread.shift() as Sample;
        if (sample.t > maxt) ahead = sample;
        else if (sample.t > mint || buffer.length === 0) buffer.push(sample);
        else buffer[buffer.length - 1] = sample;
      }
    }
    return extendedRate(buffer, { func, rangeMs, endMs: maxt, appearedMs });
  });
}

function extendedRate(
  window: readonly Sample[],
  at: { func: Func; rangeMs: number; endMs: number; appearedMs: number },
): number | undefined {
  const [one] = window;
  if (one === undefined) return undefined;
  const { func, rangeMs, endMs } = at;
  const startMs = endMs - rangeMs;
  const isIncrease = func === "xincrease";
  if (isIncrease && window.every(({ v }) => v === one.v) && endMs <= rangeMs + at.appearedMs) return one.v;
  let counted = window;
  const last = window[window.length - 1] as Sample;
  const averageOf = (list: readonly Sample[]) => (last.t - (list[0] as Sample).t) / (list.length - 1);
  if (!isIncrease && startMs - one.t > averageOf(window)) {
    if (window.length < 3) return 0;
    counted = window.slice(1);
  }
  const first = counted[0] as Sample;
  let lost = 0;
  let previous = 0;
  for (const { v } of counted) {
    if (v < previous) lost += previous;
    previous = v;
  }
  let result = last.v - first.v + (func === "xdelta" ? 0 : lost);
  if (!isIncrease && first.t <= startMs && endMs - last.t < averageOf(counted)) {
    result *= Math.trunc(rangeMs / 1000) / ((last.t - first.t) / 1000);
  }
  return func === "xrate" ? result / Math.trunc(rangeMs / 1000) : result;
}

test("they agree with upstream's buffer, moved step by step, on random series", async () => {
  await everySeed(2_000, (random) => {
    let t = 1_000_000 * random.below(8);
    const gaps = random.oneOf([[15_000], [15_000, 60_000], [15_000, 1_500_000, 3_700_000], [700_000]]);
    const samples = Array.from({ length: random.below(30) }, () => {
      t += random.oneOf(gaps) + random.below(3);
      return { t, v: random.oneOf([0, 1, 1, 5, 7, 100 * random.next()]) };
    });
    const call: Call = {
      func: random.oneOf(["xrate", "xincrease", "xdelta"]),
      rangeMs: random.oneOf([15_000, 61_000, 300_000, 2_500]),
      firstEndMs: 1_000_000 * random.below(8) + 15_000 * random.below(40),
      stepMs: random.oneOf([15_000, 60_000, 600_000]),
      count: 1 + random.below(20),
      samples,
    };
    const got = run(call);
    naive(call).forEach((want, k) => {
      if (!Object.is(got[k], want)) {
        assert.unreachable(`step ${k}: ${got[k]}, wants ${want}, of ${JSON.stringify(call)}`);
      }
    });
  });
});

test.run();
