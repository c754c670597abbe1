import { fraction, lastStartMs, seedOf } from "./signal.ts";

/** A made-up process that is scraped: what its series share. */
export interface SyntheticTarget {
  readonly job: string;
  readonly instance: string;
  readonly seed: number;
  /** Times in Unix ms at which it cannot be scraped, as a predicate. */
  readonly isDown: (timeMs: number) => boolean;
  /** When the process that runs at a time was started; its counters begin at 0 there. */
  readonly startMs: (timeMs: number) => number;
}

export interface TargetOptions {
  readonly job: string;
  readonly instance: string;
  readonly cluster: string;
  /** How long a process of it lives before it is started anew. */
  readonly lifeMs: number;
  /** Fails for a few minutes every few hours. */
  readonly flaky?: boolean;
}

const flakyCycleMs = 3 * 3600_000;
const flakyDownMs = 4 * 60_000;

/** A target whose life is fixed by its names. */
export function createTarget(options: TargetOptions): SyntheticTarget {
  const seed = seedOf(`${options.cluster} ${options.job} ${options.instance}`);
  const phase = fraction(seed, 3) * flakyCycleMs;
  return {
    job: options.job,
    instance: options.instance,
    seed,
    isDown: options.flaky ? (timeMs) => (timeMs + phase) % flakyCycleMs < flakyDownMs : () => false,
    startMs: (timeMs) => lastStartMs(seed, timeMs, options.lifeMs),
  };
}
