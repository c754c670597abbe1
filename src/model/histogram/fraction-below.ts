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

const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);

/** log₂ as Go takes it: the exponent, and the logarithm of a fraction from [½, 1). */
export function log2(value: number): number {
  if (!(value > 0) || value === Number.POSITIVE_INFINITY) return Math.log2(value);
  // Subnormal numbers have their exponent in the mantissa: brought up to normal first.
  const scale = value < 2.2250738585072014e-308 ? 54 : 0;
  float[0] = scale === 0 ? value : value * 18014398509481984;
  const high = words[1] as number;
  const exponent = (high >>> 20) - 1022 - scale;
  words[1] = (high & 0xfffff) | 0x3fe00000;
  const fraction = float[0] as number;
  return fraction === 0.5 ? exponent - 1 : Math.log(fraction) * (1 / Math.LN2) + exponent;
}
