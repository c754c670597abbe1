import { addCompensated } from "./neumaier.ts";
import { type RangeInput, type RangeKernel, scanning } from "./range-kernel.ts";

/** stdvar_over_time, and with `deviation` its root: Welford's method with compensated mean and squares, as upstream's. */
export function createVarianceOverTime(deviation: boolean): RangeKernel {
  return scanning((input, from, to) => {
    const variance = varianceOf(input, from, to);
    return deviation ? Math.sqrt(variance) : variance;
  });
}

function varianceOf({ values }: RangeInput, from: number, to: number): number {
  const mean = { sum: 0, lost: 0 };
  const squares = { sum: 0, lost: 0 };
  for (let i = from; i < to; i++) {
    const value = values[i] as number;
    const delta = value - (mean.sum + mean.lost);
    addCompensated(mean, delta / (i - from + 1));
    addCompensated(squares, delta * (value - (mean.sum + mean.lost)));
  }
  return (squares.sum + squares.lost) / (to - from);
}
