import { type RangeInput, type RangeKernel, scanning } from "./range-kernel.ts";

/** stdvar_over_time, and with `deviation` its root: Welford's method with compensated mean and squares, as upstream's. */
export function createVarianceOverTime(deviation: boolean): RangeKernel {
  return scanning((input, from, to) => {
    const variance = varianceOf(input, from, to);
    return deviation ? Math.sqrt(variance) : variance;
  });
}

/** Sums are spelled out: what they add is upstream's addCompensated, and this loop is all the time goes to. */
function varianceOf({ values }: RangeInput, from: number, to: number): number {
  let mean = 0;
  let meanLost = 0;
  let squares = 0;
  let squaresLost = 0;
  for (let i = from; i < to; i++) {
    const value = values[i] as number;
    const delta = value - (mean + meanLost);
    const step = delta / (i - from + 1);
    let total = mean + step;
    if (total === Infinity || total === -Infinity) meanLost = 0;
    else meanLost += Math.abs(mean) >= Math.abs(step) ? mean - total + step : step - total + mean;
    mean = total;
    const square = delta * (value - (mean + meanLost));
    total = squares + square;
    if (total === Infinity || total === -Infinity) squaresLost = 0;
    else {
      squaresLost +=
        Math.abs(squares) >= Math.abs(square) ? squares - total + square : square - total + squares;
    }
    squares = total;
  }
  return (squares + squaresLost) / (to - from);
}
