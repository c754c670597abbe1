import {
  bucketCount,
  createHistogram,
  customSchema,
  type Histogram,
  type HistogramLayout,
  resetHints,
} from "../../src/model/histogram/histogram.ts";
import { SampleBuffer } from "../../src/wire/sample-buffer.ts";
import type { SeededRandom } from "./seeded-random.ts";

/** What random series of histograms are like. */
export interface RandomHistograms {
  readonly integers: boolean;
  readonly gauge: boolean;
  /** Probabilities from sample to sample. */
  readonly stale: number;
  readonly newLayout: number;
  readonly reset: number;
}

/** A layout of any schema that is reckoned with, or of custom buckets. */
export function randomLayout(random: SeededRandom): HistogramLayout {
  const custom = random.chance(0.2);
  const bounds = custom
    ? Array.from({ length: 1 + random.below(8) }, (_, i) => i * 2 + random.oneOf([0.5, 0.001, 1 / 3]))
    : [];
  return {
    schema: custom ? customSchema : random.below(13) - 4,
    zeroThreshold: custom ? 0 : random.oneOf([0, 2 ** -128, 0.001, 1024, 2 ** -243, 5e-324]),
    positive: randomIndexes(random, custom ? { from: 0, to: bounds.length } : { from: -40, to: 40 }),
    negative: custom || random.chance(0.5) ? new Int32Array(0) : randomIndexes(random, { from: -9, to: 9 }),
    customValues: Float64Array.from(bounds),
  };
}

function randomIndexes(
  random: SeededRandom,
  range: { readonly from: number; readonly to: number },
): Int32Array {
  const share = random.oneOf([0, 0.1, 0.5, 1]);
  const indexes: number[] = [];
  for (let i = range.from; i <= range.to; i++) if (random.chance(share)) indexes.push(i);
  return Int32Array.from(indexes);
}

/** `count` samples from `startMs` on, about every 15 s. */
export function randomHistograms(random: SeededRandom, count: number, like: RandomHistograms): SampleBuffer {
  const samples = new SampleBuffer(1);
  let layout = randomLayout(random);
  let histogram = fresh(layout);
  let time = 1_600_000_000_000 + random.below(1e6);
  for (let i = 0; i < count; i++) {
    time += random.chance(0.7) ? 15_000 : 1 + random.below(1e6);
    if (random.chance(like.newLayout)) {
      if (random.chance(0.5)) layout = randomLayout(random);
      else {
        const grown = new Set([...layout.positive, ...layout.positive.map((index) => index + 1)]);
        if (layout.customValues.length > 0) grown.delete(layout.customValues.length + 1);
        layout = { ...layout, positive: Int32Array.from(grown).sort() };
      }
      histogram = moved(histogram, layout);
    }
    if (random.chance(like.reset)) histogram = fresh(layout);
    if (random.chance(like.stale)) {
      samples.pushStale(time);
      continue;
    }
    observe(random, histogram, like);
    samples.push(time, 0, 0);
    samples.withHistograms().set(samples.length - 1, histogram);
  }
  return samples;
}

function fresh(layout: HistogramLayout): Histogram {
  return { ...createHistogram(), layout, buckets: new Float64Array(bucketCount(layout)) };
}

/** The same counts where the buckets are still there. */
function moved(from: Histogram, layout: HistogramLayout): Histogram {
  const into = fresh(layout);
  for (const [index, count] of from.layout.positive.entries()) {
    const at = layout.positive.indexOf(count);
    if (at >= 0) into.buckets[at] = from.buckets[index] as number;
  }
  return { ...into, count: from.count, sum: from.sum, zeroCount: from.zeroCount };
}

function observe(random: SeededRandom, histogram: Histogram, like: RandomHistograms): void {
  const most = random.oneOf([1, 5, 40, 300, 3000, 2 ** 18, 2 ** 30]);
  const more = () => {
    if (random.chance(0.5)) return 0;
    return like.integers ? random.below(most) : random.next() * most;
  };
  const sign = like.gauge && random.chance(0.5) ? -1 : 1;
  for (let i = 0; i < bucketCount(histogram.layout); i++)
    histogram.buckets[i] = Math.max(0, (histogram.buckets[i] as number) + sign * more());
  histogram.zeroCount = Math.max(0, histogram.zeroCount + sign * more());
  histogram.count = Math.max(0, histogram.count + sign * more());
  histogram.sum = random.oneOf([
    histogram.sum,
    random.next() * 1e6,
    -1,
    Number.NaN,
    Number.POSITIVE_INFINITY,
  ]);
  histogram.resetHint = like.gauge ? resetHints.gauge : resetHints.unknown;
}

/** A sample as plain values, empty buckets left out, so that samples of different layouts can be compared. */
export interface PlainSample {
  readonly timeMs: number;
  readonly value?: string;
  readonly schema?: number;
  readonly zeroThreshold?: number;
  readonly numbers?: string;
  readonly hint?: number;
  readonly positive?: string;
  readonly negative?: string;
  readonly customValues?: string;
}

/** All samples of a buffer, or of anything with its columns. */
export function plainSamples(samples: {
  readonly length: number;
  readonly times: Float64Array;
  readonly words: Uint32Array;
  readonly histograms: SampleBuffer["histograms"];
}): PlainSample[] {
  const lent = createHistogram();
  return Array.from({ length: samples.length }, (_, i): PlainSample => {
    const timeMs = samples.times[i] as number;
    if (samples.histograms?.has(i) !== true)
      return { timeMs, value: `${samples.words[2 * i + 1]}:${samples.words[2 * i]}` };
    const { layout, ...histogram } = samples.histograms.lend(i, lent);
    const buckets = (indexes: Int32Array, from: number) =>
      Array.from(indexes, (index, j) => [index, histogram.buckets[histogram.at + from + j]])
        .filter(([, count]) => count !== 0)
        .join(" ");
    return {
      timeMs,
      schema: layout.schema,
      zeroThreshold: layout.zeroThreshold,
      numbers: `${histogram.count} ${histogram.zeroCount} ${histogram.sum}`,
      hint: histogram.resetHint,
      positive: buckets(layout.positive, 0),
      negative: buckets(layout.negative, layout.positive.length),
      customValues: layout.customValues.join(" "),
    };
  });
}
