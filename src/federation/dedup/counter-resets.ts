import type { HistogramColumn } from "../../model/histogram/histogram-column.ts";
import type { SampleBuffer } from "../../wire/sample-buffer.ts";
import { forgetNoReset } from "./replica.ts";

/** What is known of a counter between its chunks. */
export interface CounterState {
  started: boolean;
  lastMs: number;
  lastValue: number;
  total: number;
}

export function createCounterState(): CounterState {
  return { started: false, lastMs: Number.NEGATIVE_INFINITY, lastValue: 0, total: 0 };
}

export function resetCounterState(state: CounterState): void {
  state.started = false;
  state.lastMs = Number.NEGATIVE_INFINITY;
  state.lastValue = 0;
  state.total = 0;
}

/**
 * Turns the samples of one more chunk, [from, length), into a total that never falls (Thanos's
 * ApplyCounterResetsSeriesIterator), in place, and cuts the buffer where samples drop out:
 *
 *   t > last   the increase is added, or the whole value after a reset
 *   t = last   the true last raw value, with which a downsampled chunk ends: remembered, not emitted
 *   t < last   an overlap, left out; NaN and staleness markers likewise
 *
 * Histograms pass as they are, overlaps left out; their resets are found where they are used.
 */
export function applyCounterResets(samples: SampleBuffer, from: number, state: CounterState): void {
  if (samples.histograms !== undefined && holdsHistograms(samples.histograms, from, samples.length)) {
    dropOverlap(samples, samples.histograms, from, state);
    return;
  }
  const { times, values, length } = samples;
  let { started, lastMs, lastValue, total } = state;
  let at = from;
  for (let i = from; i < length; i++) {
    const value = values[i] as number;
    if (Number.isNaN(value)) continue;
    const time = times[i] as number;
    if (time > lastMs) {
      if (!started) {
        total = value;
        started = true;
      } else if (value >= lastValue) total += value - lastValue;
      else total += value;
      lastMs = time;
      lastValue = value;
      times[at] = time;
      values[at] = total;
      at++;
    } else if (time === lastMs) lastValue = value;
  }
  samples.length = at;
  state.started = started;
  state.lastMs = lastMs;
  state.lastValue = lastValue;
  state.total = total;
}

/** A chunk has samples of one kind, but for staleness markers. */
function holdsHistograms(histograms: HistogramColumn, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (histograms.has(i)) return true;
  return false;
}

/** Leaves out what a chunk of histograms has at times that are over, and its staleness markers. */
function dropOverlap(
  samples: SampleBuffer,
  histograms: HistogramColumn,
  from: number,
  state: CounterState,
): void {
  const { times, values, length } = samples;
  let at = from;
  let lastKept = -1;
  for (let i = from; i < length; i++) {
    const time = times[i] as number;
    if (time <= state.lastMs || !histograms.has(i)) continue;
    state.lastMs = time;
    times[at] = time;
    values[at] = 0;
    if (at !== i) histograms.setFrom(at, histograms, i);
    // The one that it is no reset behind was left out.
    if (i > from && lastKept !== i - 1) forgetNoReset(samples, at);
    lastKept = i;
    at++;
  }
  samples.remove(at, length);
}
