import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  bucketCount,
  createHistogram,
  giveRoom,
  type HistogramLayout,
} from "../../src/model/histogram/histogram.ts";
import { type Label, labelsOf } from "../../src/model/labels.ts";
import { aggrChunkSize, writeAggrChunk } from "../../src/wire/aggr-chunk.ts";
import { encodeSamples } from "../../src/wire/encode-samples.ts";
import { SampleBuffer } from "../../src/wire/sample-buffer.ts";
import { varintSize, writeVarint } from "../../src/wire/varint.ts";
import { labelsSize, writeLabels } from "../../src/wire/wire-labels.ts";
import { createSeededRandom } from "../support/seeded-random.ts";

/** Size of what one leaf holds; the defaults are those of the baseline. */
export interface DatasetOptions {
  /** Series of http_requests_total; the other metrics keep their proportion to its 2,000. */
  readonly series: number;
  readonly hours: number;
  readonly cluster: string;
  readonly replica: string;
}

/** First sample's time; scrapes are a minute apart, replica 1 is seven seconds late. */
export const datasetStartMs = Date.UTC(2026, 0, 1);
export const scrapeMs = 60_000;
const lateMs = 7000;
const version = 4;
const bounds = ["0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "+Inf"];

/** Native histograms, one for each of the classic ones. */
export const nativeMetric = "http_request_duration_seconds_native";

/** A metric's file: records `0x0a len Series` in label order. */
export interface DatasetFile {
  readonly metric: string;
  readonly path: string;
}

/** One series of a leaf, its labels sorted. */
export interface DatasetSeries {
  readonly labels: readonly Label[];
  /** Unix milliseconds. */
  readonly times: Float64Array;
  /** Of a native histogram, how many observations there were so far. */
  readonly values: Float64Array;
  readonly isNative: boolean;
}

interface Shape {
  readonly metric: string;
  readonly labels: readonly Readonly<Record<string, string>>[];
  readonly kind: "counter" | "memory" | "load" | "up" | "native";
}

/** Files of one leaf below `folder`, made where they are not there yet: the same bytes for the same options. */
export function ensureDataset(folder: string, options: DatasetOptions): DatasetFile[] {
  const home = join(folder, `${datasetName(options)}-${options.cluster}${options.replica}`);
  mkdirSync(home, { recursive: true });
  return shapesOf(options.series).map((shape) => {
    const path = join(home, `${shape.metric}.bin`);
    if (!existsSync(path)) {
      writeFileSync(`${path}.part`, encodeMetric(shape, options));
      renameSync(`${path}.part`, path);
    }
    return { metric: shape.metric, path };
  });
}

/** Bytes of a dataset's file. */
export function readDataset(file: DatasetFile): Uint8Array {
  return readFileSync(file.path);
}

/** What the files of all leaves of this size are called; another name where the data would be others. */
export function datasetName({ series, hours }: Pick<DatasetOptions, "series" | "hours">): string {
  return `v${version}-${series}x${hours}h`;
}

/** All series of one leaf, a metric after the other. */
export function* datasetSeries(options: DatasetOptions): Generator<DatasetSeries> {
  for (const shape of shapesOf(options.series)) yield* metricSeries(shape, options);
}

function shapesOf(series: number): Shape[] {
  const share = series / 2000;
  const instances = (per: number) =>
    Array.from({ length: Math.max(1, Math.round(per * share)) }, (_, i) => `10.0.${i >> 6}.${i & 63}:9100`);
  const hosts = instances(100);
  const common = (instance: string, i: number) => ({
    instance,
    job: "api",
    host: `host-${i}`,
    pod: `api-${i}`,
  });
  const handlers = Array.from({ length: 20 }, (_, i) => `/api/v1/handler-${String(i).padStart(2, "0")}`);
  const perHandler = (count: number) =>
    hosts.flatMap((host, i) => handlers.slice(0, count).map((handler) => ({ ...common(host, i), handler })));
  return [
    {
      metric: "http_requests_total",
      kind: "counter",
      labels: perHandler(20).map((l) => ({ ...l, code: "200" })),
    },
    {
      metric: "http_request_duration_seconds_bucket",
      kind: "counter",
      labels: perHandler(4).flatMap((labels) => bounds.map((le) => ({ ...labels, le }))),
    },
    { metric: "http_request_duration_seconds_count", kind: "counter", labels: perHandler(4) },
    { metric: "http_request_duration_seconds_sum", kind: "counter", labels: perHandler(4) },
    {
      metric: "node_memory_bytes",
      kind: "memory",
      labels: hosts.flatMap((host, i) =>
        handlers.map((_, kind) => ({ ...common(host, i), kind: `kind-${kind}` })),
      ),
    },
    { metric: "node_load1", kind: "load", labels: hosts.map(common) },
    { metric: "up", kind: "up", labels: hosts.map(common) },
    { metric: nativeMetric, kind: "native", labels: perHandler(4) },
  ];
}

function encodeMetric(shape: Shape, options: DatasetOptions): Uint8Array {
  const rows: Buffer[] = [];
  let total = 0;
  for (const series of metricSeries(shape, options)) {
    const row = encodeSeries(series);
    rows.push(row);
    total += row.length;
  }
  return Buffer.concat(rows, total);
}

/** Series of one metric in label order. */
function* metricSeries(shape: Shape, options: DatasetOptions): Generator<DatasetSeries> {
  const { cluster, replica } = options;
  const sets = shape.labels
    .map((labels) => labelsOf({ __name__: shape.metric, cluster, replica, ...labels }))
    .sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  for (const labels of sets) {
    // Buckets of one histogram are shares of the same counter, so that they are cumulative.
    const share = shareOf(labels.find((label) => label.name === "le")?.value);
    const others = keyOf(labels.filter(({ name }) => name !== "replica" && name !== "le"));
    const values = makeValues(shape.kind, others, options).map((value) =>
      share === 1 ? value : Math.floor(value * share),
    );
    yield { labels, times: makeTimes(options, labels), values, isNative: shape.kind === "native" };
  }
}

/** Share of all observations that lie up to a bucket's bound. */
function shareOf(le: string | undefined): number {
  return le === undefined ? 1 : (bounds.indexOf(le) + 1) / bounds.length;
}

function keyOf(labels: readonly Label[]): string {
  return labels.map(({ name, value }) => `${name}\u0001${value}`).join("\u0001");
}

function makeTimes(options: DatasetOptions, labels: readonly Label[]): Float64Array {
  const host = labels.find(({ name }) => name === "instance")?.value ?? "";
  const random = createSeededRandom(hash(host)).next;
  const phaseMs = Math.floor(random() * 40_000) + (options.replica === "1" ? lateMs : 0);
  return Float64Array.from({ length: options.hours * 60 }, (_, i) => datasetStartMs + phaseMs + i * scrapeMs);
}

/** Values at each scrape; the replica that is late sees counters a little further on. */
function makeValues(kind: Shape["kind"], key: string, options: DatasetOptions): Float64Array {
  const count = options.hours * 60;
  const random = createSeededRandom(hash(key)).next;
  const values = new Float64Array(count);
  if (kind === "up") return values.fill(1);
  const perScrape = 20 + random() * 400;
  const resetAt = random() < 1 / 3 ? Math.floor(random() * count) : -1;
  const late = options.replica === "1" ? lateMs / scrapeMs : 0;
  const counts = kind === "counter" || kind === "native";
  let value = counts ? Math.floor(random() * 1e6) : random();
  for (let i = 0; i < count; i++) {
    const step = random();
    if (counts) {
      const grown = Math.floor(perScrape * (0.5 + step));
      if (i === resetAt) value = 0;
      values[i] = value + Math.floor(grown * late);
      value += grown;
    } else {
      value = Math.min(1, Math.max(0, value + (step - 0.5) * 0.05));
      values[i] = kind === "memory" ? Math.floor(value * 4_000_000) * 4096 : Math.round(value * 1600) / 100;
    }
  }
  return values;
}

/** `0x0a len Series`, a Series being labels and then chunks of 120 samples. */
function encodeSeries({ labels, times, values, isNative }: DatasetSeries): Buffer {
  const samples = new SampleBuffer(times.length);
  samples.times.set(times);
  samples.values.set(values);
  samples.length = times.length;
  if (isNative) observe(samples);
  const chunks = encodeSamples(samples, () => isNative);
  const labelBytes = labelsSize(labels);
  const chunkSizes = chunks.map(aggrChunkSize);
  const body = chunkSizes.reduce((sum, size) => sum + 1 + varintSize(size) + size, labelBytes);
  const out = Buffer.alloc(1 + varintSize(body) + body);
  out[0] = 0x0a;
  let at = writeVarint(out, 1, body);
  writeLabels(out, at, labels);
  at += labelBytes;
  chunks.forEach((chunk, i) => {
    out[at] = 0x12;
    at = writeAggrChunk(out, writeVarint(out, at + 1, chunkSizes[i] ?? 0), chunk);
  });
  return out;
}

/** Schema 3 from some 5 ms to 10 s, as a Go client's default gives it for requests. */
const nativeLayout: HistogramLayout = {
  schema: 3,
  zeroThreshold: 2 ** -128,
  positive: Int32Array.from({ length: 40 }, (_, i) => i - 36),
  negative: new Int32Array(0),
  customValues: new Float64Array(0),
};

/** Makes of counts of observations histograms that spread them over their buckets. */
function observe(samples: SampleBuffer): void {
  const histogram = createHistogram();
  giveRoom(histogram, nativeLayout);
  const buckets = bucketCount(nativeLayout);
  for (let row = 0; row < samples.length; row++) {
    const observed = samples.values[row] as number;
    let rest = observed;
    for (let i = 0; i < buckets; i++) {
      const here = i === buckets - 1 ? rest : Math.floor(rest / (2 + Math.abs(i - buckets / 2)));
      histogram.buckets[i] = here;
      rest -= here;
    }
    histogram.count = observed;
    histogram.sum = observed / 8;
    samples.withHistograms().set(row, histogram);
    samples.values[row] = 0;
  }
}

function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}
