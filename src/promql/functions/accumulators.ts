import type { AggregateOp } from "../syntax/ast.ts";

/** One group's answer: values and presence for every step. */
export interface Accumulated {
  readonly values: Float64Array;
  readonly present: Uint8Array;
  readonly count: number;
}

/** Takes in the series of one group, in order. Their arrays are not kept. */
export interface Accumulator {
  /** `full` says that all entries are present. */
  add(values: Float64Array, present: Uint8Array, full: boolean): void;
  /** Where it has an answer so far. Not to be kept. */
  seen(): Uint8Array;
  /** Ends it: the arrays are the caller's from then on. */
  finish(): Accumulated;
}

/** Aggregations that need one pass and a fixed number of values per step. */
export const foldedAggregates: ReadonlyMap<AggregateOp, (steps: number) => Accumulator> = new Map<
  AggregateOp,
  (steps: number) => Accumulator
>([
  ["sum", createSum],
  ["avg", createAverage],
  ["count", (steps) => createCount(steps, false)],
  ["group", (steps) => createCount(steps, true)],
  ["min", (steps) => createExtreme(steps, false)],
  ["max", (steps) => createExtreme(steps, true)],
  ["stddev", (steps) => createVariance(steps, true)],
  ["stdvar", (steps) => createVariance(steps, false)],
]);

function countOnes(present: Uint8Array): number {
  let count = 0;
  for (let k = 0; k < present.length; k++) count += present[k] as number;
  return count;
}

/** 1 where a count is not 0. */
function counted(counts: Float64Array): Uint8Array {
  return Uint8Array.from(counts, (count) => (count === 0 ? 0 : 1));
}

function accumulated(values: Float64Array, present: Uint8Array): Accumulated {
  return { values, present, count: countOnes(present) };
}

/** Neumaier's sum, seeded with the first value. */
function createSum(steps: number): Accumulator {
  const sums = new Float64Array(steps);
  const lost = new Float64Array(steps);
  const seen = new Uint8Array(steps);
  let allSeen = false;
  return {
    add(values, present, full) {
      if (full && allSeen) addAll(sums, lost, values);
      else addSome(sums, lost, { seen, values, present });
      allSeen ||= full;
    },
    seen: () => seen,
    finish() {
      for (let k = 0; k < steps; k++) sums[k] = (sums[k] as number) + (lost[k] as number);
      return accumulated(sums, seen);
    },
  };
}

/** The hot loop: the lost bits by TwoSum, which gives what Neumaier's branch does without one. */
function addAll(sums: Float64Array, lost: Float64Array, values: Float64Array): void {
  for (let k = 0; k < sums.length; k++) {
    const sum = sums[k] as number;
    const value = values[k] as number;
    const total = sum + value;
    const part = total - sum;
    const rest = sum - (total - part) + (value - part);
    sums[k] = total;
    lost[k] = rest - rest === 0 ? (lost[k] as number) + rest : lostOf(sum, value, lost[k] as number);
  }
}

function addSome(
  sums: Float64Array,
  lost: Float64Array,
  series: { readonly seen: Uint8Array; readonly values: Float64Array; readonly present: Uint8Array },
): void {
  const { seen, values, present } = series;
  for (let k = 0; k < sums.length; k++) {
    if (present[k] === 0) continue;
    const value = values[k] as number;
    if (seen[k] === 0) {
      seen[k] = 1;
      sums[k] = value;
      continue;
    }
    const sum = sums[k] as number;
    const total = sum + value;
    const part = total - sum;
    const rest = sum - (total - part) + (value - part);
    sums[k] = total;
    lost[k] = rest - rest === 0 ? (lost[k] as number) + rest : lostOf(sum, value, lost[k] as number);
  }
}

/** The lost bits after adding `value`; forgotten where the sum overflows. */
function lostOf(sum: number, value: number, lost: number): number {
  const total = sum + value;
  if (total === Infinity || total === -Infinity) return 0;
  return lost + (Math.abs(sum) >= Math.abs(value) ? sum - total + value : value - total + sum);
}

/** The sum divided by the count, until the sum would overflow; an incremental mean from then on. */
function createAverage(steps: number): Accumulator {
  const means = new Float64Array(steps);
  const lost = new Float64Array(steps);
  const counts = new Float64Array(steps);
  const incremental = new Uint8Array(steps);
  return {
    add(values, present) {
      for (let k = 0; k < steps; k++) {
        if (present[k] === 0) continue;
        const value = values[k] as number;
        const n = (counts[k] as number) + 1;
        counts[k] = n;
        const sum = means[k] as number;
        const total = sum + value;
        if (n === 1) {
          means[k] = value;
        } else if (incremental[k] === 0 && total !== Infinity && total !== -Infinity) {
          lost[k] = lostOf(sum, value, lost[k] as number);
          means[k] = total;
        } else {
          addToMean({ means, lost, incremental }, k, n, value);
        }
      }
    },
    seen: () => counted(counts),
    finish() {
      const seen = new Uint8Array(steps);
      for (let k = 0; k < steps; k++) {
        const n = counts[k] as number;
        if (n === 0) continue;
        seen[k] = 1;
        const mean = means[k] as number;
        const rest = lost[k] as number;
        means[k] = incremental[k] === 1 ? mean + rest : mean / n + rest / n;
      }
      return accumulated(means, seen);
    },
  };
}

function addToMean(
  state: { readonly means: Float64Array; readonly lost: Float64Array; readonly incremental: Uint8Array },
  k: number,
  n: number,
  value: number,
): void {
  const { means, lost, incremental } = state;
  let mean = means[k] as number;
  let rest = lost[k] as number;
  if (incremental[k] === 0) {
    incremental[k] = 1;
    mean /= n - 1;
    rest /= n - 1;
  }
  const q = (n - 1) / n;
  means[k] = q * mean + value / n;
  lost[k] = lostOf(q * mean, value / n, q * rest);
}

/** count, and group, which is 1 wherever there is anything. */
function createCount(steps: number, group: boolean): Accumulator {
  const counts = new Float64Array(steps);
  return {
    add(_values, present) {
      for (let k = 0; k < steps; k++) counts[k] = (counts[k] as number) + (present[k] as number);
    },
    seen: () => counted(counts),
    finish() {
      const seen = new Uint8Array(steps);
      for (let k = 0; k < steps; k++) {
        if (counts[k] === 0) continue;
        seen[k] = 1;
        if (group) counts[k] = 1;
      }
      return accumulated(counts, seen);
    },
  };
}

/** NaN gives way to anything; the first of equal values stays. */
function createExtreme(steps: number, largest: boolean): Accumulator {
  const best = new Float64Array(steps);
  const seen = new Uint8Array(steps);
  return {
    add(values, present) {
      for (let k = 0; k < steps; k++) {
        if (present[k] === 0) continue;
        const value = values[k] as number;
        const old = best[k] as number;
        if (seen[k] === 0) {
          seen[k] = 1;
          best[k] = value;
        } else if ((largest ? value > old : value < old) || Number.isNaN(old)) {
          best[k] = value;
        }
      }
    },
    seen: () => seen,
    finish: () => accumulated(best, seen),
  };
}

/** Welford's method without compensation, as upstream aggregates. */
function createVariance(steps: number, deviation: boolean): Accumulator {
  const counts = new Float64Array(steps);
  const means = new Float64Array(steps);
  const squares = new Float64Array(steps);
  return {
    add(values, present) {
      for (let k = 0; k < steps; k++) {
        if (present[k] === 0) continue;
        const value = values[k] as number;
        const n = (counts[k] as number) + 1;
        counts[k] = n;
        if (n === 1) {
          means[k] = value;
          squares[k] = Number.isFinite(value) ? 0 : Number.NaN;
          continue;
        }
        const delta = value - (means[k] as number);
        const mean = (means[k] as number) + delta / n;
        means[k] = mean;
        squares[k] = (squares[k] as number) + delta * (value - mean);
      }
    },
    seen: () => counted(counts),
    finish() {
      const seen = new Uint8Array(steps);
      for (let k = 0; k < steps; k++) {
        const n = counts[k] as number;
        if (n === 0) continue;
        seen[k] = 1;
        const variance = (squares[k] as number) / n;
        squares[k] = deviation ? Math.sqrt(variance) : variance;
      }
      return accumulated(squares, seen);
    },
  };
}
