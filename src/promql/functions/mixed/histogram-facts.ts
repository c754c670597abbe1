import { detectReset } from "../../../model/histogram/detect-reset.ts";
import { createHistogram, resetHints } from "../../../model/histogram/histogram.ts";
import type { MixedInput } from "./mixed-kernel.ts";
import { isStartReset } from "./start-times.ts";

/**
 * What windows of one series ask of its histograms, found once for all of them. Of samples that no window sees nothing is
 * looked at; indexes count from the first one that is seen.
 *
 *   sample         0  1  2  3  4         resets     [2, 4]
 *   reset          ·  ·  ×  ·  ×         resetsTo   [0, 0, 0, 1, 1, 2]: how many of the first i samples
 */
export interface HistogramFacts {
  /** Histograms that follow a histogram and begin anew, ascending. */
  resets: Int32Array;
  resetsTo: Int32Array;
  /** How many of the first i samples are gauge histograms. */
  gaugesTo: Int32Array;
  /** Whether all histograms have one schema. */
  oneSchema: boolean;
}

/** Reads the facts of a series; resets only where they are asked for. Lent until the next call. */
export function createFactReader(withResets: boolean): (input: MixedInput) => HistogramFacts {
  const facts: HistogramFacts = {
    resets: new Int32Array(0),
    resetsTo: new Int32Array(1),
    gaugesTo: new Int32Array(1),
    oneSchema: true,
  };
  return (input) => {
    if (facts.resetsTo.length <= input.length) {
      facts.resets = new Int32Array(input.length);
      facts.resetsTo = new Int32Array(input.length + 1);
      facts.gaugesTo = new Int32Array(input.length + 1);
    }
    readHints(input, facts);
    if (withResets) readResets(input, facts);
    return facts;
  };
}

function readHints({ histograms, windows }: MixedInput, facts: HistogramFacts): void {
  const { lo, hi } = windows;
  const from = lo[0] ?? 0;
  const to = hi[hi.length - 1] ?? 0;
  let gauges = 0;
  let schema: number | undefined;
  facts.oneSchema = true;
  facts.gaugesTo[from] = 0;
  for (let i = from; i < to; i++) {
    const layout = histograms.layoutAt(i);
    if (layout !== undefined) {
      if (histograms.hintAt(i) === resetHints.gauge) gauges++;
      schema ??= layout.schema;
      if (layout.schema !== schema) facts.oneSchema = false;
    }
    facts.gaugesTo[i + 1] = gauges;
  }
}

function readResets(input: MixedInput, facts: HistogramFacts): void {
  const { histograms, times, startTimesMs } = input;
  const { lo, hi } = input.windows;
  const from = lo[0] ?? 0;
  const to = hi[hi.length - 1] ?? 0;
  let found = 0;
  facts.resetsTo[from] = 0;
  facts.resetsTo[from + 1] = 0;
  for (let i = from + 1; i < to; i++) {
    // Most say themselves that they are none.
    const saysNone = startTimesMs === undefined && histograms.hintAt(i) === resetHints.notReset;
    if (!saysNone && histograms.has(i) && histograms.has(i - 1)) {
      const reset =
        (startTimesMs !== undefined && isStartReset(times, startTimesMs, i)) || isHistogramReset(input, i);
      if (reset) facts.resets[found++] = i;
    }
    facts.resetsTo[i + 1] = found;
  }
}

const current = createHistogram();
const previous = createHistogram();

/** Whether histogram `i` is less than histogram `i − 1`, as far as they tell. */
export function isHistogramReset({ histograms }: MixedInput, i: number): boolean {
  return detectReset(histograms.lend(i, current), histograms.lend(i - 1, previous));
}
