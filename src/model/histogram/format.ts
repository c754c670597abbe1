import { formatGeneral } from "../format-general.ts";
import { lowerBound, upperBound } from "./bounds.ts";
import { customSchema, type Histogram } from "./histogram.ts";

/** `{count:4, sum:2, [-1,-0.5):1, [-0.001,0.001]:1, (1,2]:2}`, as Prometheus's FloatHistogram.String. */
export function formatHistogram(histogram: Histogram): string {
  const { layout, buckets, at, zeroCount } = histogram;
  const { positive, negative, zeroThreshold } = layout;
  let text = `{count:${formatGeneral(histogram.count)}, sum:${formatGeneral(histogram.sum)}`;
  for (let i = negative.length - 1; i >= 0; i--) {
    const count = buckets[at + positive.length + i] as number;
    if (count !== 0) text += `, ${formatNegative(histogram, negative[i] as number)}:${formatGeneral(count)}`;
  }
  if (zeroCount !== 0) {
    text += `, [${formatGeneral(-zeroThreshold)},${formatGeneral(zeroThreshold)}]:${formatGeneral(zeroCount)}`;
  }
  for (let i = 0; i < positive.length; i++) {
    const count = buckets[at + i] as number;
    if (count !== 0) text += `, ${formatPositive(histogram, positive[i] as number)}:${formatGeneral(count)}`;
  }
  return `${text}}`;
}

function formatPositive({ layout }: Histogram, index: number): string {
  const lower = lowerBound(layout, index);
  const upper = upperBound(layout, index);
  const isCustom = layout.schema === customSchema;
  return formatRange(lower, upper, {
    lower: isCustom ? index === 0 : lower < 0,
    upper: isCustom || upper > 0,
  });
}

function formatNegative({ layout }: Histogram, index: number): string {
  const lower = -upperBound(layout, index);
  const upper = -lowerBound(layout, index);
  return formatRange(lower, upper, { lower: lower < 0, upper: upper > 0 });
}

function formatRange(
  lower: number,
  upper: number,
  inclusive: { readonly lower: boolean; readonly upper: boolean },
): string {
  const range = `${formatGeneral(lower)},${formatGeneral(upper)}`;
  return `${inclusive.lower ? "[" : "("}${range}${inclusive.upper ? "]" : ")"}`;
}
