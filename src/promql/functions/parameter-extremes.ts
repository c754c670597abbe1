import { goMax, goMin } from "./go-math.ts";

/** What an aggregation asks of its parameter over all steps. */
export interface ParameterExtremes {
  readonly least: number;
  readonly most: number;
  readonly hasNaN: boolean;
}

/** Upstream's: NaN hides all but the infinities that come after it. */
export function extremesOf(values: Float64Array): ParameterExtremes {
  let least = Number.MAX_VALUE;
  let most = -Number.MAX_VALUE;
  let hasNaN = false;
  for (const value of values) {
    least = goMin(least, value);
    most = goMax(most, value);
    hasNaN ||= Number.isNaN(value);
  }
  return { least, most, hasNaN };
}
