import { SampleBuffer } from "./sample-buffer.ts";

/** At most some 4 MiB. */
const maxFree = 64;
const maxKeptBytes = 64 * 1024;

const free: SampleBuffer[] = [];

/** An empty buffer; small queries would otherwise make four of them each. */
export function takeSamples(): SampleBuffer {
  return free.pop() ?? new SampleBuffer();
}

/** Takes back a buffer that nobody reads or writes any more. Each may be given once. */
export function giveSamples(samples: SampleBuffer): void {
  if (free.length >= maxFree || samples.sizeBytes > maxKeptBytes) return;
  samples.clear();
  free.push(samples);
}
