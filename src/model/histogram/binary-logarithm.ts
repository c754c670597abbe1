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

/** ln 2, its leading bits and the rest, so that a product with few bits loses nothing. */
const ln2High = 0.6931471803691238;
const ln2Low = 1.9082149292705877e-10;

/**
 * 2 to the power of `exponent`, as Go takes it (FreeBSD's e_exp.c, with a reduction by powers of two):
 * `2 ** exponent` differs in the last bit here and there.
 */
export function exp2(exponent: number): number {
  if (!(exponent > -1075 && exponent < 1024)) return 2 ** exponent;
  const whole = Math.trunc(exponent > 0 ? exponent + 0.5 : exponent - 0.5);
  const rest = exponent - whole;
  const high = rest * ln2High;
  const low = -rest * ln2Low;
  const r = high - low;
  const t = r * r;
  const c =
    r -
    t *
      (0.16666666666666666 +
        t *
          (-0.0027777777777015593 +
            t * (6.613756321437934e-5 + t * (-1.6533902205465252e-6 + t * 4.1381367970572385e-8))));
  const power = 1 - (low - (r * c) / (2 - c) - high);
  return scaled(power, whole);
}

/** `power` is near 1; halves, so that neither factor is out of range, and only the last product is rounded. */
function scaled(power: number, exponent: number): number {
  if (exponent > -1022 && exponent < 1024) return power * 2 ** exponent;
  const half = exponent >> 1;
  return power * 2 ** half * 2 ** (exponent - half);
}
