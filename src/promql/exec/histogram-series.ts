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
  const { startMs, stepMs, count: steps } = span.grid;
  const held = series.buckets.sort((a, b) => a.bound - b.bound || 0);
  const columns = createAnswerColumns(site, series);
  const buckets: Buckets = {
    length: 0,
    bounds: new Float64Array(held.length),
    counts: new Float64Array(held.length),
  };
  const metricName = run.options.delayedNameRemoval ? (labelValue(series.labels, "__name__") ?? "") : "";
  for (let k = 0; k < steps; k++) {
    gather(held, k, buckets);
    if (native?.present[k] === 1) {
      if (buckets.length > 0) {
        run.annotate(mixedClassicNative(metricName, site.vector));
        continue;
      }
      for (let i = 0; i < func.answers; i++) {
        const answer = native.answers[i];
        if (answer === undefined) continue;
        const note = answer.notes[k] as number;
        if (note !== 0) run.annotate(func.annotationOf(note, metricName));
        columns.put(i, k, answer.values[k] as number);
      }
    } else if (buckets.length > 0) {
      for (let i = 0; i < func.answers; i++) {
        columns.put(i, k, func.classic(i, k, buckets, mending));
        if (!mending.mended) continue;
        const timeMs = startMs + k * stepMs;
        const { minBucket, maxBucket, maxDiff } = mending;
        mending.mended = false;
        const mended = { minTimeMs: timeMs, maxTimeMs: timeMs, minBucket, maxBucket, maxDiff, samples: 1 };
        run.annotate(forcedMonotonicity(metricName, mended, site.vector));
      }
    }
  }
  return columns.all();
}

function gather(held: readonly BucketSeries[], step: number, into: Buckets): void {
  let length = 0;
  for (const { bound, values, present } of held) {
    if (present !== undefined && present[step] === 0) continue;
    into.bounds[length] = bound;
    into.counts[length] = values[step] as number;
    length++;
  }
  into.length = length;
}

/** Columns by answer, and by the answer's label where it has one. */
function createAnswerColumns({ func, span }: HistogramSite, { labels, dropName }: HistogramSeries) {
  const steps = span.grid.count;
  const made: Column[] = [];
  const create = (answer: number, step: number): Column => {
    const all = func.label === undefined ? labels : withLabel(labels, func.label, func.textOf(answer, step));
    const column = createColumn(steps, fixedLabels(all));
    column.dropName = dropName;
    made.push(column);
    return column;
  };
  const fixed: (Column | undefined)[] = new Array(func.answers).fill(undefined);
  const isFixed = Array.from({ length: func.answers }, (_, i) => func.label === undefined || func.isFixed(i));
  const byText = new Map<string, Column>();
  const find = (answer: number, step: number): Column => {
    if (isFixed[answer]) {
      const column = fixed[answer] ?? create(answer, step);
      fixed[answer] = column;
      return column;
    }
    const key = `${answer} ${func.textOf(answer, step)}`;
    const column = byText.get(key) ?? create(answer, step);
    byText.set(key, column);
    return column;
  };
  return {
    put(answer: number, step: number, value: number): void {
      const column = find(answer, step);
      column.values[step] = value;
      column.present[step] = 1;
      column.count++;
    },
    all: (): readonly Column[] => made,
  };
}
