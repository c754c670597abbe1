import { createHistogram } from "../../model/histogram/histogram.ts";
import type { HistogramColumn } from "../../model/histogram/histogram-column.ts";
import { type Labels, labelValue } from "../../model/labels.ts";
import { forcedMonotonicity, mixedClassicNative } from "../annotation-texts.ts";
import { type Buckets, createMending } from "../functions/classic-histogram.ts";
import type { Span as TextSpan } from "../syntax/ast.ts";
import type { HistogramFunction } from "./histogram-functions.ts";
import { type Column, createColumn } from "./operator.ts";
import type { Run } from "./run.ts";
import { fixedLabels, withLabel } from "./series-labels.ts";
import type { Span } from "./span.ts";

/** One histogram over time: buckets that are series of their own, and the answers of native ones. */
export interface HistogramSeries {
  /** Without `le`. */
  readonly labels: Labels;
  readonly buckets: BucketSeries[];
  native: NativeAnswers | undefined;
  readonly dropName: boolean;
}

interface BucketSeries {
  readonly bound: number;
  readonly values: Float64Array;
  /** Undefined where all steps are present. */
  readonly present: Uint8Array | undefined;
}

interface NativeAnswers {
  readonly present: Uint8Array;
  /** For each answer, values and notes at each step. */
  readonly answers: readonly { readonly values: Float64Array; readonly notes: Uint8Array }[];
}

/** What all histograms of a call have in common. */
export interface HistogramSite {
  readonly run: Run;
  readonly func: HistogramFunction;
  readonly span: Span;
  /** The vector in the text. */
  readonly vector: TextSpan;
}

const lent = createHistogram();

/** Works out the native histograms of a column; none of them is kept. */
export function answerNative(
  { run, func }: HistogramSite,
  series: HistogramSeries,
  column: { readonly present: Uint8Array; readonly histograms: HistogramColumn },
): void {
  const { present, histograms } = column;
  const steps = present.length;
  if (series.native === undefined) {
    run.hold(steps * func.answers);
    series.native = {
      present: new Uint8Array(steps),
      answers: Array.from({ length: func.answers }, () => ({
        values: new Float64Array(steps),
        notes: new Uint8Array(steps),
      })),
    };
  }
  const { native } = series;
  for (let k = 0; k < steps; k++) {
    if (present[k] === 0 || !histograms.has(k)) continue;
    const histogram = histograms.lend(k, lent);
    native.present[k] = 1;
    for (let i = 0; i < func.answers; i++) {
      const answer = native.answers[i];
      if (answer === undefined) continue;
      answer.values[k] = func.native(i, k, histogram);
      answer.notes[k] = func.note();
    }
  }
}

const mending = createMending();

/**
 * The answers of a histogram as series. A step with classic and native buckets has none. Where an answer's label
 * changes from step to step, so does its series.
 */
export function answersOf(site: HistogramSite, series: HistogramSeries): readonly Column[] {
  const { run, func, span } = site;
  const { native } = series;
  const steps = span.grid.count;
  const held = series.buckets.sort((a, b) => a.bound - b.bound || 0);
  const columns = createAnswerColumns(site, series);
  const { bounds, counts } = columns.buckets;
  const metricName = run.options.delayedNameRemoval ? (labelValue(series.labels, "__name__") ?? "") : "";
  for (let k = 0; k < steps; k++) {
    let length = 0;
    for (let b = 0; b < held.length; b++) {
      const { bound, values, present } = held[b] as BucketSeries;
      if (present !== undefined && present[k] === 0) continue;
      bounds[length] = bound;
      counts[length] = values[k] as number;
      length++;
    }
    columns.buckets.length = length;
    if (native !== undefined && native.present[k] === 1) {
      if (length === 0) takeNative(site, native, k, { columns, metricName });
      else run.annotate(mixedClassicNative(metricName, site.vector));
      continue;
    }
    if (length === 0) continue;
    for (let i = 0; i < func.answers; i++) {
      const column = columns.fixed[i] ?? columns.find(i, k);
      column.values[k] = func.classic(i, k, columns.buckets, mending);
      column.present[k] = 1;
      column.count++;
      if (mending.mended) tellMended(site, k, metricName);
    }
  }
  return columns.all();
}

function takeNative(
  { run, func }: HistogramSite,
  native: NativeAnswers,
  step: number,
  to: { readonly columns: AnswerColumns; readonly metricName: string },
): void {
  for (let i = 0; i < func.answers; i++) {
    const answer = native.answers[i];
    if (answer === undefined) continue;
    const note = answer.notes[step] as number;
    if (note !== 0) run.annotate(func.annotationOf(note, to.metricName));
    const column = to.columns.fixed[i] ?? to.columns.find(i, step);
    column.values[step] = answer.values[step] as number;
    column.present[step] = 1;
    column.count++;
  }
}

function tellMended({ run, span, vector }: HistogramSite, step: number, metricName: string): void {
  const timeMs = span.grid.startMs + step * span.grid.stepMs;
  const { minBucket, maxBucket, maxDiff } = mending;
  mending.mended = false;
  const mended = { minTimeMs: timeMs, maxTimeMs: timeMs, minBucket, maxBucket, maxDiff, samples: 1 };
  run.annotate(forcedMonotonicity(metricName, mended, vector));
}

interface AnswerColumns {
  /** Room for the classic buckets of one step. */
  readonly buckets: Buckets;
  /** By answer, where its label stays the same. */
  readonly fixed: readonly (Column | undefined)[];
  /** The column of an answer whose label does not. */
  find(answer: number, step: number): Column;
  /** Those that have any entry. */
  all(): readonly Column[];
}

function createAnswerColumns(
  { func, span }: HistogramSite,
  { labels, dropName, buckets }: HistogramSeries,
): AnswerColumns {
  const made: Column[] = [];
  const create = (answer: number, step: number): Column => {
    const all = func.label === undefined ? labels : withLabel(labels, func.label, func.textOf(answer, step));
    const column = createColumn(span.grid.count, fixedLabels(all));
    column.dropName = dropName;
    made.push(column);
    return column;
  };
  const byText = new Map<string, Column>();
  return {
    buckets: {
      length: 0,
      bounds: new Float64Array(buckets.length),
      counts: new Float64Array(buckets.length),
    },
    fixed: Array.from({ length: func.answers }, (_, i) =>
      func.label === undefined || func.isFixed(i) ? create(i, 0) : undefined,
    ),
    find(answer, step) {
      const key = `${answer} ${func.textOf(answer, step)}`;
      const column = byText.get(key) ?? create(answer, step);
      byText.set(key, column);
      return column;
    },
    all: () => made.filter(({ count }) => count > 0),
  };
}
