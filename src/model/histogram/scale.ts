import { bucketCount, type Histogram, type HistogramLayout, resetHints } from "./histogram.ts";

/** Multiplies all counts and the sum of an owned histogram; a negative factor makes it a gauge. */
export function multiply(into: Histogram, factor: number): void {
  const { buckets, at } = into;
  into.zeroCount *= factor;
  into.count *= factor;
  into.sum *= factor;
  const end = at + bucketCount(into.layout);
  for (let i = at; i < end; i++) buckets[i] = (buckets[i] as number) * factor;
  if (factor < 0) into.resetHint = resetHints.gauge;
}

/** Divides all counts and the sum of an owned histogram; a division by zero takes its buckets away, as upstream. */
export function divide(into: Histogram, divisor: number): void {
  const { buckets, at } = into;
  into.zeroCount /= divisor;
  into.count /= divisor;
  into.sum /= divisor;
  if (divisor === 0) {
    into.layout = withoutBuckets(into.layout);
    return;
  }
  const end = at + bucketCount(into.layout);
  for (let i = at; i < end; i++) buckets[i] = (buckets[i] as number) / divisor;
  if (divisor < 0) into.resetHint = resetHints.gauge;
}

const none = new Int32Array(0);
const bare = new WeakMap<HistogramLayout, HistogramLayout>();

function withoutBuckets(layout: HistogramLayout): HistogramLayout {
  const known = bare.get(layout);
  if (known !== undefined) return known;
  const made = { ...layout, positive: none, negative: none };
  bare.set(layout, made);
  return made;
}
