import type { SampleBuffer } from "../../wire/sample-buffer.ts";
import { appendSamples, createLastTaken, type LastTaken, noteTaken, type Replica } from "./replica.ts";

/**
 * Union of all replicas' samples (`--deduplication.func=chain`, Prometheus's ChainedSeriesMerge). Of samples of one
 * time, the one is kept that upstream's walk meets first: it stays on a replica while its times come before the
 * heads of all others, which stand in a binary heap; equal times go to the heap's top.
 */
export function chainReplicas(replicas: readonly Replica[], out: SampleBuffer): void {
  let total = 0;
  for (const replica of replicas) {
    while (replica.fill(Number.NEGATIVE_INFINITY));
    total += replica.samples.length;
  }
  out.ensure(total);
  const heap: Replica[] = [];
  for (const replica of replicas.slice(1)) if (isAlive(replica)) push(heap, replica);
  let current = replicas[0] as Replica;
  let lastMs = Number.NEGATIVE_INFINITY;
  const last = createLastTaken();
  for (;;) {
    if (isAlive(current)) {
      const time = timeOf(current);
      if (time === lastMs) {
        current.at++;
        continue;
      }
      const top = heap[0];
      if (top !== undefined && time >= timeOf(top)) {
        if (heap.length === 1) {
          // Pushing it and taking the top is this, as the top is not after it.
          heap[0] = current;
          current = top;
        } else {
          push(heap, current);
          current = pop(heap);
        }
      }
    } else {
      if (heap.length === 0) return;
      current = pop(heap);
    }
    const time = timeOf(current);
    if (time !== lastMs) {
      copyHead(current, out, last);
      lastMs = time;
    }
    current.at++;
  }
}

function isAlive(replica: Replica): boolean {
  return replica.at < replica.samples.length;
}

function timeOf(replica: Replica): number {
  return replica.samples.times[replica.at] as number;
}

function copyHead({ samples, at }: Replica, out: SampleBuffer, last: LastTaken): void {
  const row = out.length;
  appendSamples(out, samples, at, at + 1);
  if (samples.histograms !== undefined) noteTaken(last, { samples, from: at, to: at + 1 }, out, row);
}

/** Go's container/heap, whose choice among equal times shows in the answer. */
function push(heap: Replica[], replica: Replica): void {
  heap.push(replica);
  let child = heap.length - 1;
  while (child > 0) {
    const parent = (child - 1) >> 1;
    if (!(timeOf(heap[child] as Replica) < timeOf(heap[parent] as Replica))) break;
    swap(heap, child, parent);
    child = parent;
  }
}

function pop(heap: Replica[]): Replica {
  const last = heap.length - 1;
  swap(heap, 0, last);
  let parent = 0;
  for (;;) {
    let child = 2 * parent + 1;
    if (child >= last) break;
    if (child + 1 < last && timeOf(heap[child + 1] as Replica) < timeOf(heap[child] as Replica)) child++;
    if (!(timeOf(heap[child] as Replica) < timeOf(heap[parent] as Replica))) break;
    swap(heap, parent, child);
    parent = child;
  }
  return heap.pop() as Replica;
}

function swap(heap: Replica[], i: number, j: number): void {
  const moved = heap[i] as Replica;
  heap[i] = heap[j] as Replica;
  heap[j] = moved;
}
