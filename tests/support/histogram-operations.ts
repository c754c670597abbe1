import { addTo, combined, kahanAddTo, subtractFrom } from "../../src/model/histogram/combine.ts";
import { compact } from "../../src/model/histogram/compact.ts";
import { detectReset } from "../../src/model/histogram/detect-reset.ts";
import { equalHistograms } from "../../src/model/histogram/equal.ts";
import { formatHistogram } from "../../src/model/histogram/format.ts";
import { createHistogram, type Histogram } from "../../src/model/histogram/histogram.ts";
import { hasOverflow } from "../../src/model/histogram/overflow.ts";
import {
  fractionExcludedNaN,
  fractionOfHistogram,
  quantileNote,
  quantileOfHistogram,
} from "../../src/model/histogram/quantile.ts";
import { reduceResolution } from "../../src/model/histogram/reduce-resolution.ts";
import { divide, multiply } from "../../src/model/histogram/scale.ts";
import { trimBuckets } from "../../src/model/histogram/trim.ts";
import { varianceOfHistogram } from "../../src/model/histogram/variance.ts";
import { createBucketWalk, nextBucket, walkDown, walkUp } from "../../src/model/histogram/walk-buckets.ts";
import {
  type PlainHistogram,
  type PlainNumber,
  toHistogram,
  toLentHistogram,
  toNumber,
  toPlain,
  toPlainNumber,
} from "./histograms.ts";

/** An operation on histograms with its operands, as a JSON value. */
export interface HistogramCase {
  readonly op: string;
  readonly histograms: readonly PlainHistogram[];
  readonly args: readonly PlainNumber[];
}

/** What an operation makes of its operands here, as a JSON value in the form of the recorded answers. */
export function answerOf({ op, histograms, args }: HistogramCase): unknown {
  const [first, second] = histograms;
  if (first === undefined) throw new Error("an operation without operands");
  const into = toHistogram(first);
  const other = toLentHistogram(second ?? first);
  const arg = (i: number) => toNumber(args[i] ?? 0);
  switch (op) {
    case "add":
      return flagged(addTo(into, other), into);
    case "subtract":
      return flagged(subtractFrom(into, other), into);
    case "kahan":
      return kahanAnswer(into, histograms.slice(1));
    case "kahanStep":
      return kahanStep(into, other, histograms[2]);
    case "detectReset":
      return detectReset(toLentHistogram(first), other);
    case "equal":
      return equalHistograms(into, other);
    case "quantile":
      return [toPlainNumber(quantileOfHistogram(arg(0), into)), quantileNote()];
    case "fraction":
      return [toPlainNumber(fractionOfHistogram(arg(0), arg(1), into)), fractionExcludedNaN() ? 1 : 0];
    case "variance":
      return toPlainNumber(varianceOfHistogram(toLentHistogram(first)));
    case "format":
      return formatHistogram(toLentHistogram(first));
    case "overflow":
      return hasOverflow(toLentHistogram(first));
    case "walkUp":
      return bucketsOf(toLentHistogram(first), walkUp);
    case "walkDown":
      return bucketsOf(toLentHistogram(first), walkDown);
    default:
      changeAlone(op, into, arg);
      return toPlain(into);
  }
}

function changeAlone(op: string, into: Histogram, arg: (i: number) => number): void {
  if (op === "compact") compact(into);
  else if (op === "reduce") reduceResolution(into, arg(0));
  else if (op === "multiply") multiply(into, arg(0));
  else if (op === "divide") divide(into, arg(0));
  else if (op === "trim") trimBuckets(into, arg(0), arg(1) === 1 ? "upper" : "lower");
  else throw new Error(`an operation of no name: ${op}`);
}

function flagged(flags: number, into: Histogram): unknown {
  return [flags, toPlain(into)];
}

/** The flags of each addition, sum and compensation, and both added up. */
function kahanAnswer(into: Histogram, others: readonly PlainHistogram[]): unknown {
  const compensation = createHistogram();
  const answer: unknown[] = [];
  let isStarted = false;
  for (const other of others) {
    const flags = kahanAddTo(into, compensation, toLentHistogram(other));
    if (flags !== combined.incompatible) isStarted = true;
    answer.push(flags);
  }
  // Its hint is nobody's.
  compensation.resetHint = into.resetHint;
  answer.push(toPlain(into), isStarted ? toPlain(compensation) : null);
  if (isStarted) addTo(into, compensation);
  return [...answer, toPlain(into)];
}

/** One addition to a sum, with what it has lost so far. */
function kahanStep(into: Histogram, other: Histogram, lost: PlainHistogram | undefined): unknown {
  const compensation = lost === undefined ? createHistogram() : toHistogram(lost);
  const flags = kahanAddTo(into, compensation, other);
  return [flags, toPlain(into), flags === combined.incompatible ? null : toPlain(compensation)];
}

/** Lower, upper, count, and which bounds belong to it (1 lower, 2 upper), bucket after bucket. */
function bucketsOf(histogram: Histogram, start: typeof walkUp): unknown {
  const walk = createBucketWalk();
  const parts: PlainNumber[] = [];
  start(walk, histogram);
  while (nextBucket(walk)) {
    const inclusive = (walk.lowerInclusive ? 1 : 0) + (walk.upperInclusive ? 2 : 0);
    parts.push(...[walk.lower, walk.upper, walk.count, inclusive].map(toPlainNumber));
  }
  return parts;
}
