/** A compensated sum; its value is `sum + lost`. */
export interface CompensatedSum {
  sum: number;
  lost: number;
}

/** Adds one value as upstream's kahansum.Inc: Neumaier's sum, whose lost bits are forgotten where it overflows. */
export function addCompensated(into: CompensatedSum, value: number): void {
  const { sum } = into;
  const total = sum + value;
  if (total === Infinity || total === -Infinity) into.lost = 0;
  else into.lost += Math.abs(sum) >= Math.abs(value) ? sum - total + value : value - total + sum;
  into.sum = total;
}
