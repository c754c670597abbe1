import type { RangeInput } from "../range-kernel.ts";
import { createRate, type RateKind } from "../rate.ts";
import { type Extrapolated, extrapolationFactor } from "./extrapolation.ts";
import type { FloatKernel, MixedOut } from "./mixed-kernel.ts";
import { isStartReset, startsInside, startsOverlap } from "./start-times.ts";

/** rate, increase and delta over floats, with regard to start times where there are any. */
export function createStartedRate(kind: RateKind): FloatKernel {
  const plain = createRate(kind);
  const at: Extrapolated = {
    fromMs: 0,
    toMs: 0,
    firstMs: 0,
    lastMs: 0,
    count: 0,
    startMs: undefined,
    first: 0,
    increase: 0,
  };
  return ({ input, startTimesMs: starts, whole }, out) => {
    if (starts === undefined || !kind.counter) return plain(input, out);
    const { grid, lo, hi } = input.windows;
    const { times, values } = input;
    let count = 0;
    for (let k = 0; k < lo.length; k++) {
      const from = lo[k] as number;
      const to = hi[k] as number;
      out.present[k] = 0;
      if (to === from || (whole.hi[k] as number) - (whole.lo[k] as number) > to - from) continue;
      at.toMs = grid.firstEndMs + k * grid.stepMs;
      at.fromMs = at.toMs - grid.rangeMs;
      at.firstMs = times[from] as number;
      at.lastMs = times[to - 1] as number;
      at.count = to - from;
      at.first = values[from] as number;
      at.increase = increaseOf(input, starts, from, to, out);
      const startMs = starts[from] as number;
      at.startMs = startsInside(startMs, at.fromMs, at.firstMs) ? startMs : undefined;
      if (at.startMs !== undefined) at.increase += at.first;
      else if (at.count === 1) continue;
      out.values[k] = at.increase * extrapolationFactor(at, kind, grid.rangeMs);
      out.present[k] = 1;
      count++;
    }
    return count;
  };
}

function increaseOf(
  { times, values }: RangeInput,
  starts: Float64Array,
  from: number,
  to: number,
  out: MixedOut,
): number {
  let increase = (values[to - 1] as number) - (values[from] as number);
  let overlap = 0;
  for (let i = from + 1; i < to; i++) {
    if (startsOverlap(times, starts, i)) overlap = 1;
    const before = values[i - 1] as number;
    if ((values[i] as number) < before || isStartReset(times, starts, i)) increase += before;
  }
  out.overlaps += overlap;
  return increase;
}
