/** The φ-quantile of the first `length` of `sorted`, ascending without NaN; as upstream's, by linear interpolation. */
export function quantileOfSorted(phi: number, sorted: Float64Array, length: number): number {
  if (length === 0 || Number.isNaN(phi)) return Number.NaN;
  if (phi < 0) return -Infinity;
  if (phi > 1) return Infinity;
  const rank = phi * (length - 1);
  const below = Math.floor(rank);
  const lower = Math.max(below, 0);
  const upper = Math.min(lower + 1, length - 1);
  const weight = rank - below;
  return (sorted[lower] as number) * (1 - weight) + (sorted[upper] as number) * weight;
}

/**
 * Sorts the first `length` of `values` in place with NaN first, as upstream's quantile does, and answers their quantile.
 */
export function quantileOf(phi: number, values: Float64Array, length: number): number {
  const view = values.subarray(0, length).sort();
  let nans = 0;
  while (nans < length && Number.isNaN(view[length - 1 - nans])) nans++;
  if (nans > 0) {
    view.copyWithin(nans, 0, length - nans);
    view.fill(Number.NaN, 0, nans);
  }
  return quantileOfSorted(phi, view, length);
}
