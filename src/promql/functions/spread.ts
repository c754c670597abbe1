/** Past this, sums in another order than upstream's might overflow where upstream's do not. */
export const largestPlain = 1e290;

/**
 * How far apart values of both signs may lie, the least to the greatest, so that sums of them in any order keep the same
 * bits: what a compensated sum loses is then kept whole.
 */
const widestSpread = 2 ** 44;

/** The extent of values that are to be summed up. */
export interface Spread {
  least: number;
  greatest: number;
  /** The least distance from 0 of a value that is not 0. */
  nearest: number;
}

export function createSpread(): Spread {
  return { least: Infinity, greatest: -Infinity, nearest: Infinity };
}

export function resetSpread(spread: Spread): void {
  spread.least = Infinity;
  spread.greatest = -Infinity;
  spread.nearest = Infinity;
}

export function widenSpread(spread: Spread, value: number): void {
  if (Number.isNaN(value)) {
    spread.greatest = Infinity;
    return;
  }
  if (value < spread.least) spread.least = value;
  if (value > spread.greatest) spread.greatest = value;
  const distance = Math.abs(value);
  if (distance > 0 && distance < spread.nearest) spread.nearest = distance;
}

/** Whether compensated sums of the values come out alike in any order. */
export function isEven({ least, greatest, nearest }: Spread): boolean {
  if (least < -largestPlain || greatest > largestPlain) return false;
  return least >= 0 || greatest <= 0 || Math.max(-least, greatest) <= nearest * widestSpread;
}
