/** A native histogram as it is written: buckets as absolute counts. */
export interface FuzzHistogram {
  readonly kind: "histogram";
  /** −53 for custom buckets. */
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly sum: number;
  /** Index of the first bucket and the counts from there on; 0 for a bucket that is there and empty. */
  readonly positive: FuzzBuckets;
  readonly negative: FuzzBuckets;
  readonly bounds: readonly number[];
  /** With counts that are floats. */
  readonly float: boolean;
  readonly gauge: boolean;
  /** Observations that fell into no bucket, NaN. */
  readonly lost: number;
}

export interface FuzzBuckets {
  readonly first: number;
  readonly counts: readonly number[];
}

/** How the histograms of a series run. */
export interface HistogramShape {
  readonly schema: number;
  readonly buckets: number;
  readonly first?: number;
  /** Observations a second of the fullest bucket. */
  readonly perSecond: number;
  readonly resetEvery?: number;
  readonly zeroThreshold?: number;
  readonly negative?: boolean;
  readonly float?: boolean;
  readonly gauge?: boolean;
  readonly bounds?: readonly number[];
  readonly lostPerSecond?: number;
}

const none: FuzzBuckets = { first: 0, counts: [] };

/** Histograms of a counter, or of a gauge that rises and falls; by scrapes' times, seconds since the start. */
export function growingHistogram(shape: HistogramShape): (seconds: number) => FuzzHistogram {
  const { schema, buckets, perSecond, resetEvery = 0, lostPerSecond = 0 } = shape;
  const { negative = false, float = false, gauge = false } = shape;
  return (seconds) => {
    const since = resetEvery > 0 ? seconds % resetEvery : seconds;
    const grown = gauge ? 300 * (1.5 + Math.sin(seconds / 400)) : since + 1000;
    // Outer buckets are empty at first, so that layouts change within a series.
    const counts = Array.from({ length: buckets }, (_, i) => {
      const rate = perSecond / (1 + Math.abs(i - buckets / 3));
      const count = rate * Math.max(0, grown - (i > buckets - 3 ? 3000 : 0));
      return float ? Math.round(count * 4) / 4 : Math.floor(count);
    });
    const side: FuzzBuckets = { first: shape.first ?? -2, counts };
    return {
      kind: "histogram",
      schema,
      zeroThreshold: shape.zeroThreshold ?? 0,
      zeroCount: shape.bounds === undefined ? Math.floor(grown / 7) : 0,
      sum: lostPerSecond > 0 ? Number.NaN : Math.floor(grown * perSecond * 3) / 4,
      positive: side,
      negative: negative ? { first: 0, counts: counts.slice(0, 3) } : none,
      bounds: shape.bounds ?? [],
      float,
      gauge,
      lost: Math.floor(lostPerSecond * grown),
    };
  };
}

/** All observations of it. */
export function observationsOf({ zeroCount, positive, negative, lost }: FuzzHistogram): number {
  return [...positive.counts, ...negative.counts].reduce((sum, count) => sum + count, zeroCount + lost);
}
