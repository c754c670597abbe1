import { equalHistograms } from "../../../model/histogram/equal.ts";
import { createHistogram } from "../../../model/histogram/histogram.ts";
import type { Extension } from "../extended-range.ts";
import { isHistogramReset } from "./histogram-facts.ts";
import type { MixedInput, MixedKernel } from "./mixed-kernel.ts";
import { isStartReset } from "./start-times.ts";

type Event = "changes" | "resets";

/**
 * changes and resets: how many samples of the window differ from, or are below, the one before; to become a histogram or
 * a float is both. What happens between two samples is found once for all windows. Of an anchored range, the last
 * sample before it is what its first one is compared with.
 */
export function createMixedEvents(event: Event, anchored: Extension | undefined): MixedKernel {
  let before = new Int32Array(0);
  return (input, out) => {
    if (before.length < input.length) before = new Int32Array(input.length);
    countEvents(event, input, before);
    const { lo, hi, grid } = input.windows;
    let count = 0;
    for (let k = 0; k < lo.length; k++) {
      let first = lo[k] as number;
      const last = (hi[k] as number) - 1;
      out.present[k] = 0;
      if (last < first) continue;
      if (anchored !== undefined) {
        const startMs = grid.firstEndMs + k * grid.stepMs - anchored.rangeMs;
        if ((input.times[last] as number) <= startMs) continue;
        while (first < last && (input.times[first + 1] as number) <= startMs) first++;
      }
      out.values[k] = (before[last] as number) - (before[first] as number);
      out.present[k] = 1;
      count++;
    }
    return count;
  };
}

/** Writes how many events there were up to each sample that a window sees. */
function countEvents(event: Event, input: MixedInput, before: Int32Array): void {
  const { histograms, windows } = input;
  const from = windows.lo[0] ?? 0;
  const to = windows.hi[windows.hi.length - 1] ?? 0;
  let events = 0;
  before[from] = 0;
  for (let i = from + 1; i < to; i++) {
    const isHistogram = histograms.has(i);
    if (isHistogram !== histograms.has(i - 1)) events++;
    else if (event === "resets" ? isReset(input, i, isHistogram) : isChange(input, i, isHistogram)) events++;
    before[i] = events;
  }
}

function isReset(input: MixedInput, i: number, isHistogram: boolean): boolean {
  const { times, values, startTimesMs } = input;
  if (startTimesMs !== undefined && isStartReset(times, startTimesMs, i)) return true;
  return isHistogram ? isHistogramReset(input, i) : (values[i] as number) < (values[i - 1] as number);
}

const current = createHistogram();
const previous = createHistogram();

function isChange({ values, histograms }: MixedInput, i: number, isHistogram: boolean): boolean {
  if (isHistogram) {
    return !equalHistograms(histograms.lend(i, current), histograms.lend(i - 1, previous));
  }
  const value = values[i] as number;
  const valueBefore = values[i - 1] as number;
  return value !== valueBefore && !(Number.isNaN(value) && Number.isNaN(valueBefore));
}
