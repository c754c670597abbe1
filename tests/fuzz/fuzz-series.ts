import { compareLabels, labelsOf } from "../../src/model/labels.ts";
import { externalLabels, type FuzzSeries, type LabelRecord, noise } from "./fuzz-data.ts";
import { growingHistogram, type HistogramShape } from "./fuzz-histograms.ts";

const dyadic = (value: number) => Math.round(value * 64) / 64;

interface Growth {
  readonly perSecond: number;
  /** Seconds after which it starts again, 0 for never. */
  readonly resetEvery?: number;
  readonly base?: number;
}

/** Starts again at `base`, not at zero. */
function counter({ perSecond, resetEvery = 0, base = 100_000 }: Growth): FuzzSeries["valueAt"] {
  return (scrape, seconds) => {
    const since = resetEvery > 0 ? seconds % resetEvery : seconds;
    return base + Math.floor(perSecond * since + 5 * Math.sin(since / 97) + noise(scrape) * perSecond + 5);
  };
}

function gauge(scale: number, periodSeconds: number, level = 0): FuzzSeries["valueAt"] {
  return (scrape, seconds) =>
    dyadic(scale * Math.sin(seconds / periodSeconds) + (noise(scrape + periodSeconds) * scale) / 8 + level);
}

/** Leaves samples out, and writes a marker where a gap begins in every other one. */
function withGaps(
  valueAt: FuzzSeries["valueAt"],
  everySeconds: number,
  gapSeconds: number,
): FuzzSeries["valueAt"] {
  return (scrape, seconds) => {
    const at = seconds % everySeconds;
    if (at >= gapSeconds) return valueAt(scrape, seconds);
    return at < 15 && Math.floor(seconds / everySeconds) % 2 === 1 ? "stale" : undefined;
  };
}

const instances = ["i0", "i1", "i2"] as const;

/** Every series; those whose sums overflow or whose names begin with `edge_` only for 3.x. */
export function fuzzSeries({ modern }: { readonly modern: boolean }): readonly FuzzSeries[] {
  const all: FuzzSeries[] = [];
  const add = (labels: LabelRecord, valueAt: FuzzSeries["valueAt"], everySeconds = 15) => {
    const shiftMs = 1 + Math.floor(noise(all.length + 1) * 498);
    // Every other series is scraped on time; of the others now and then a scrape is lost. Rates near a gap were others
    // before 3.0, where a counter fell.
    const isCounter = /_(total|sum|count|bucket)$/.test(labels.__name__ ?? "");
    const jitterMs = all.length % 2 === 0 || (isCounter && !modern) ? 0 : 4000 + 500 * (all.length % 7);
    const lossy: FuzzSeries["valueAt"] = (scrape, seconds) =>
      noise(scrape * 104_729 + shiftMs) < 0.06 ? undefined : valueAt(scrape, seconds);
    const run = jitterMs === 0 ? valueAt : lossy;
    all.push({ labels: { ...labels, ...externalLabels }, everySeconds, shiftMs, jitterMs, valueAt: run });
  };
  addRequests(add);
  addGauges(add);
  addBuckets(add);
  addOddities(
    add,
    modern ? Object.entries(oddValues) : Object.entries(oddValues).filter(([kind]) => kind !== "huge"),
  );
  if (modern) addHistograms(add);
  if (modern)
    addEdges((labels, valueAt) =>
      all.push({
        labels: { ...labels, ...externalLabels },
        everySeconds: 30,
        shiftMs: 0,
        jitterMs: 0,
        valueAt,
      }),
    );
  // Heads answer in the order in which series were made: as everywhere else, that of labels, on which ties of topk depend.
  return all.sort((a, b) => compareLabels(labelsOf(a.labels), labelsOf(b.labels)));
}

type Add = (labels: LabelRecord, valueAt: FuzzSeries["valueAt"], everySeconds?: number) => void;

function addRequests(add: Add): void {
  for (const [j, job] of ["api", "web"].entries()) {
    for (const [i, instance] of instances.entries()) {
      for (const [c, code] of ["200", "404", "500"].entries()) {
        const resetEvery = i === 1 ? 1500 + 100 * j : 0;
        const grown = counter({ perSecond: (12.5 + 3 * i + j) / (1 + 4 * c), resetEvery });
        const labels = { __name__: "http_requests_total", job, instance, code };
        add(labels, i === 2 && c === 2 ? withGaps(grown, 1800, 400) : grown);
      }
      add({ __name__: "up", job, instance }, (_, s) => (Math.floor(s / 420) % 5 === i + j ? 0 : 1));
      const version = `1.${i}`;
      add({ __name__: "build_info", job, instance, version }, () => 1, 60);
      add(
        { __name__: "target_info", job, instance, region: i === 0 ? "eu" : "us", rack: `r${i + j}` },
        () => 1,
        60,
      );
    }
  }
}

function addGauges(add: Add): void {
  for (const [i, instance] of instances.entries()) {
    add({ __name__: "memory_bytes", job: "api", instance }, gauge(1e6 + i * 1e5, 300 + 40 * i, 2e6));
    add({ __name__: "memory_limit_bytes", job: "api", instance }, () => 4_000_000 + 500_000 * i, 60);
    const warm = gauge(20.5 + i, 500 + 70 * i, -3);
    add({ __name__: "temperature", instance, az: `z${i % 2}` }, i === 1 ? withGaps(warm, 2000, 450) : warm);
  }
  // Names that begin and end like others, and series that extend one another.
  for (const more of [
    {},
    { az: "z1" },
    { az: "z1", job: "api" },
    { job: "api" },
    { job: "api", zone: "1" },
  ]) {
    add({ __name__: "queue", ...more }, gauge(10, 250, Object.keys(more).length));
  }
  add({ __name__: "queue_total", job: "api" }, counter({ perSecond: 3 }), 30);
  add({ __name__: "requests_total", job: "web" }, counter({ perSecond: 0.25, resetEvery: 4000 }), 30);
}

function addBuckets(add: Add): void {
  for (const [j, job] of ["api", "web"].entries()) {
    for (const [i, instance] of ["i0", "i1"].entries()) {
      const resetEvery = i === 1 ? 2700 : 0;
      for (const [l, le] of ["0.1", "0.5", "1", "2.5", "+Inf"].entries()) {
        const grown = counter({ perSecond: (1 + l) * (2 + j) + i, resetEvery, base: 100_000 * (l + 1) });
        add({ __name__: "latency_seconds_bucket", job, instance, le }, grown);
      }
      add(
        { __name__: "latency_seconds_count", job, instance },
        counter({ perSecond: 5 * (2 + j) + i, resetEvery }),
      );
      add({ __name__: "latency_seconds_sum", job, instance }, counter({ perSecond: 4 + j + i, resetEvery }));
    }
  }
  // Buckets that are no histogram: not monotonic, without +Inf, and with a bound that is no number.
  for (const [l, le] of ["1", "2", "4", "+Inf"].entries()) {
    add({ __name__: "odd_bucket", kind: "falling", le }, (_, s) => dyadic(50 - 10 * l + s / 64));
  }
  for (const [l, le] of ["1", "2"].entries()) {
    add({ __name__: "odd_bucket", kind: "open", le }, (_, s) => dyadic(5 * l + s / 100));
  }
  add({ __name__: "odd_bucket", kind: "word", le: "many" }, () => 3);
}

const oddValues: Readonly<Record<string, (scrape: number) => number>> = {
  nan: (scrape) => (scrape % 3 === 0 ? Number.NaN : scrape % 7),
  inf: (scrape) => (scrape % 5 === 0 ? Number.POSITIVE_INFINITY : scrape % 4),
  "-inf": (scrape) => (scrape % 4 === 1 ? Number.NEGATIVE_INFINITY : -scrape % 6),
  huge: (scrape) => (scrape % 2 === 0 ? 1.5e308 : -1.25e308),
  tiny: (scrape) => (scrape % 3) * 5e-324,
  zero: (scrape) => (scrape % 2 === 0 ? 0 : -0),
};

function addOddities(add: Add, values: readonly (readonly [string, (scrape: number) => number])[]): void {
  for (const [kind, valueAt] of values) add({ __name__: "odd_value", kind }, valueAt, 20);
  add({ __name__: "rare", job: "api" }, gauge(5, 700), 240);
  add({ __name__: "rare", job: "web" }, gauge(7, 900), 420);
  add({ __name__: "late", job: "api" }, (scrape, s) => (s < 5400 ? undefined : scrape % 11));
  add({ __name__: "early", job: "api" }, (scrape, s) =>
    s > 8000 ? undefined : s > 7985 ? "stale" : scrape % 13,
  );
  add({ __name__: "text", job: "api", path: "/a/b.c", word: 'é"\\ $1\n' }, gauge(3, 400, 5));
  add({ __name__: "text", job: "web", path: "/a/d", word: "日本" }, gauge(3, 450, 6));
}

function addEdges(add: Add): void {
  for (const l of ["a", "ß"]) add({ __name__: "größe.total", "l.x": l }, counter({ perSecond: 2 }));
  for (const [i, instance] of instances.entries()) {
    add({ __name__: "edge_total", instance }, counter({ perSecond: 0.5 + i, resetEvery: i * 900, base: 0 }));
    add({ __name__: "edge_gauge", instance }, gauge(8, 333 + i));
    add({ __name__: "edge_rare", instance }, (scrape) => (scrape % (8 + i) === 0 ? scrape : undefined));
  }
}

const histogramShapes: readonly (readonly [LabelRecord, HistogramShape])[] = [
  [
    { __name__: "rpc_seconds", job: "api", instance: "i0" },
    { schema: 1, buckets: 8, perSecond: 2 },
  ],
  [
    { __name__: "rpc_seconds", job: "api", instance: "i1" },
    { schema: 2, buckets: 12, perSecond: 3, resetEvery: 1500, zeroThreshold: 0.01 },
  ],
  [
    { __name__: "rpc_seconds", job: "web", instance: "i0" },
    { schema: 0, buckets: 5, perSecond: 1, float: true, zeroThreshold: 0.125, negative: true },
  ],
  [
    { __name__: "rpc_seconds", job: "web", instance: "i1" },
    { schema: -1, buckets: 4, perSecond: 5 },
  ],
  [
    { __name__: "rpc_level", job: "api", instance: "i0" },
    { schema: 1, buckets: 6, perSecond: 2, gauge: true },
  ],
  [
    { __name__: "rpc_level", job: "api", instance: "i1" },
    { schema: 3, buckets: 9, perSecond: 1, gauge: true, float: true },
  ],
  ...[
    [1, 2, 4, 8],
    [1, 3, 4, 8, 10],
    [1, 2, 4, 8],
  ].map((bounds, i): readonly [LabelRecord, HistogramShape] => [
    { __name__: "sizes", job: i === 2 ? "web" : "api", instance: `i${i % 2}` },
    {
      schema: -53,
      buckets: bounds.length + 1,
      first: 0,
      perSecond: 2 + i,
      bounds,
      float: i === 2,
      resetEvery: i * 1400,
    },
  ]),
  [
    { __name__: "odd_sizes", kind: "lost" },
    { schema: 0, buckets: 4, perSecond: 1, lostPerSecond: 0.5 },
  ],
];

function addHistograms(add: Add): void {
  for (const [labels, shape] of histogramShapes) {
    const grown = growingHistogram(shape);
    add(labels, labels.instance === "i1" ? withGaps((_, s) => grown(s), 2000, 300) : (_, s) => grown(s));
  }
  const now = growingHistogram({ schema: 1, buckets: 5, perSecond: 1 });
  // Floats in the blocks, histograms in the head, and both by turns.
  add({ __name__: "mixed", job: "api" }, (scrape, s) => (s < 7500 ? scrape : now(s)));
  add({ __name__: "mixed", job: "web" }, (scrape, s) => (Math.floor(s / 200) % 2 === 0 ? scrape : now(s)));
  const broken = growingHistogram({ schema: 0, buckets: 3, perSecond: 1 });
  add({ __name__: "odd_sizes", kind: "nan" }, (_, s) => ({ ...broken(s), sum: Number.NaN }));
  add({ __name__: "odd_sizes", kind: "empty" }, (_, s) => ({
    ...broken(s),
    sum: 0,
    zeroCount: 0,
    positive: { first: 0, counts: [] },
  }));
}
