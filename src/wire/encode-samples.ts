import { bucketCount, createHistogram, type Histogram } from "../model/histogram/histogram.ts";
import type { EncodedChunk } from "./batch-builder.ts";
import { encodeHistograms, highestInteger } from "./encode-histogram.ts";
import { encodeXor } from "./encode-xor.ts";
import { type ChunkForm, type IsInteger, nextRun } from "./histogram-runs.ts";
import type { SampleBuffer } from "./sample-buffer.ts";

/** StoreAPI's encodings. */
const encodings: Readonly<Record<ChunkForm, number>> = { float: 0, integerHistogram: 1, floatHistogram: 2 };

/**
 * Samples as chunks that StoreAPI carries, at most 120 samples each, cut as Prometheus cuts them. Histograms are
 * written as floats, where `isInteger` says so as whole numbers.
 */
export function encodeSamples(samples: SampleBuffer, isInteger: IsInteger = () => false): EncodedChunk[] {
  const chunks: EncodedChunk[] = [];
  for (let from = 0; from < samples.length; ) {
    const { form, to } = nextRun(samples, from, isInteger);
    const data =
      form === "float"
        ? encodeXor(samples.times, samples.words, from, to)
        : encodeHistograms(samples, from, to, form === "integerHistogram");
    chunks.push({
      minMs: samples.times[from] as number,
      maxMs: samples.times[to - 1] as number,
      encoding: encodings[form],
      data,
    });
    from = to;
  }
  return chunks;
}

const lent = createHistogram();

/** Whether the counts of a row can be written as whole numbers. */
export function isWhole(samples: SampleBuffer, row: number): boolean {
  const { histograms } = samples;
  if (histograms === undefined || !histograms.has(row)) return false;
  const histogram = histograms.lend(row, lent);
  return fits(histogram.count) && fits(histogram.zeroCount) && bucketsFit(histogram);
}

function bucketsFit({ buckets, at, layout }: Histogram): boolean {
  const end = at + bucketCount(layout);
  for (let i = at; i < end; i++) if (!fits(buckets[i] as number)) return false;
  return true;
}

function fits(count: number): boolean {
  return Number.isInteger(count) && count >= 0 && count <= highestInteger;
}
