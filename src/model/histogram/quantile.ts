import { exp2, log2 } from "./binary-logarithm.ts";
import { fractionBelow } from "./fraction-below.ts";
import { customSchema, type Histogram } from "./histogram.ts";
import { type BucketWalk, createBucketWalk, nextBucket, walkDown, walkUp } from "./walk-buckets.ts";

/** What there is to say about a quantile of a histogram that has observed NaN. */
export const quantileNotes = {
  none: 0,
  /** The quantile lies above all buckets, and is NaN. */
  isNaN: 1,
  /** It is higher than that of the numbers, NaN being counted above them. */
  isSkewed: 2,
} as const;
export type QuantileNote = (typeof quantileNotes)[keyof typeof quantileNotes];

let lastNote: QuantileNote = quantileNotes.none;

/** The note on the last call of `quantileOfHistogram`. */
export function quantileNote(): QuantileNote {
  return lastNote;
}

const walk = createBucketWalk();

/**
 * The value that the share `phi` of all observations does not exceed: −Inf below 0, +Inf above 1, NaN without
 * observations. Interpolated exponentially, or linearly in the zero bucket and in custom buckets. Follows Prometheus's
 * HistogramQuantile.
 */
export function quantileOfHistogram(phi: number, histogram: Histogram): number {
  lastNote = quantileNotes.none;
  if (phi < 0) return Number.NEGATIVE_INFINITY;
  if (phi > 1) return Number.POSITIVE_INFINITY;
  if (histogram.count === 0 || Number.isNaN(phi)) return Number.NaN;
  const hasNaN = Number.isNaN(histogram.sum);
  const isUpward = hasNaN || phi < 0.5;
  const rank = (isUpward ? phi : 1 - phi) * histogram.count;
  if (isUpward) walkUp(walk, histogram);
  else walkDown(walk, histogram);
  let count = walkToRank(rank);
  if (count > histogram.count) count = histogram.count;
  const isCustom = histogram.layout.schema === customSchema;
  if (isCustom) {
    if (walk.lower === Number.NEGATIVE_INFINITY && walk.upper <= 0) return walk.upper;
    if (walk.upper === Number.POSITIVE_INFINITY && walk.lower !== Number.NEGATIVE_INFINITY) return walk.lower;
    if (walk.lower === Number.NEGATIVE_INFINITY) walk.lower = 0;
  } else if (walk.lower < 0 && walk.upper > 0) {
    boundZeroBucket(histogram);
  }
  if (count < rank) {
    if (!hasNaN) return walk.upper;
    lastNote = quantileNotes.isNaN;
    return Number.NaN;
  }
  const rankInBucket = isUpward ? rank - (count - walk.count) : count - rank;
  if (hasNaN && countAll(count) < histogram.count) lastNote = quantileNotes.isSkewed;
  // With a sum of NaN the walk is at its last bucket by now, and so is upstream.
  const { lower, upper } = walk;
  const fraction = rankInBucket / walk.count;
  return interpolate(lower, upper, fraction, isCustom);
}

/** Goes to the first bucket with observations up to which there are `rank`; how many there are. */
function walkToRank(rank: number): number {
  let count = 0;
  while (nextBucket(walk)) {
    if (walk.count === 0) continue;
    count += walk.count;
    if (count >= rank) break;
  }
  return count;
}

function countAll(counted: number): number {
  let count = counted;
  while (nextBucket(walk)) count += walk.count;
  return count;
}

/** A histogram with buckets on one side only has no observations on the other side of zero. */
function boundZeroBucket({ layout }: Histogram, bucket: BucketWalk = walk): void {
  if (layout.negative.length === 0 && layout.positive.length > 0) bucket.lower = 0;
  else if (layout.positive.length === 0 && layout.negative.length > 0) bucket.upper = 0;
}

function interpolate(lower: number, upper: number, fraction: number, isCustom: boolean): number {
  if (isCustom || (lower <= 0 && upper >= 0)) return lower + (upper - lower) * fraction;
  const logLower = log2(Math.abs(lower));
  const logUpper = log2(Math.abs(upper));
  if (lower > 0) return exp2(logLower + (logUpper - logLower) * fraction);
  return -exp2(logUpper + (logLower - logUpper) * (1 - fraction));
}

let lastHasNaN = false;

/** Whether the last call of `fractionOfHistogram` left out observations of NaN. */
export function fractionExcludedNaN(): boolean {
  return lastHasNaN;
}

/** Observations up to a value: counted so far, and whether the value was passed. */
interface Rank {
  value: number;
  rank: number;
  isSet: boolean;
}

const from: Rank = { value: 0, rank: 0, isSet: false };
const to: Rank = { value: 0, rank: 0, isSet: false };

/**
 * The share of all observations between two values: 0 where `lower` is not below `upper`, NaN without observations.
 * Interpolated as quantiles are. Follows Prometheus's HistogramFraction.
 */
export function fractionOfHistogram(lower: number, upper: number, histogram: Histogram): number {
  lastHasNaN = false;
  if (histogram.count === 0 || Number.isNaN(lower) || Number.isNaN(upper)) return Number.NaN;
  if (lower >= upper) return 0;
  startRank(from, lower);
  startRank(to, upper);
  const isCustom = histogram.layout.schema === customSchema;
  let count = 0;
  let rank = 0;
  walkUp(walk, histogram);
  while (nextBucket(walk)) {
    count += walk.count;
    const isZeroBucket = walk.lower <= 0 && walk.upper >= 0;
    if (isZeroBucket) boundZeroBucket(histogram);
    setRank(from, rank, isCustom || isZeroBucket);
    setRank(to, rank, isCustom || isZeroBucket);
    if (from.isSet && to.isSet) break;
    rank += walk.count;
  }
  if (Number.isNaN(histogram.sum)) {
    count = countAll(count);
    lastHasNaN = count < histogram.count;
  } else {
    count = histogram.count;
  }
  return (rankOf(to, count) - rankOf(from, count)) / histogram.count;
}

function startRank(rank: Rank, value: number): void {
  rank.value = value;
  rank.rank = 0;
  rank.isSet = false;
}

/** Sets the rank where its value lies at the start of the walk's bucket or inside it; `below` are before the bucket. */
function setRank(rank: Rank, below: number, isLinear: boolean): void {
  if (rank.isSet) return;
  const { lower, upper, count } = walk;
  if (lower >= rank.value) {
    rank.rank = below;
    rank.isSet = true;
  } else if (upper > rank.value) {
    // Nobody knows where observations lie in a bucket from −Inf on: all count as below.
    const isEndless = isLinear && lower === Number.NEGATIVE_INFINITY;
    rank.rank = isEndless ? count : below + count * fractionBelow(lower, upper, rank.value, isLinear);
    rank.isSet = true;
  }
}

function rankOf(rank: Rank, count: number): number {
  return !rank.isSet || rank.rank > count ? count : rank.rank;
}
