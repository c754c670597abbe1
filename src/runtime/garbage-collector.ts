import { setFlagsFromString } from "node:v8";

/**
 * Fits V8's heap to a process that streams: what it makes dies at once. A nursery that grows to tens of megabytes only adds
 * resident memory; and buffers of socket reads, which lie outside the heap, are counted against a limit that follows the heap's
 * growth, so that growth is kept between one collected too often and one that holds what is dead. Over the benchmark's queries
 * the peak falls from up to 310 MB to below 200 (docs/performance.md); many small queries pay with more scavenges.
 * Call it once, at the start of the process.
 */
export function tuneGarbageCollector(): void {
  for (const flag of ["--semi-space-growth-factor=1", "--heap-growing-percent=80"]) setFlagsFromString(flag);
}
