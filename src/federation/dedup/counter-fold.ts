import type { SampleBuffer } from "../../wire/sample-buffer.ts";
import { appendAdjusted, createLastTaken, noteTaken, type Replica } from "./replica.ts";

/**
 * Penalty dedup of three and more counter replicas, folded from the left. It follows upstream's iterators one by one,
 * as a switch further out lifts replicas further in: pairs cannot be merged one after the other.
 *
 *        node 2                node n merges node n − 1 (side a) with replica n (side b);
 *       /      \               node 0 is replica 0 itself
 *     node 1    r2
 *    /      \
 *   r0      r1
 */
export function foldCounters(replicas: readonly Replica[], out: SampleBuffer): void {
  for (const replica of replicas) while (replica.fill(Number.NEGATIVE_INFINITY));
  let node: Node = leaf(replicas[0] as Replica);
  for (const replica of replicas.slice(1)) node = pair(node, leaf(replica));
  const last = createLastTaken();
  while (node.next()) {
    if (node.isFloat()) {
      out.ensure(1);
      out.times[out.length] = node.timeMs();
      out.values[out.length] = node.value();
      out.length++;
      continue;
    }
    const { samples, at } = node.replica();
    const row = out.length;
    appendAdjusted(out, samples, { from: at, to: at + 1, adjust: 0 });
    noteTaken(last, { samples, from: at, to: at + 1 }, out, row);
  }
}

interface Node {
  next(): boolean;
  seek(fromMs: number): boolean;
  timeMs(): number;
  value(): number;
  isFloat(): boolean;
  /** Where the sample comes from. */
  replica(): { readonly samples: SampleBuffer; readonly at: number };
  /** Lifts what is emitted from here on, where its value is below the last one. */
  lift(lastValue: number): void;
}

const initialPenaltyMs = 5000;

function leaf(replica: Replica): Node {
  const { samples } = replica;
  const { times, values, length, histograms } = samples;
  let at = replica.at - 1;
  let adjust = 0;
  return {
    next: () => ++at < length,
    seek(fromMs) {
      if (at < replica.at) at = replica.at;
      while (at < length && (times[at] as number) < fromMs) at++;
      return at < length;
    },
    timeMs: () => times[at] as number,
    value: () => (values[at] as number) + adjust,
    isFloat: () => histograms?.has(at) !== true,
    replica: () => ({ samples, at }),
    lift(lastValue) {
      const value = (values[at] as number) + adjust;
      if (lastValue > value) adjust += lastValue - value;
    },
  };
}

function pair(a: Node, b: Node): Node {
  let aAlive = a.next();
  let bAlive = b.next();
  let lastMs = Number.NEGATIVE_INFINITY;
  let penaltyA = 0;
  let penaltyB = 0;
  let useA = true;
  let last = a;

  /** Chooses the side of the next sample; false at the end of both. */
  const choose = (): boolean => {
    if (aAlive) aAlive = a.seek(lastMs + 1 + penaltyA);
    if (bAlive) bAlive = b.seek(lastMs + 1 + penaltyB);
    if (!aAlive && !bAlive) {
      useA = false;
      return false;
    }
    useA = aAlive && (!bAlive || a.timeMs() <= b.timeMs());
    last = useA ? a : b;
    const timeMs = last.timeMs();
    const penalty = lastMs === Number.NEGATIVE_INFINITY ? initialPenaltyMs : 2 * (timeMs - lastMs);
    penaltyA = useA ? 0 : penalty;
    penaltyB = useA ? penalty : 0;
    lastMs = timeMs;
    return true;
  };
  const lift = (lastValue: number) => {
    if (aAlive && a.isFloat()) a.lift(lastValue);
    if (bAlive && b.isFloat()) b.lift(lastValue);
  };
  const next = (): boolean => {
    const usedA = useA;
    const hasLast = (useA ? aAlive : bAlive) && last.isFloat();
    const lastValue = hasLast ? last.value() : 0;
    const alive = choose();
    if (useA !== usedA && hasLast) lift(lastValue);
    return alive;
  };
  return {
    next,
    seek(fromMs) {
      while ((useA ? a : b).timeMs() < fromMs) if (!next()) return false;
      return true;
    },
    timeMs: () => (useA ? a : b).timeMs(),
    value: () => last.value(),
    isFloat: () => last.isFloat(),
    replica: () => last.replica(),
    lift,
  };
}
