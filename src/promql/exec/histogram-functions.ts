import type { Histogram } from "../../model/histogram/histogram.ts";
import {
  fractionExcludedNaN,
  fractionOfHistogram,
  quantileNote,
  quantileNotes,
  quantileOfHistogram,
} from "../../model/histogram/quantile.ts";
import {
  fractionExcludesNaN,
  invalidQuantile,
  quantileIsNaN,
  quantileIsSkewed,
} from "../annotation-texts.ts";
import type { Annotation } from "../annotations.ts";
import {
  type Buckets,
  bucketFraction,
  bucketQuantile,
  type Mending,
} from "../functions/classic-histogram.ts";
import { formatOpenMetrics } from "../functions/format-float.ts";
import type { Span } from "../syntax/ast.ts";
import type { Run } from "./run.ts";

/** A function of histograms, classic or native, with one or more answers for each. */
export interface HistogramFunction {
  readonly answers: number;
  /** Takes the parameters; once, before anything else. */
  begin(params: readonly Float64Array[]): void;
  /** May change `buckets`. */
  classic(answer: number, step: number, buckets: Buckets, mending: Mending): number;
  native(answer: number, step: number, histogram: Histogram): number;
  /** What the last `native` has to say, 0 for nothing. */
  note(): number;
  annotationOf(note: number, metricName: string): Annotation;
  /** The label whose text tells the answers of a histogram apart, where there are several. */
  readonly label: string | undefined;
  /** Whether the text is the same at every step. */
  isFixed(answer: number): boolean;
  textOf(answer: number, step: number): string;
}

const none = new Float64Array(0);

/** histogram_quantile, and with a label histogram_quantiles. Spans: of the vector in the text, and of each parameter. */
export function histogramQuantiles(
  run: Run,
  at: { readonly vector: Span; readonly params: readonly Span[] },
  label: string | undefined,
): HistogramFunction {
  let phis: readonly Float64Array[] = [];
  const phiOf = (answer: number, step: number): number => (phis[answer] ?? none)[step] as number;
  return {
    answers: at.params.length,
    begin(params) {
      phis = params;
      for (const [i, span] of at.params.entries()) {
        const saidBy = {
          start: Math.min(span.start, at.vector.start),
          end: Math.max(span.end, at.vector.end),
        };
        for (const phi of new Set(params[i])) {
          if (!(phi >= 0 && phi <= 1)) run.annotate(invalidQuantile(phi, { span, saidBy }));
        }
      }
    },
    classic: (answer, step, buckets, mending) => bucketQuantile(phiOf(answer, step), buckets, mending),
    native: (answer, step, histogram) => quantileOfHistogram(phiOf(answer, step), histogram),
    note: quantileNote,
    annotationOf: (note, metricName) =>
      note === quantileNotes.isNaN
        ? quantileIsNaN(metricName, at.vector)
        : quantileIsSkewed(metricName, at.vector),
    label,
    isFixed(answer) {
      const phi = phis[answer] ?? none;
      return phi.every((value) => Object.is(value, phi[0]));
    },
    textOf: (answer, step) => formatOpenMetrics(phiOf(answer, step)),
  };
}

/** histogram_fraction; `span` is the vector's in the text. */
export function histogramFraction(span: Span): HistogramFunction {
  let lower: Float64Array = none;
  let upper: Float64Array = none;
  return {
    answers: 1,
    begin([first = none, second = none]) {
      lower = first;
      upper = second;
    },
    classic: (_, step, buckets) => bucketFraction(lower[step] as number, upper[step] as number, buckets),
    native: (_, step, histogram) =>
      fractionOfHistogram(lower[step] as number, upper[step] as number, histogram),
    note: () => (fractionExcludedNaN() ? 1 : 0),
    annotationOf: (_, metricName) => fractionExcludesNaN(metricName, span),
    label: undefined,
    isFixed: () => true,
    textOf: () => "",
  };
}
