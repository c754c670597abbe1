import { type RateKind, seconds } from "../rate.ts";

/** What one window's extrapolation depends on; times are ms. */
export interface Extrapolated {
  fromMs: number;
  toMs: number;
  firstMs: number;
  lastMs: number;
  /** Samples in the window. */
  count: number;
  /** Where the counter of the first sample began, within the window; undefined where nothing tells. */
  startMs: number | undefined;
  /** Value of the first sample and the increase from there, or their counts of observations. */
  first: number;
  increase: number;
}

/** What an increase is multiplied with, in upstream's order of operations (extrapolatedRate). */
export function extrapolationFactor(at: Extrapolated, kind: RateKind, rangeMs: number): number {
  const { count, startMs } = at;
  let toStart = (at.firstMs - at.fromMs) / 1000;
  let toEnd = (at.toMs - at.lastMs) / 1000;
  let sampled = (at.lastMs - at.firstMs) / 1000;
  const average = count > 1 ? sampled / (count - 1) : 0;
  const threshold = average * 1.1;
  if (startMs !== undefined) {
    toStart = 0;
    sampled = (at.lastMs - startMs) / 1000;
  } else {
    if (toStart >= threshold) toStart = average / 2;
    if (kind.counter && at.increase > 0 && at.first >= 0) {
      const toZero = sampled * (at.first / at.increase);
      if (toZero < toStart) toStart = toZero;
    }
  }
  if (toEnd >= threshold) toEnd = average / 2;
  const factor = sampled === 0 ? 1 : (sampled + toStart + toEnd) / sampled;
  return kind.perSecond ? factor / seconds(rangeMs) : factor;
}
