import { detectReset } from "../../model/histogram/detect-reset.ts";
import { copyHistogram, createHistogram, customSchema, resetHints } from "../../model/histogram/histogram.ts";
import { reduceResolution } from "../../model/histogram/reduce-resolution.ts";
import type { SampleBuffer } from "../../wire/sample-buffer.ts";

/**
 * One replica of a series, read forward only, decoded no further than somebody looks.
 * Times grow strictly from sample to sample.
 */
export interface Replica {
  /** What is decoded so far. Its arrays may be other ones after `fill`; what was in them stays in front. */
  readonly samples: SampleBuffer;
  /** First sample that is not used up. Moved by whoever reads. */
  at: number;
  /** No sample that is still to be decoded comes before this; Infinity where there is none. */
  nextMinMs(): number;
  /** Decodes on and adds at least one sample, or returns false at the end. Samples before `fromMs` may be left out. */
  fill(fromMs: number): boolean;
}

/** Moves to the first sample at or after `fromMs`; false where there is none. */
export function seekReplica(replica: Replica, fromMs: number): boolean {
  for (;;) {
    const { times, length } = replica.samples;
    let at = replica.at;
    while (at < length && (times[at] as number) < fromMs) at++;
    replica.at = at;
    if (at < length) return true;
    if (!replica.fill(fromMs)) return false;
  }
}

/** A replica over samples that are all decoded already. */
export function replicaOf(samples: SampleBuffer): Replica {
  return { samples, at: 0, nextMinMs: () => Number.POSITIVE_INFINITY, fill: () => false };
}

/** Which sample of a replica with histograms was taken last. */
export interface LastTaken {
  samples: SampleBuffer | undefined;
  at: number;
  /** Its place in what was made of the replicas. */
  row: number;
}

export function createLastTaken(): LastTaken {
  return { samples: undefined, at: -1, row: -1 };
}

/**
 * Notes that samples [from, to) of a replica with histograms were appended to `out`, `row` being the first of them
 * there; samples of other replicas need no note. A histogram that said it is no reset since the one before it says so
 * no more where that one was not taken.
 */
export function noteTaken(
  last: LastTaken,
  taken: { readonly samples: SampleBuffer; readonly from: number; readonly to: number },
  out: SampleBuffer,
  row: number,
): void {
  const { samples, from, to } = taken;
  if (to <= from) return;
  const follows = last.samples === samples && last.at === from - 1 && last.row === row - 1;
  if (!follows && row > 0) forgetNoReset(out, row);
  last.samples = samples;
  last.at = to - 1;
  last.row = row + to - from - 1;
}

/**
 * Makes "no reset" of a histogram "unknown"; gauges stay gauges. A finer schema than before, which whoever detects resets
 * takes for one, is only another replica's: it is "no reset" where its buckets, made as coarse, have not become fewer.
 */
export function forgetNoReset({ histograms, length }: SampleBuffer, row: number): void {
  if (histograms === undefined || row >= length || !histograms.has(row)) return;
  if (histograms.hintAt(row) === resetHints.notReset) histograms.setHint(row, resetHints.unknown);
  if (histograms.hintAt(row) !== resetHints.unknown || row === 0 || !histograms.has(row - 1)) return;
  histograms.lend(row - 1, before);
  histograms.lend(row, after);
  const { schema } = before.layout;
  if (schema === customSchema || after.layout.schema <= schema) return;
  copyHistogram(after, coarser);
  reduceResolution(coarser, schema);
  if (!detectReset(coarser, before)) histograms.setHint(row, resetHints.notReset);
}

const before = createHistogram();
const after = createHistogram();
const coarser = createHistogram();

/** Below this many samples a loop is faster than the views that a copy of memory needs. */
const shortRun = 24;

/** Adds samples [from, to) of another; values are copied bit for bit, so staleness markers survive. */
export function appendSamples(out: SampleBuffer, source: SampleBuffer, from: number, to: number): void {
  if (to <= from) return;
  out.ensure(to - from);
  let at = out.length;
  out.length += to - from;
  if (source.histograms !== undefined) appendHistograms(out, source, from, to);
  if (to - from >= shortRun) {
    out.times.set(source.times.subarray(from, to), at);
    out.values.set(source.values.subarray(from, to), at);
    return;
  }
  const { times, words } = out;
  for (let i = from; i < to; i++) {
    times[at] = source.times[i] as number;
    words[2 * at] = source.words[2 * i] as number;
    words[2 * at + 1] = source.words[2 * i + 1] as number;
    at++;
  }
}

/** Adds samples [from, to) of another with `adjust` added to their values; histograms are left as they are. */
export function appendAdjusted(
  out: SampleBuffer,
  source: SampleBuffer,
  range: { readonly from: number; readonly to: number; readonly adjust: number },
): void {
  const { from, to, adjust } = range;
  if (to <= from) return;
  out.ensure(to - from);
  const { times, values } = out;
  let at = out.length;
  for (let i = from; i < to; i++) {
    times[at] = source.times[i] as number;
    values[at] = (source.values[i] as number) + adjust;
    at++;
  }
  out.length = at;
  if (source.histograms !== undefined) appendHistograms(out, source, from, to);
}

/** Copies the histograms of samples [from, to) to the end of `out`, which has the samples already. */
function appendHistograms(out: SampleBuffer, source: SampleBuffer, from: number, to: number): void {
  const { histograms } = source;
  if (histograms === undefined) return;
  let first = from;
  while (first < to && !histograms.has(first)) first++;
  if (first < to) out.withHistograms().setRowsFrom(out.length - to + first, histograms, first, to);
}
