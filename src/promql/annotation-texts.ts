import { quoteGo } from "../model/quote.ts";
import type { Annotation, AnnotationDetail } from "./annotations.ts";
import type { Span } from "./syntax/ast.ts";
import { formatGeneral } from "./syntax/format-number.ts";

/** What an addition or subtraction of histograms is called in annotations. */
export type HistogramOperation = "addition" | "subtraction" | "aggregation";

function warning(text: string, span: Span): Annotation {
  return { level: "warning", text, span };
}

function info(text: string, span: Span): Annotation {
  return { level: "info", text, span };
}

/** The metric's name where the series still has one. */
function forMetric(name: string): string {
  return name === "" ? "" : ` for metric name ${quoteGo(name)}`;
}

/** Where a parameter stands, and what it is a parameter of. */
export interface ParameterPlace {
  readonly span: Span;
  readonly saidBy: Span;
}

export function invalidRatio(ratio: number, capped: number, at: ParameterPlace): Annotation {
  const text = `ratio value should be between -1 and 1, got ${formatGeneral(ratio)}, capping to ${formatGeneral(capped)}`;
  return { ...warning(text, at.span), saidBy: at.saidBy };
}

export function invalidQuantile(phi: number, at: ParameterPlace): Annotation {
  const text = `quantile value should be between 0 and 1, got ${formatGeneral(phi)}`;
  return { ...warning(text, at.span), saidBy: at.saidBy };
}

export function badBucketLabel(name: string, label: string, span: Span): Annotation {
  return warning(
    `bucket label "le" is missing or has a malformed value of ${quoteGo(label)}${forMetric(name)}`,
    span,
  );
}

export function mixedFloatsHistograms(name: string, span: Span): Annotation {
  return warning(`encountered a mix of histograms and floats for metric name ${quoteGo(name)}`, span);
}

export function mixedInAggregation(span: Span): Annotation {
  return warning("encountered a mix of histograms and floats for aggregation", span);
}

export function mixedClassicNative(name: string, span: Span): Annotation {
  return warning(`vector contains a mix of classic and native histograms${forMetric(name)}`, span);
}

export function histogramNotCounter(name: string, span: Span): Annotation {
  return warning(`this native histogram metric is not a counter: ${quoteGo(name)}`, span);
}

export function histogramNotGauge(name: string, span: Span): Annotation {
  return warning(`this native histogram metric is not a gauge: ${quoteGo(name)}`, span);
}

export function mixedExponentialCustom(name: string, span: Span): Annotation {
  return warning(
    `vector contains a mix of histograms with exponential and custom buckets schemas for metric name ${quoteGo(name)}`,
    span,
  );
}

export function incompatibleBuckets(operator: string, span: Span): Annotation {
  return warning(`incompatible bucket layout encountered for binary operator ${operator}`, span);
}

export function sortInRangeQuery(span: Span): Annotation {
  return warning("sort is ineffective for range queries since results are always ordered by labels", span);
}

export function counterResetCollision(operation: HistogramOperation, span: Span): Annotation {
  return warning(`conflicting counter resets during histogram ${operation}`, span);
}

/** `count` is how often it came up. */
export function startTimeOverlap(name: string, count: number, span: Span): Annotation {
  return {
    ...warning(
      `sample has start time that overlaps with previous sample timestamp for metric ${quoteGo(name)}`,
      span,
    ),
    detail: occurrences(count),
  };
}

export function possibleNonCounter(name: string, span: Span): Annotation {
  return info(
    `metric might not be a counter, name does not end in _total/_sum/_count/_bucket: ${quoteGo(name)}`,
    span,
  );
}

export function possibleNonCounterType(name: string, type: string, span: Span): Annotation {
  return info(
    `metric might not be a counter, __type__ label is not set to "counter" or "histogram", got ${quoteGo(type)}: ${quoteGo(name)}`,
    span,
  );
}

/** What was mended of a classic histogram, over all steps. Times are Unix ms, bounds and difference as in the buckets. */
export interface MendedBuckets {
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
  readonly minBucket: number;
  readonly maxBucket: number;
  readonly maxDiff: number;
  readonly samples: number;
}

export function forcedMonotonicity(name: string, mended: MendedBuckets, span: Span): Annotation {
  const text =
    "input to histogram_quantile needed to be fixed for monotonicity (see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)";
  return { ...info(`${text}${forMetric(name)}`, span), detail: mendedDetail(mended) };
}

export function incompatibleTypes(
  operator: string,
  types: { readonly lhs: "float" | "histogram"; readonly rhs: "float" | "histogram" },
  span: Span,
): Annotation {
  return info(
    `incompatible sample types encountered for binary operator ${quoteGo(operator)}: ${types.lhs} ${operator} ${types.rhs}`,
    span,
  );
}

export function ignoredInAggregation(aggregation: string, span: Span): Annotation {
  return info(`ignored histogram in ${aggregation} aggregation`, span);
}

export function ignoredInMixedRange(name: string, span: Span): Annotation {
  return info(
    `ignored histograms in a range containing both floats and histograms for metric name ${quoteGo(name)}`,
    span,
  );
}

export function quantileIsNaN(name: string, span: Span): Annotation {
  return info(`input to histogram_quantile has NaN observations, result is NaN${forMetric(name)}`, span);
}

export function quantileIsSkewed(name: string, span: Span): Annotation {
  return info(
    `input to histogram_quantile has NaN observations, result is skewed higher${forMetric(name)}`,
    span,
  );
}

export function fractionExcludesNaN(name: string, span: Span): Annotation {
  return info(
    `input to histogram_fraction has NaN observations, which are excluded from all fractions${forMetric(name)}`,
    span,
  );
}

export function mismatchedCustomBuckets(operation: HistogramOperation, span: Span): Annotation {
  return info(`mismatched custom buckets were reconciled during ${operation}`, span);
}

interface Occurrences extends AnnotationDetail {
  readonly count: number;
}

function occurrences(count: number): Occurrences {
  return {
    count,
    join: (later) => occurrences(count + (later as Occurrences).count),
    text: () => (count > 1 ? ` (${count} occurrences)` : ""),
  };
}

interface MendedDetail extends AnnotationDetail {
  readonly mended: MendedBuckets;
}

function mendedDetail(mended: MendedBuckets): MendedDetail {
  return {
    mended,
    join(later) {
      const other = (later as MendedDetail).mended;
      return mendedDetail({
        minTimeMs: Math.min(mended.minTimeMs, other.minTimeMs),
        maxTimeMs: Math.max(mended.maxTimeMs, other.maxTimeMs),
        minBucket: Math.min(mended.minBucket, other.minBucket),
        maxBucket: Math.max(mended.maxBucket, other.maxBucket),
        maxDiff: Math.max(mended.maxDiff, other.maxDiff),
        samples: mended.samples + other.samples,
      });
    },
    text: () =>
      `, from buckets ${formatGeneral(mended.minBucket)} to ${formatGeneral(mended.maxBucket)}, with a max diff of ${twoDigits(mended.maxDiff)}, over ${mended.samples} samples from ${utcSeconds(mended.minTimeMs)} to ${utcSeconds(mended.maxTimeMs)}`,
  };
}

/** A float as Go's %.2g. */
function twoDigits(value: number): string {
  if (!Number.isFinite(value) || value === 0) return formatGeneral(value);
  const [digits = "", exponent = "0"] = roundedToTwo(value).split("e");
  const power = Number(exponent);
  if (power >= -4 && power < 2) return formatGeneral(Number(`${digits}e${exponent}`));
  return `${digits.replace(/\.0$/, "")}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
}

/** As toExponential(1), but a value halfway between two goes to the even one. */
function roundedToTwo(value: number): string {
  const exact = value.toExponential(30);
  const evenHalf = /^(-?\d\.[02468])50*(e.*)$/.exec(exact);
  return evenHalf === null ? value.toExponential(1) : `${evenHalf[1]}${evenHalf[2]}`;
}

function utcSeconds(timeMs: number): string {
  return `${new Date(Math.trunc(timeMs / 1000) * 1000).toISOString().slice(0, 19)}Z`;
}
