import type { SampleBuffer } from "../../wire/sample-buffer.ts";
import {
  appendAdjusted,
  appendSamples,
  createLastTaken,
  type LastTaken,
  noteTaken,
  type Replica,
  seekReplica,
} from "./replica.ts";

/**
 * Thanos's penalty dedup of two replicas (pkg/dedup/iter.go, with forward-only seeks as in production): the replica
 * that was chosen last goes on; the other must stay behind by twice the last step, so that a sample of it is taken
 * only where the chosen one has a gap.
 *
 *   a   10  20  30  .   .   60  70       penalty of b after 30: 2 × 10
 *   b   11  21  31  41  51  61  71
 *   →   10  20  30      51  61  71       a must come after 51 + 2 × 21 now
 *
 * What is used of the other is only whether it has a sample before the chosen one's next, so it is decoded where its
 * chunks could hold one, and not at all where the chosen replica has no gap.
 * Ties go to `a`. Before there is a step the penalty is 5 s.
 */
export function mergePenalty(a: Replica, b: Replica, out: SampleBuffer): void {
  merge(a, b, { out, adjusts: false, last: createLastTaken() });
}

/**
 * The same for counters (`rate`, `increase`, `irate`, `resets`): on a switch, a replica whose value is lower than what
 * was emitted last is lifted by the difference from there on, lest the switch look like a reset.
 */
export function mergeCounterPenalty(a: Replica, b: Replica, out: SampleBuffer): void {
  merge(a, b, { out, adjusts: true, last: createLastTaken() });
}

const initialPenaltyMs = 5000;

/** A replica and what it is lifted by. */
interface Side {
  readonly replica: Replica;
  /** Whether it wins ties. */
  readonly first: boolean;
  adjust: number;
}

interface Merge {
  readonly out: SampleBuffer;
  readonly adjusts: boolean;
  readonly last: LastTaken;
}

function merge(a: Replica, b: Replica, into: Merge): void {
  let chosen: Side = { replica: a, first: true, adjust: 0 };
  let other: Side = { replica: b, first: false, adjust: 0 };
  if (!seekReplica(a, Number.NEGATIVE_INFINITY)) {
    drain(b, 0, into);
    return;
  }
  // As upstream's iterator, which looks at `a` for the last value before anything was emitted.
  let lastValue = valueAt(chosen);
  let lastMs = Number.NEGATIVE_INFINITY;
  let otherFloorMs = lowerBoundMs(b);

  for (;;) {
    const { replica } = chosen;
    const from = replica.at;
    const { samples } = replica;
    runState[0] = lastMs;
    runState[1] = otherFloorMs;
    const at = runEnd(samples, from);
    if (at > from) {
      otherFloorMs = runState[1] as number;
      lastMs = samples.times[at - 1] as number;
      lastValue = floatAt(samples, at - 1) + chosen.adjust;
      emit(samples, { from, to: at, adjust: chosen.adjust }, into);
      replica.at = at;
    }
    if (at === samples.length) {
      if (replica.fill(lastMs + 1)) continue;
      if (!seekReplica(other.replica, otherFloorMs)) return;
      if (into.adjusts) lift(other, lastValue);
      drain(other.replica, other.adjust, into);
      return;
    }
    if (!seekReplica(other.replica, otherFloorMs)) {
      drain(replica, chosen.adjust, into);
      return;
    }
    const chosenMs = samples.times[at] as number;
    const otherMs = other.replica.samples.times[other.replica.at] as number;
    if (chosenMs < otherMs || (chosenMs === otherMs && chosen.first)) {
      emit(samples, { from: at, to: at + 1, adjust: chosen.adjust }, into);
      otherFloorMs = Math.max(otherMs, chosenMs + 1 + penaltyMs(chosenMs, lastMs));
      lastMs = chosenMs;
      lastValue = floatAt(samples, at) + chosen.adjust;
      replica.at = at + 1;
      continue;
    }
    if (into.adjusts) {
      lift(chosen, lastValue);
      lift(other, lastValue);
    }
    const left = chosen;
    chosen = other;
    other = left;
    emit(
      chosen.replica.samples,
      { from: chosen.replica.at, to: chosen.replica.at + 1, adjust: chosen.adjust },
      into,
    );
    lastValue = valueAt(chosen);
    otherFloorMs = Math.max(chosenMs, otherMs + 1 + penaltyMs(otherMs, lastMs));
    lastMs = otherMs;
    chosen.replica.at++;
  }
}

/**
 * Time of the last sample that was taken, and the floor of the other replica: both are given to `runEnd`, and the floor
 * comes back. Numbers that are passed on would be made objects, one for each sample.
 */
const runState = new Float64Array(2);

/**
 * End of the run of samples from `from` that are chosen whatever the other replica holds, as each comes before
 * its floor, the first time at which the other could have a sample that is not behind its penalty.
 */
function runEnd(samples: SampleBuffer, from: number): number {
  const { times, length } = samples;
  let at = from;
  let last = runState[0] as number;
  let floor = runState[1] as number;
  if (at < length && last === Number.NEGATIVE_INFINITY && (times[at] as number) < floor) {
    last = times[at] as number;
    floor = Math.max(floor, last + 1 + initialPenaltyMs);
    at++;
  }
  while (at < length) {
    const time = times[at] as number;
    if (time >= floor) break;
    const next = time + 1 + 2 * (time - last);
    if (next > floor) floor = next;
    last = time;
    at++;
  }
  runState[1] = floor;
  return at;
}

function penaltyMs(timeMs: number, lastMs: number): number {
  return lastMs === Number.NEGATIVE_INFINITY ? initialPenaltyMs : 2 * (timeMs - lastMs);
}

function lowerBoundMs(replica: Replica): number {
  const { times, length } = replica.samples;
  return replica.at < length ? (times[replica.at] as number) : replica.nextMinMs();
}

function valueAt(side: Side): number {
  return floatAt(side.replica.samples, side.replica.at) + side.adjust;
}

/** NaN for a histogram, which is never lifted and lifts nothing, as no number is less than NaN. */
function floatAt({ values, histograms }: SampleBuffer, at: number): number {
  return histograms?.has(at) === true ? Number.NaN : (values[at] as number);
}

function lift(side: Side, lastValue: number): void {
  const value = valueAt(side);
  if (lastValue > value) side.adjust += lastValue - value;
}

function emit(
  samples: SampleBuffer,
  range: { readonly from: number; readonly to: number; readonly adjust: number },
  into: Merge,
): void {
  const row = into.out.length;
  if (into.adjusts) appendAdjusted(into.out, samples, range);
  else appendSamples(into.out, samples, range.from, range.to);
  if (samples.histograms !== undefined)
    noteTaken(into.last, { samples, from: range.from, to: range.to }, into.out, row);
}

/** All that is left of a replica whose counterpart is at its end. */
function drain(replica: Replica, adjust: number, into: Merge): void {
  do {
    const { samples } = replica;
    emit(samples, { from: replica.at, to: samples.length, adjust }, into);
    replica.at = samples.length;
  } while (replica.fill(Number.NEGATIVE_INFINITY));
}
