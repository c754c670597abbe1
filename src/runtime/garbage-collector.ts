import { clearInterval, setInterval } from "node:timers";
import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";
import { onDeno } from "./process.ts";

/** Requests in flight from which the nursery may grow, and how far: both halves together. */
const manyRequests = 12;
const largeNurseryBytes = 16 * 1024 * 1024;
/** Far less than it takes to fill a nursery, so that it does not grow past what is wanted. */
const lookEveryMs = 20;

let isTuned = false;
let requests = 0;
let isGrowing = false;

/**
 * Fits V8's heap to a process that streams: what it makes dies at once. A nursery that grows to tens of megabytes only adds
 * resident memory; and buffers of socket reads, which lie outside the heap, are counted against a limit that follows the heap's
 * growth, so that growth is kept between one collected too often and one that holds what is dead. Over the benchmark's queries
 * the peak falls from up to 310 MB to below 200 (docs/performance.md).
 * Call it once, at the start of the process.
 */
export function tuneGarbageCollector(): void {
  isTuned = true;
  for (const flag of ["--semi-space-growth-factor=1", "--heap-growing-percent=80"]) setFlagsFromString(flag);
}

/**
 * Counts a request in; the returned function, which is called once, counts it out. What many requests have in hand
 * would survive each collection of a small nursery and be copied twice, so while they are many the nursery may grow;
 * V8 itself lets it shrink when the process has little to do.
 */
export function countRequest(): () => void {
  requests++;
  if (requests === manyRequests && isTuned && !isGrowing && !onDeno) growNursery();
  return uncountRequest;
}

function uncountRequest(): void {
  requests--;
}

function growNursery(): void {
  if (nurseryBytes() >= largeNurseryBytes) return;
  isGrowing = true;
  setFlagsFromString("--semi-space-growth-factor=2");
  const timer = setInterval(() => {
    if (requests >= manyRequests && nurseryBytes() < largeNurseryBytes) return;
    setFlagsFromString("--semi-space-growth-factor=1");
    clearInterval(timer);
    isGrowing = false;
  }, lookEveryMs);
  timer.unref();
}

function nurseryBytes(): number {
  return getHeapSpaceStatistics().find((space) => space.space_name === "new_space")?.space_size ?? 0;
}
