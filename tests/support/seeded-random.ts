import process from "node:process";

/** A random source that gives the same numbers for the same seed (mulberry32). Print `seed` where a test fails. */
export interface SeededRandom {
  readonly seed: number;
  /** 0 ≤ x < 1. */
  next(): number;
  /** An integer, 0 ≤ x < count. */
  below(count: number): number;
  /** True with this probability. */
  chance(probability: number): boolean;
  oneOf<T>(values: readonly T[]): T;
}

export function createSeededRandom(seed: number): SeededRandom {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  return {
    seed,
    next,
    below: (count) => Math.floor(next() * count),
    chance: (probability) => next() < probability,
    oneOf: (values) => values[Math.floor(next() * values.length)] as (typeof values)[number],
  };
}

/** Runs `body` with `rounds` seeds; an error is thrown on with its seed in front. `SEED` of the environment picks one. */
export async function everySeed(
  rounds: number,
  body: (random: SeededRandom) => void | Promise<void>,
): Promise<void> {
  const only = process.env.SEED;
  const first = only === undefined ? 1 : Number(only);
  for (let seed = first; seed < (only === undefined ? first + rounds : first + 1); seed++) {
    try {
      await body(createSeededRandom(seed));
    } catch (error) {
      if (error instanceof Error) error.message = `SEED=${seed}: ${error.message}`;
      throw error;
    }
  }
}
