/** The quantile where it does not depend on the values: φ is out of range, or there is nothing to choose from. */
function fixedQuantile(phi: number, length: number): number | undefined {
  if (length === 0 || Number.isNaN(phi)) return Number.NaN;
  if (phi < 0) return -Infinity;
  return phi > 1 ? Infinity : undefined;
}

/** The φ-quantile of the first `length` of `sorted`, ascending without NaN; as upstream's, by linear interpolation. */
export function quantileOfSorted(phi: number, sorted: Float64Array, length: number): number {
  const fixed = fixedQuantile(phi, length);
  if (fixed !== undefined) return fixed;
  const rank = phi * (length - 1);
  const lower = Math.floor(rank);
  const upper = Math.min(lower + 1, length - 1);
  const weight = rank - lower;
  return (sorted[lower] as number) * (1 - weight) + (sorted[upper] as number) * weight;
}

/**
 * The φ-quantile of the first `length` of `values` in any order, NaN counting as the least, as upstream sorts it.
 * Puts them into another order: only the two values that matter find their places.
 */
export function quantileOf(phi: number, values: Float64Array, length: number): number {
  const fixed = fixedQuantile(phi, length);
  if (fixed !== undefined) return fixed;
  const rank = phi * (length - 1);
  const lower = Math.floor(rank);
  const upper = Math.min(lower + 1, length - 1);
  const weight = rank - lower;
  const nans = dropNaN(values, length);
  if (lower < nans) return Number.NaN;
  const numbers = length - nans;
  const low = select(values, numbers, lower - nans);
  let high = low;
  if (upper !== lower) {
    // What is right of a selected value is not below it; the least there is its neighbour.
    high = values[upper - nans] as number;
    for (let i = upper - nans + 1; i < numbers; i++) high = Math.min(high, values[i] as number);
  }
  return low * (1 - weight) + high * weight;
}

/** Moves numbers to the front and answers how many NaN there are. */
function dropNaN(values: Float64Array, length: number): number {
  let kept = 0;
  for (let i = 0; i < length; i++) {
    const value = values[i] as number;
    if (!Number.isNaN(value)) values[kept++] = value;
  }
  return length - kept;
}

/** Hoare's quickselect: the value of rank `k`, with nothing greater left of it and nothing less right of it. */
function select(values: Float64Array, length: number, k: number): number {
  let left = 0;
  let right = length - 1;
  while (left < right) {
    const pivot = median(
      values[left] as number,
      values[(left + right) >> 1] as number,
      values[right] as number,
    );
    let i = left;
    let j = right;
    while (i <= j) {
      while ((values[i] as number) < pivot) i++;
      while ((values[j] as number) > pivot) j--;
      if (i > j) break;
      const value = values[i] as number;
      values[i++] = values[j] as number;
      values[j--] = value;
    }
    if (k <= j) right = j;
    else if (k >= i) left = i;
    else break;
  }
  return values[k] as number;
}

function median(a: number, b: number, c: number): number {
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
}
