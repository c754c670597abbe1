/**
 * Adds to entry `at` of `sums`, and what the addition lost to the same entry of `lost`: Neumaier's sum, in the order
 * and with the rule for infinities of Prometheus's util/kahansum.
 */
export function addCompensated(sums: Float64Array, lost: Float64Array, at: number, value: number): void {
  const sum = sums[at] as number;
  const total = sum + value;
  sums[at] = total;
  lost[at] = lostWith(sum, value, total, lost[at] as number);
}

/** What `sum + value = total` has lost, with what was lost before. */
export function lostWith(sum: number, value: number, total: number, lost: number): number {
  if (total > Number.MAX_VALUE || total < -Number.MAX_VALUE) return 0;
  return Math.abs(sum) >= Math.abs(value) ? lost + (sum - total + value) : lost + (value - total + sum);
}
