import {
  bucketCount,
  createHistogram,
  customSchema,
  type HistogramLayout,
  type ResetHint,
  resetHints,
  sameLayout,
} from "../../../model/histogram/histogram.ts";
import { clearOfZeroBucket } from "../../../model/histogram/union-layout.ts";
import { createSpread, isEven, largestPlain, resetSpread, type Spread, widenSpread } from "../spread.ts";
import { type MixedInput, type MixedOut, notes } from "./mixed-kernel.ts";

/** Numbers that suffix sums may take: 16 MB with what they lose. */
const mostNumbers = 1 << 20;

/**
 * Sums and averages of histograms that share one layout, in O(samples), as sum_over_time of floats does it for every
 * bucket: suffix sums of what leaves, a running sum of what enters, all with their lost bits.
 *
 *   window  [ a b c | d e ]     suffix sums of a b c, from `first` on up to `middle`; running sum of d e up to `end`
 *
 * Rows of a table are one histogram each: its buckets, then count, sum and zero count.
 */
interface Slide {
  readonly average: boolean;
  /** For each sample, where the run of histograms of its layout begins. */
  runs: Int32Array;
  /** How many of the first i samples are gauges, resets and no resets. */
  gaugesTo: Int32Array;
  resetsTo: Int32Array;
  notResetsTo: Int32Array;
  /** Whether no order of addition overflows, or loses more than another. */
  isPlain: boolean;
  width: number;
  first: number;
  middle: number;
  end: number;
  suffix: Float64Array;
  suffixLost: Float64Array;
  running: Float64Array;
  runningLost: Float64Array;
}

const spread: Spread = createSpread();

export function createSlide(average: boolean): Slide {
  const none = new Float64Array(0);
  const noIndexes = new Int32Array(1);
  return {
    average,
    runs: noIndexes,
    gaugesTo: noIndexes,
    resetsTo: noIndexes,
    notResetsTo: noIndexes,
    isPlain: false,
    width: 0,
    first: 0,
    middle: 0,
    end: 0,
    suffix: none,
    suffixLost: none,
    running: none,
    runningLost: none,
  };
}

/** Begins with a series. */
export function startSlide(slide: Slide, input: MixedInput): void {
  const { length, histograms, windows } = input;
  const from = windows.lo[0] ?? 0;
  const to = windows.hi[windows.hi.length - 1] ?? 0;
  if (slide.runs.length <= length) {
    slide.runs = new Int32Array(length + 1);
    slide.gaugesTo = new Int32Array(length + 1);
    slide.resetsTo = new Int32Array(length + 1);
    slide.notResetsTo = new Int32Array(length + 1);
  }
  slide.middle = 0;
  slide.end = 0;
  slide.isPlain = true;
  resetSpread(spread);
  let before: HistogramLayout | undefined;
  slide.gaugesTo[from] = 0;
  slide.resetsTo[from] = 0;
  slide.notResetsTo[from] = 0;
  for (let i = from; i < to; i++) {
    const layout = histograms.layoutAt(i);
    const hint = layout === undefined ? resetHints.unknown : histograms.hintAt(i);
    slide.gaugesTo[i + 1] = (slide.gaugesTo[i] as number) + (hint === resetHints.gauge ? 1 : 0);
    slide.resetsTo[i + 1] = (slide.resetsTo[i] as number) + (hint === resetHints.reset ? 1 : 0);
    slide.notResetsTo[i + 1] = (slide.notResetsTo[i] as number) + (hint === resetHints.notReset ? 1 : 0);
    const goesOn = layout !== undefined && before !== undefined && sameLayout(layout, before);
    slide.runs[i] = goesOn ? (slide.runs[i - 1] as number) : i;
    before = layout;
    if (layout === undefined) continue;
    if (!isPlain(input, i)) slide.isPlain = false;
    widenSpread(spread, histograms.sumAt(i));
  }
  if (!isEven(spread)) slide.isPlain = false;
}

const row = createHistogram();

/** Whether all counts of a histogram are numbers from 0 on: nothing is lost where nothing is taken away. */
function isPlain({ histograms }: MixedInput, i: number): boolean {
  const { buckets, at, layout, count, zeroCount } = histograms.lend(i, row);
  let plain = isCount(count) && isCount(zeroCount);
  const end = at + bucketCount(layout);
  for (let b = at; b < end; b++) if (!isCount(buckets[b] as number)) plain = false;
  return plain;
}

function isCount(value: number): boolean {
  return value >= 0 && value <= largestPlain;
}

/** Answers a window where its histograms allow it; false where they are to be added one by one. */
export function slideTo(
  slide: Slide,
  input: MixedInput,
  { from, to }: { readonly from: number; readonly to: number },
  step: number,
  out: MixedOut,
): boolean {
  const layout = input.histograms.layoutAt(from);
  if (!slide.isPlain || layout === undefined || (slide.runs[to - 1] as number) > from) return false;
  if (layout.schema !== customSchema && !clearOfZeroBucket(layout)) return false;
  const width = bucketCount(layout) + 3;
  if ((to - from) * width > mostNumbers) return false;
  if (from >= slide.middle || from < slide.first || (slide.runs[from] as number) > slide.first) {
    slide.width = width;
    restart(slide, input, from, to);
  }
  for (; slide.end < to; slide.end++) {
    addRow(input, slide.end, slide.running, slide.runningLost, 0);
  }
  write(slide, from, to, layout, step, out);
  return true;
}

/** Makes suffix sums of a window, with nothing running after it. */
function restart(slide: Slide, input: MixedInput, from: number, to: number): void {
  const { width } = slide;
  slide.first = from;
  slide.middle = to;
  slide.end = to;
  const wanted = (to - from) * width;
  if (slide.suffix.length < wanted) {
    slide.suffix = new Float64Array(wanted);
    slide.suffixLost = new Float64Array(wanted);
  }
  if (slide.running.length < width) {
    slide.running = new Float64Array(width);
    slide.runningLost = new Float64Array(width);
  }
  slide.running.fill(0);
  slide.runningLost.fill(0);
  const { suffix, suffixLost } = slide;
  for (let i = to - 1; i >= from; i--) {
    const at = (i - from) * width;
    if (i === to - 1) {
      suffix.fill(0, at, at + width);
      suffixLost.fill(0, at, at + width);
    } else {
      suffix.copyWithin(at, at + width, at + 2 * width);
      suffixLost.copyWithin(at, at + width, at + 2 * width);
    }
    addRow(input, i, suffix, suffixLost, at);
  }
}

function addRow(
  { histograms }: MixedInput,
  i: number,
  sums: Float64Array,
  lost: Float64Array,
  at: number,
): void {
  const { buckets, at: start, layout, count, sum, zeroCount } = histograms.lend(i, row);
  const size = bucketCount(layout);
  for (let b = 0; b < size; b++) add(sums, lost, at + b, buckets[start + b] as number);
  add(sums, lost, at + size, count);
  add(sums, lost, at + size + 1, sum);
  add(sums, lost, at + size + 2, zeroCount);
}

function add(sums: Float64Array, lost: Float64Array, at: number, value: number): void {
  const sum = sums[at] as number;
  const total = sum + value;
  const part = total - sum;
  sums[at] = total;
  lost[at] = (lost[at] as number) + (sum - (total - part) + (value - part));
}

function write(
  slide: Slide,
  from: number,
  to: number,
  layout: HistogramLayout,
  step: number,
  out: MixedOut,
): void {
  const { width } = slide;
  const at = (from - slide.first) * width;
  const divisor = slide.average ? to - from : 1;
  const start = out.histograms.place(step, layout);
  const { buckets } = out.histograms;
  for (let b = 0; b < width - 3; b++) buckets[start + b] = joined(slide, at, b, divisor);
  row.count = joined(slide, at, width - 3, divisor);
  row.sum = joined(slide, at, width - 2, divisor);
  row.zeroCount = joined(slide, at, width - 1, divisor);
  row.resetHint = hintOf(slide, from, to, out);
  out.histograms.setNumbers(step, row);
}

/** One number of the sum: of the suffix and of what runs after it, with what both lost. */
function joined(slide: Slide, at: number, b: number, divisor: number): number {
  const left = slide.suffix[at + b] as number;
  const right = slide.running[b] as number;
  const total = left + right;
  const part = total - left;
  const lost =
    left -
    (total - part) +
    (right - part) +
    (slide.suffixLost[at + b] as number) +
    (slide.runningLost[b] as number);
  return divisor === 1 ? total + lost : total / divisor + lost / divisor;
}

/** What adding one after the other makes of the hints. */
function hintOf(slide: Slide, from: number, to: number, out: MixedOut): ResetHint {
  const resets = (slide.resetsTo[to] as number) - (slide.resetsTo[from] as number);
  const notResets = (slide.notResetsTo[to] as number) - (slide.notResetsTo[from] as number);
  if (resets > 0 && notResets > 0) out.notes |= notes.resetCollision;
  if ((slide.gaugesTo[to] as number) > (slide.gaugesTo[from] as number)) return resetHints.gauge;
  if (resets === to - from) return resetHints.reset;
  return notResets === to - from ? resetHints.notReset : resetHints.unknown;
}
