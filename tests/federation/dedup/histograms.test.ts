import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type DedupAlgorithm, SeriesReader } from "../../../src/federation/series-reader.ts";
import { createHistogram, type Histogram, resetHints } from "../../../src/model/histogram/histogram.ts";
import { labelsOf } from "../../../src/model/labels.ts";
import type { TimeRange } from "../../../src/model/time-range.ts";
import type { SampleColumn } from "../../../src/store/samples.ts";
import { BatchBuilder, type EncodedChunk } from "../../../src/wire/batch-builder.ts";
import { encodeSamples } from "../../../src/wire/encode-samples.ts";
import { SampleBuffer } from "../../../src/wire/sample-buffer.ts";
import type { SeriesBatch } from "../../../src/wire/series-batch.ts";
import { everySeed, type SeededRandom } from "../../support/seeded-random.ts";

const test = suite("histograms of replicas");

/** A sample whose value, or count, tells the replica (thousands of thousands) and the place in it. */
interface Tagged {
  readonly timeMs: number;
  readonly tag: number;
  readonly kind: "float" | "histogram";
}

interface Options {
  readonly algorithm: DedupAlgorithm;
  readonly counters: boolean;
  readonly range?: TimeRange;
}

const layout = {
  schema: 3,
  zeroThreshold: 0.001,
  positive: Int32Array.of(-2, -1, 4),
  negative: Int32Array.of(7),
  customValues: new Float64Array(0),
};

/** A histogram that grows with its tag, so that one after the other is never a reset. */
function histogramOf(tag: number): Histogram {
  const buckets = Float64Array.of(tag, 2 * tag, tag / 2, tag + 1);
  return { ...createHistogram(), layout, buckets, count: tag, sum: -tag, zeroCount: tag / 4 };
}

function bufferOf(samples: readonly Tagged[], floatsOnly = false): SampleBuffer {
  const buffer = new SampleBuffer(1);
  for (const { timeMs, tag, kind } of samples) {
    const row = buffer.length;
    buffer.push(timeMs, 0, 0);
    if (kind === "float" || floatsOnly) buffer.values[row] = tag;
    else buffer.withHistograms().set(row, histogramOf(tag));
  }
  return buffer;
}

/** Chunks of `perChunk` samples, fewer where the kind changes. */
function chunksOf(samples: readonly Tagged[], perChunk: number, floatsOnly: boolean): EncodedChunk[] {
  const chunks: EncodedChunk[] = [];
  for (let from = 0; from < samples.length; from += perChunk)
    chunks.push(...encodeSamples(bufferOf(samples.slice(from, from + perChunk), floatsOnly)));
  return chunks;
}

function batchOf(chunks: readonly EncodedChunk[]): SeriesBatch {
  const builder = new BatchBuilder();
  builder.appendLabels(labelsOf({ a: "1" }));
  for (const chunk of [...chunks].sort((a, b) => a.minMs - b.minMs)) builder.appendChunk(chunk);
  return builder.take();
}

function read(batch: SeriesBatch, { algorithm, counters, range }: Options): SampleColumn | undefined {
  const reader = new SeriesReader({
    range: range ?? { minMs: Number.NEGATIVE_INFINITY, maxMs: Number.POSITIVE_INFINITY },
    reading: counters ? "counter" : "average",
    algorithm,
    adjustsCounters: counters,
  });
  // Buffers that held another series before.
  reader.read(batch, 0);
  return reader.read(batch, 0);
}

interface Got extends Tagged {
  readonly hint: number;
}

function gotOf(column: SampleColumn | undefined): Got[] {
  const lent = createHistogram();
  return Array.from({ length: column?.length ?? 0 }, (_, i): Got => {
    const timeMs = column?.timesMs[i] as number;
    if (column?.histograms?.has(i) !== true)
      return { timeMs, tag: column?.values[i] as number, kind: "float", hint: -1 };
    const { buckets, at, count, sum, zeroCount, resetHint, layout: own } = column.histograms.lend(i, lent);
    assert.equal(
      [...buckets.subarray(at, at + 4), sum, zeroCount, own],
      [...histogramOf(count).buckets, -count, count / 4, layout],
    );
    return { timeMs, tag: count, kind: "histogram", hint: resetHint };
  });
}

/** A histogram says it is no reset only right behind the sample that came before it in its replica. */
function checkHints(got: readonly Got[]): void {
  for (const [i, { hint, tag }] of got.entries()) {
    if (hint !== resetHints.notReset || i === 0) continue;
    assert.is(got[i - 1]?.tag, tag - 1, `sample ${i}`);
  }
}

function randomReplica(random: SeededRandom, replica: number, kinds: readonly Tagged["kind"][]): Tagged[] {
  const step = random.oneOf([10_000, 15_000]);
  let timeMs = random.oneOf([0, 0, 1, 3000, 7000]);
  let kind = random.oneOf(kinds);
  return Array.from({ length: random.below(60) }, (_, i): Tagged => {
    timeMs += random.chance(0.85) ? step : step * random.below(9) + 1;
    if (random.chance(0.05)) kind = random.oneOf(kinds);
    return { timeMs, tag: replica * 1_000_000 + i + 1, kind };
  });
}

function checkReplicas(random: SeededRandom, kinds: readonly Tagged["kind"][]): void {
  const replicas = Array.from({ length: 1 + random.below(3) }, (_, i) => randomReplica(random, i, kinds));
  const cuts = replicas.map(() => random.oneOf([1, 5, 17, 120]));
  const [histograms, floats] = [false, true].map((floatsOnly) =>
    batchOf(replicas.flatMap((samples, i) => chunksOf(samples, cuts[i] as number, floatsOnly))),
  ) as [SeriesBatch, SeriesBatch];
  const bounds = { minMs: random.below(300_000), maxMs: 200_000 + random.below(600_000) };
  const range = random.chance(0.5) ? { range: bounds } : {};
  for (const algorithm of ["none", "penalty", "chain"] as const) {
    const taken = gotOf(read(histograms, { algorithm, counters: false, ...range }));
    checkHints(taken);
    // What is taken of whom does not depend on the kind. Chunks of floats may be longer, and dealt out otherwise.
    if (kinds.length === 1) {
      const wanted = gotOf(read(floats, { algorithm, counters: false, ...range }));
      assert.equal(
        taken.map(({ timeMs, tag }) => [timeMs, tag]),
        wanted.map(({ timeMs, tag }) => [timeMs, tag]),
        algorithm,
      );
    }
    const counted = gotOf(read(histograms, { algorithm, counters: true, ...range }));
    checkHints(counted.map((sample) => (sample.kind === "float" ? { ...sample, tag: Number.NaN } : sample)));
    if (kinds.length === 1)
      assert.equal(
        counted.map(({ timeMs, tag }) => [timeMs, tag]),
        taken.map(({ timeMs, tag }) => [timeMs, tag]),
        `${algorithm}, counters`,
      );
  }
}

test("are taken as floats at the same times are, and tell no reset only where nothing lies between", () =>
  everySeed(50, (random) => checkReplicas(random, ["histogram"])));

test("of mixed kinds keep their kind and tell no reset only where nothing lies between", () =>
  everySeed(50, (random) => checkReplicas(random, ["histogram", "float"])));

function tagged(replica: number, times: readonly number[], kind: Tagged["kind"] = "histogram"): Tagged[] {
  return times.map((timeMs, i) => ({ timeMs, tag: replica * 1_000_000 + i + 1, kind }));
}

test("lose their hint where the other replica steps in, and keep it behind that", () => {
  const a = tagged(0, [10_000, 20_000, 30_000, 80_000, 90_000, 100_000, 110_000]);
  const b = tagged(1, [10_001, 20_001, 30_001, 40_001, 50_001, 60_001, 70_001]);
  const got = gotOf(
    read(batchOf([...chunksOf(a, 120, false), ...chunksOf(b, 120, false)]), {
      algorithm: "penalty",
      counters: false,
    }),
  );
  assert.equal(
    got.map(({ timeMs, hint }) => [timeMs, hint]),
    [
      [10_000, resetHints.unknown],
      [20_000, resetHints.notReset],
      [30_000, resetHints.notReset],
      [50_001, resetHints.unknown],
      [60_001, resetHints.notReset],
      [70_001, resetHints.notReset],
      [100_000, resetHints.unknown],
      [110_000, resetHints.notReset],
    ],
  );
});

test("of gauges stay gauges at a switch", () => {
  const gauges = (samples: readonly Tagged[]) => {
    const buffer = bufferOf(samples);
    for (let i = 0; i < buffer.length; i++) buffer.histograms?.setHint(i, resetHints.gauge);
    return encodeSamples(buffer);
  };
  const batch = batchOf([
    ...gauges(tagged(0, [10_000, 20_000, 30_000])),
    ...gauges(tagged(1, [10_001, 20_001, 30_001, 40_001, 50_001, 60_001, 70_001])),
  ]);
  for (const algorithm of ["penalty", "chain"] as const) {
    const got = gotOf(read(batch, { algorithm, counters: false }));
    assert.ok(got.some(({ tag }) => tag < 1_000_000) && got.some(({ tag }) => tag > 1_000_000));
    assert.ok(got.every(({ hint }) => hint === resetHints.gauge));
  }
});

test("neither lift a counter nor are lifted", () => {
  const a: Tagged[] = [
    { timeMs: 10_000, tag: 100, kind: "float" },
    { timeMs: 20_000, tag: 7, kind: "histogram" },
  ];
  const b = tagged(0, [20_000, 30_001, 40_001, 50_001, 60_001], "float").map((sample) => ({
    ...sample,
    tag: 5,
  }));
  const chunks = [a.slice(0, 1), a.slice(1), b].flatMap((samples) => chunksOf(samples, 120, false));
  const got = gotOf(read(batchOf(chunks), { algorithm: "penalty", counters: true }));
  // The switch comes from a histogram: 5 is less than 100, and stays.
  assert.equal(
    got.map(({ timeMs, tag, kind }) => [timeMs, tag, kind]),
    [
      [10_000, 100, "float"],
      [20_000, 7, "histogram"],
      [40_001, 5, "float"],
      [50_001, 5, "float"],
      [60_001, 5, "float"],
    ],
  );
});

test("are counted with the memory that they take", () => {
  const reader = new SeriesReader({
    range: { minMs: Number.NEGATIVE_INFINITY, maxMs: Number.POSITIVE_INFINITY },
    reading: "average",
    algorithm: "none",
    adjustsCounters: false,
  });
  const before = reader.sizeBytes;
  reader.read(
    batchOf(
      chunksOf(
        tagged(
          0,
          Array.from({ length: 100 }, (_, i) => i),
        ),
        120,
        false,
      ),
    ),
    0,
  );
  assert.ok(reader.sizeBytes - before >= 100 * 4 * 8);
});

test.run();
