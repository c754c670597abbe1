import { exponentialBounds } from "./exponential-bounds.ts";
import { customSchema, type HistogramLayout } from "./histogram.ts";

/** Upper bound of the positive bucket `index`. The negative one of this index reaches down to its negation. */
export function upperBound(layout: HistogramLayout, index: number): number {
  return layout.schema === customSchema
    ? customBound(layout.customValues, index)
    : exponentialBound(layout.schema, index);
}

/** Lower bound of the positive bucket `index`; −Inf for the first custom bucket. */
export function lowerBound(layout: HistogramLayout, index: number): number {
  return upperBound(layout, index - 1);
}

function customBound(bounds: Float64Array, index: number): number {
  if (index >= bounds.length) return Number.POSITIVE_INFINITY;
  return index < 0 ? Number.NEGATIVE_INFINITY : (bounds[index] as number);
}

/**
 * 2^(index / 2^schema), to the bit as Prometheus has it, for −9 ≤ schema ≤ 8. The bucket of the largest numbers ends
 * at the largest number; the one past it holds the infinite ones.
 */
export function exponentialBound(schema: number, index: number): number {
  if (schema < 0) {
    const exponent = index * 2 ** -schema;
    return exponent === 1024 ? Number.MAX_VALUE : powerOfTwo(exponent);
  }
  const perOctave = 1 << schema;
  const inOctave = index & (perOctave - 1);
  const octave = index >> schema;
  if (octave === 1024 && inOctave === 0) return Number.MAX_VALUE;
  const fraction = exponentialBounds[inOctave << (8 - schema)] as number;
  // Twice the fraction is exact, and so is its product; below the smallest normal number it must be rounded once only.
  return octave > -1023 ? 2 * fraction * powerOfTwo(octave) : fraction * powerOfTwo(octave + 1);
}

const smallestExponent = -1074;
const powersOfTwo = new Float64Array(1024 - smallestExponent);
for (let i = 0, power = Number.MIN_VALUE; i < powersOfTwo.length; i++, power *= 2) powersOfTwo[i] = power;

function powerOfTwo(exponent: number): number {
  if (exponent >= 1024) return Number.POSITIVE_INFINITY;
  return exponent < smallestExponent ? 0 : (powersOfTwo[exponent - smallestExponent] as number);
}

/** Index of the bucket of `to` that holds bucket `index` of the finer schema `from`. */
export function coarserIndex(index: number, from: number, to: number): number {
  const shift = from - to;
  // Bits past the 31st would be shifted by `shift % 32`.
  return ((index - 1) >> Math.min(shift, 31)) + 1;
}
