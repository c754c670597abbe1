import {
  createHistogram,
  customSchema,
  type Histogram,
  type HistogramLayout,
  resetHints,
  sameEntries,
} from "../model/histogram/histogram.ts";
import type { HistogramColumn } from "../model/histogram/histogram-column.ts";
import { samplesPerChunk } from "./encode-xor.ts";
import { layoutOf } from "./histogram-layout.ts";
import { isStale, type SampleBuffer } from "./sample-buffer.ts";

/** How the samples of a chunk are written. */
export type ChunkForm = "float" | "integerHistogram" | "floatHistogram";

/** Samples of a buffer that go into one chunk. */
export interface ChunkRun {
  readonly form: ChunkForm;
  readonly from: number;
  readonly to: number;
}

/** Whether row `row`, which holds a histogram, is written as whole numbers. */
export type IsInteger = (row: number) => boolean;

const before = createHistogram();
const after = createHistogram();

/**
 * Cuts samples [from, length) where Prometheus's head begins another chunk, and returns the first piece: samples of one
 * form, 120 at most, and of histograms only such that later ones are no resets:
 *
 *   cut at  another form · counter ↔ gauge · a reset by its hint, or a count that falls · another schema, zero threshold or
 *           bounds · a histogram after a stale one
 *
 * A staleness marker right after a histogram is one of its series and stays in the chunk.
 */
export function nextRun(samples: SampleBuffer, from: number, isInteger: IsInteger): ChunkRun {
  const form = formOf(samples, from, isInteger);
  const most = Math.min(samples.length, from + samplesPerChunk);
  const { histograms } = samples;
  let to = from + 1;
  if (histograms === undefined) to = most;
  else if (form === "float") while (to < most && !histograms.has(to)) to++;
  else while (to < most && follows(samples, histograms, to, { form, isInteger })) to++;
  return { form, from, to };
}

function formOf({ histograms }: SampleBuffer, row: number, isInteger: IsInteger): ChunkForm {
  if (histograms === undefined || !histograms.has(row)) return "float";
  return isInteger(row) ? "integerHistogram" : "floatHistogram";
}

function follows(
  samples: SampleBuffer,
  histograms: HistogramColumn,
  row: number,
  chunk: { readonly form: ChunkForm; readonly isInteger: IsInteger },
): boolean {
  if (!histograms.has(row))
    return isStale(samples.words[2 * row] as number, samples.words[2 * row + 1] as number);
  if (!histograms.has(row - 1) || formOf(samples, row, chunk.isInteger) !== chunk.form) return false;
  return continues(histograms.lend(row - 1, before), histograms.lend(row, after));
}

/** Whether `later` can stand behind `earlier` in a chunk. */
function continues(earlier: Histogram, later: Histogram): boolean {
  const a = earlier.layout;
  const b = later.layout;
  const isGauge = later.resetHint === resetHints.gauge;
  if (isGauge !== (earlier.resetHint === resetHints.gauge) || later.resetHint === resetHints.reset)
    return false;
  if (a !== b) {
    if (a.schema !== b.schema || !Object.is(a.zeroThreshold, b.zeroThreshold)) return false;
    if (a.schema === customSchema && !sameEntries(a.customValues, b.customValues)) return false;
  }
  if (isGauge) return true;
  if (later.count < earlier.count || later.zeroCount < earlier.zeroCount) return false;
  return (
    noneFalls(earlier, later, { indexes: a.positive, at: 0 }, { indexes: b.positive, at: 0 }) &&
    noneFalls(
      earlier,
      later,
      { indexes: a.negative, at: a.positive.length },
      { indexes: b.negative, at: b.positive.length },
    )
  );
}

interface Side {
  readonly indexes: Int32Array;
  /** Place of its first count. */
  readonly at: number;
}

/** Whether every bucket of `earlier` is in `later` with no smaller count; empty ones may be missing. */
function noneFalls(earlier: Histogram, later: Histogram, a: Side, b: Side): boolean {
  let j = 0;
  for (let i = 0; i < a.indexes.length; i++) {
    const index = a.indexes[i] as number;
    while (j < b.indexes.length && (b.indexes[j] as number) < index) j++;
    const had = earlier.buckets[earlier.at + a.at + i] as number;
    const has = b.indexes[j] === index ? (later.buckets[later.at + b.at + j] as number) : 0;
    if (has < had) return false;
  }
  return true;
}

/** The layout that holds all buckets of rows [from, to); an empty one where all are stale. */
export function layoutOfRun(
  histograms: HistogramColumn,
  from: number,
  to: number,
): HistogramLayout | undefined {
  let layout: HistogramLayout | undefined;
  for (let row = from; row < to; row++) {
    const next = histograms.layoutAt(row);
    if (next === undefined || next === layout) continue;
    layout =
      layout === undefined
        ? next
        : layoutOf({
            ...layout,
            positive: union(layout.positive, next.positive),
            negative: union(layout.negative, next.negative),
          });
  }
  return layout;
}

function union(a: Int32Array, b: Int32Array): Int32Array {
  if (sameEntries(a, b)) return a;
  const result = new Int32Array(a.length + b.length);
  let count = 0;
  for (let i = 0, j = 0; i < a.length || j < b.length; ) {
    const left = a[i] ?? Number.POSITIVE_INFINITY;
    const right = b[j] ?? Number.POSITIVE_INFINITY;
    result[count++] = Math.min(left, right);
    if (left <= right) i++;
    if (right <= left) j++;
  }
  return result.subarray(0, count);
}
