/**
 * Times the engine's kernels and the twelve queries of the baseline over series in memory. Not a test:
 * `node tests/bench/engine-kernels.ts [kernels|queries] [text that a query must contain]`.
 */
import { type Labels, labelsOf, labelValue } from "../../src/model/labels.ts";
import { createEngine } from "../../src/promql/exec/create-engine.ts";
import { foldedAggregates } from "../../src/promql/functions/accumulators.ts";
import { rangeFunctions } from "../../src/promql/functions/range-functions.ts";
import { createWindowCache } from "../../src/promql/functions/windows.ts";
import type { SampleColumn, Selectable } from "../../src/store/samples.ts";
import { testContext } from "../support/sample-source.ts";
import { createSeededRandom } from "../support/seeded-random.ts";

const samples = 1440 + 60;
const steps = 1440;
const stepMs = 60_000;
const startMs = 60 * stepMs;
const grid = { startMs, stepMs, count: steps };

interface Series {
  readonly labels: Labels;
  readonly values: Float64Array;
  readonly times: Float64Array;
}

/** Times of one target's scrapes, shared by all of its series. */
function scrapeTimes(offsetMs: number): Float64Array {
  return Float64Array.from({ length: samples }, (_, i) => i * stepMs + offsetMs);
}

const clusterTimes = new Map([
  ["a", scrapeTimes(11_137)],
  ["b", scrapeTimes(23_911)],
]);

function counter(random: () => number, resets: boolean): Float64Array {
  const values = new Float64Array(samples);
  const resetAt = resets ? Math.floor(random() * samples) : -1;
  let value = Math.floor(random() * 1000);
  for (let i = 0; i < samples; i++) {
    value = i === resetAt ? 0 : value + Math.floor(random() * 50);
    values[i] = value;
  }
  return values;
}

function gauge(random: () => number, unit: number): Float64Array {
  return Float64Array.from({ length: samples }, () => Math.floor(random() * 100_000) * unit);
}

function buildSeries(): ReadonlyMap<string, readonly Series[]> {
  const random = createSeededRandom(7).next;
  const byName = new Map<string, Series[]>();
  const add = (name: string, labels: Record<string, string>, values: Float64Array): void => {
    const all = labelsOf({ __name__: name, job: "api", ...labels });
    const times = clusterTimes.get(labels.cluster as string) as Float64Array;
    const list = byName.get(name) ?? [];
    byName.set(name, list);
    list.push({ labels: all, values, times });
  };
  const bounds = ["0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "+Inf"];
  for (const cluster of ["a", "b"]) {
    for (let i = 0; i < 100; i++) {
      const instance = `10.0.${i >> 4}.${i & 15}:9100`;
      add("node_load1", { cluster, instance, host: `host-${i}` }, gauge(random, 0.01));
      for (let kind = 0; kind < 40; kind++) {
        const labels = { cluster, instance, host: `host-${i}`, kind: `kind-${kind}` };
        add("node_memory_bytes", labels, gauge(random, 4096));
        const served = { cluster, instance, host: `host-${i}`, handler: `/api/v1/${kind}`, code: "200" };
        add("http_requests_total", { ...served, pod: `pod-${i}` }, counter(random, kind % 3 === 0));
        if (kind >= 8) continue;
        for (const le of bounds) {
          add("http_request_duration_seconds_bucket", { ...served, le }, counter(random, false));
        }
      }
    }
  }
  return byName;
}

/** A store of whole columns by metric name; labels are decoded anew for every series, as from the wire. */
function benchSelectable(byName: ReadonlyMap<string, readonly Series[]>): Selectable {
  return {
    select(_ctx, request) {
      const list = byName.get(request.matchers[0]?.value ?? "") ?? [];
      const { minMs, maxMs } = request.range;
      const timesMs = new Float64Array(samples);
      const values = new Float64Array(samples);
      const words = new Uint32Array(values.buffer);
      let next = 0;
      return {
        next(): SampleColumn | undefined {
          const series = list[next++];
          if (series === undefined) return undefined;
          let from = 0;
          while (from < samples && (series.times[from] as number) < minMs) from++;
          let to = samples;
          while (to > from && (series.times[to - 1] as number) > maxMs) to--;
          timesMs.set(series.times.subarray(from, to));
          values.set(series.values.subarray(from, to));
          const labels = {
            get: (name: string) => labelValue(series.labels, name) ?? "",
            all: () => series.labels.map((label) => ({ ...label })),
          };
          return {
            labels,
            length: to - from,
            timesMs,
            values,
            words,
            hasStale: false,
            histograms: undefined,
            startTimesMs: undefined,
          };
        },
        close: async () => undefined,
      };
    },
  };
}

function timed(name: string, units: number, run: () => void): void {
  run();
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 3; round++) {
    const before = performance.now();
    run();
    best = Math.min(best, performance.now() - before);
  }
  console.log(`${name.padEnd(28)} ${((best * 1e6) / units).toFixed(1).padStart(8)} ns`);
}

function benchKernels(): void {
  const random = createSeededRandom(7).next;
  const series = Array.from({ length: 200 }, (_, i) => counter(random, i % 3 === 0));
  const times = scrapeTimes(11_137);
  const out = { values: new Float64Array(steps), present: new Uint8Array(steps) };
  console.log("per series and step, windows of 5 and of 60 samples");
  for (const [name, maker] of rangeFunctions) {
    for (const minutes of [5, 60]) {
      const params = [new Float64Array(steps).fill(0.9), new Float64Array(steps).fill(0.3)];
      const kernel = maker(params, grid);
      const cache = createWindowCache({
        firstEndMs: startMs,
        stepMs,
        count: steps,
        rangeMs: minutes * 60_000,
      });
      timed(`${name} ${minutes}m`, series.length * steps, () => {
        for (const values of series) {
          kernel({ times, values, length: samples, windows: cache.windowsOf(times, samples) }, out);
        }
      });
    }
  }
  console.log("per series and step");
  const present = new Uint8Array(steps).fill(1);
  for (const [name, create] of foldedAggregates) {
    timed(name, series.length * steps, () => {
      const accumulator = create(steps);
      for (const values of series) accumulator.add(values.subarray(0, steps), present, true);
      accumulator.finish();
    });
  }
}

const queries = [
  "sum by (cluster) (rate(http_requests_total[5m]))",
  "rate(http_requests_total[5m])",
  "histogram_quantile(0.99, sum by (le, handler) (rate(http_request_duration_seconds_bucket[5m])))",
  "max_over_time(node_memory_bytes[1h])",
  "sum by (cluster) (max_over_time(node_memory_bytes[1h]))",
  "topk(10, sum by (instance) (rate(http_requests_total[5m])))",
  "node_memory_bytes",
  "sum(node_memory_bytes)",
  "sum by (cluster) (http_requests_total / on (cluster, instance) group_left node_load1)",
  "sum by (cluster) (avg_over_time(rate(http_requests_total[5m])[30m:1m]))",
  "avg by (cluster) (quantile_over_time(0.9, node_memory_bytes[1h]))",
  'sum by (h) (label_replace(node_memory_bytes, "h", "$1", "instance", "(.*):.*"))',
];

async function benchQueries(containing: string): Promise<void> {
  const source = benchSelectable(buildSeries());
  const engine = createEngine({
    lookbackDeltaMs: 300_000,
    defaultSubqueryStepMs: 60_000,
    maxSamples: 5e7,
    features: new Set(),
    delayedNameRemoval: false,
  });
  console.log("ms: first run, best of three");
  for (const query of queries.filter((text) => text.includes(containing))) {
    const walls: number[] = [];
    let columns = 0;
    for (let round = 0; round < 3; round++) {
      const before = performance.now();
      const result = engine
        .prepare(query)
        .range(testContext(), source, { startMs, endMs: startMs + (steps - 1) * stepMs, stepMs });
      columns = 0;
      for (let column = await result.next(); column !== undefined; ) {
        columns++;
        const next = result.next();
        column = next instanceof Promise ? await next : next;
      }
      await result.close();
      walls.push(performance.now() - before);
    }
    const [first = 0] = walls;
    const best = Math.min(...walls);
    console.log(`${first.toFixed(0).padStart(6)} ${best.toFixed(0).padStart(6)}  ${query} (${columns})`);
  }
}

const [what = "all", containing = ""] = process.argv.slice(2);
if (what !== "queries") benchKernels();
if (what !== "kernels") await benchQueries(containing);
