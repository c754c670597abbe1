import { log2 } from "./binary-logarithm.ts";

/**
 * How much of a bucket's width lies below `value`, which is inside its finite bounds: on a linear scale, or on a
 * logarithmic one, where exponential buckets are all of one width. Negative buckets are mirrored.
 */
export function fractionBelow(lower: number, upper: number, value: number, isLinear: boolean): number {
  if (isLinear) return (value - lower) / (upper - lower);
  const logLower = log2(Math.abs(lower));
  const logUpper = log2(Math.abs(upper));
  const logValue = log2(Math.abs(value));
  if (value > 0) return (logValue - logLower) / (logUpper - logLower);
  return 1 - (logValue - logUpper) / (logLower - logUpper);
}
