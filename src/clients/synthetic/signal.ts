/**
 * Curves for made-up metrics, each a pure function of a seed and a time, so that nothing needs to be kept:
 * the same series asked twice, or over two ranges, gives the same samples.
 */

const dayMs = 24 * 3600_000;

/** A well mixed 32-bit hash of two integers, as a fraction in [0, 1). */
export function fraction(seed: number, index: number): number {
  let h = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(index | 0, 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return ((h ^ (h >>> 16)) >>> 0) / 0x1_0000_0000;
}

/** A seed made of text: FNV-1a. */
export function seedOf(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

/** Smooth noise in [-1, 1] that takes a new direction every `spacingMs`. Its slope is at most 3 / spacingMs. */
export function smoothNoise(seed: number, timeMs: number, spacingMs: number): number {
  const cell = Math.floor(timeMs / spacingMs);
  const x = timeMs / spacingMs - cell;
  const from = fraction(seed, cell) * 2 - 1;
  const to = fraction(seed, cell + 1) * 2 - 1;
  return from + (to - from) * x * x * (3 - 2 * x);
}

/** A wave over the day in [-1, 1], low at night, and some unrest of an hour and of three minutes. */
export function dailySignal(seed: number, timeMs: number): number {
  const day = -Math.cos((2 * Math.PI * timeMs) / dayMs);
  return (
    0.6 * day + 0.28 * smoothNoise(seed, timeMs, 3600_000) + 0.12 * smoothNoise(seed + 1, timeMs, 180_000)
  );
}

/**
 * Seconds of work done since the epoch by something that is busier by day: grows all the time, by 0.15 … 1.85 a second.
 * The sum of a line, the integral of a daily wave and noise whose slope stays below what is left.
 */
export function workSeconds(seed: number, timeMs: number): number {
  const day = 0.5 * (dayMs / (2 * Math.PI)) * Math.sin(Math.PI + (2 * Math.PI * timeMs) / dayMs);
  const hour = 0.065 * 3600_000 * smoothNoise(seed, timeMs, 3600_000);
  const minutes = 0.05 * 180_000 * smoothNoise(seed + 1, timeMs, 180_000);
  return (timeMs + day + hour + minutes) / 1000;
}

/** When a process was last started before `timeMs`: it lives for `lifeMs`, at a phase of its own. */
export function lastStartMs(seed: number, timeMs: number, lifeMs: number): number {
  const phase = Math.floor(fraction(seed, 7) * lifeMs);
  return Math.floor((timeMs - phase) / lifeMs) * lifeMs + phase;
}
