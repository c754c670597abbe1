import { naiveDedup, type Sample } from "../support/naive-dedup.ts";

/*
 * Samples of two clusters with two replicas each. All replicas of a cluster see the same process at times of their own:
 *
 *   start                    gap of a/0                       end
 *   |--- every 15 s ---------|- 100 s -|----------------------|      a/0   at +9.137 s of each 15
 *   |---------------------------------------------------------|      a/1   at +12.411
 *
 * Scrape times have milliseconds that no query's step or window has, so no sample lies on an edge: Prometheus 2.42 takes
 * windows closed on the left, later ones and we do not. Queries read from 7 s after a multiple of 15, where replica 0
 * comes first; so dedup keeps the same samples wherever a query begins before the gap.
 */

/** Unix seconds; a multiple of two hours, so that blocks are whole. */
export const startSeconds = 1_717_200_000;
export const scrapeSeconds = 15;
const scrapes = 320;
export const gapStartSeconds = startSeconds + 40 * 60;
const gapSeconds = 100;
/**
 * When the counters of one instance begin anew: within what range queries read, and after the beginning of all, since
 * how far dedup lifts a counter depends on the resets it has seen.
 */
const resetSeconds = startSeconds + 44 * 60 + 5;

export interface ServerName {
  readonly cluster: "a" | "b";
  readonly replica: "0" | "1";
}

export const servers: readonly ServerName[] = [
  { cluster: "a", replica: "0" },
  { cluster: "a", replica: "1" },
  { cluster: "b", replica: "0" },
  { cluster: "b", replica: "1" },
];

const shiftMs: Readonly<Record<string, number>> = { a0: 9_137, a1: 12_411, b0: 9_519, b1: 13_223 };
/** Which replica has a gap, and when. */
const gaps: Readonly<Record<string, number>> = { a0: gapStartSeconds, b1: gapStartSeconds - 900 };

type LabelRecord = Readonly<Record<string, string>>;

interface Process {
  readonly labels: LabelRecord;
  readonly counter: boolean;
  /** Value at a time, seconds since the start. */
  readonly valueAt: (seconds: number) => number;
  /** Only these servers have it; all where it is absent. */
  readonly only?: (server: ServerName) => boolean;
}

function counter(labels: LabelRecord, perSecond: number): Process {
  const resetAt = labels.instance === "i1" ? resetSeconds - startSeconds : Number.POSITIVE_INFINITY;
  const grown = (seconds: number) => Math.floor(perSecond * seconds + 3 * Math.sin(seconds / 97) + 4);
  return {
    labels,
    counter: true,
    valueAt: (seconds) => grown(seconds >= resetAt ? seconds - resetAt : seconds + 600),
  };
}

function gauge(labels: LabelRecord, scale: number, periodSeconds: number): Process {
  return {
    labels,
    counter: false,
    valueAt: (seconds) => scale * Math.sin(seconds / periodSeconds) + seconds / 1000,
  };
}

function processes(cluster: string): readonly Process[] {
  const scale = cluster === "a" ? 1 : 1.7;
  const all: Process[] = [];
  for (const [i, instance] of ["i0", "i1", "i2"].entries()) {
    all.push({
      labels: { __name__: "up", job: "api", instance },
      counter: false,
      valueAt: (s) => (Math.floor(s / 600) % 4 === i ? 0 : 1),
    });
    for (const code of ["200", "500"]) {
      const labels = { __name__: "http_requests_total", job: "api", instance, code };
      all.push(counter(labels, scale * (code === "200" ? 12.5 + i : 0.31 + i / 10)));
    }
    all.push(gauge({ __name__: "memory_bytes", job: "node", instance }, 1e9 * scale + i * 1e8, 300 + 40 * i));
    all.push(gauge({ __name__: "temperature", instance, az: `z${i % 2}` }, -20.5 * scale - i, 500 + 70 * i));
  }
  for (const [i, le] of ["0.1", "0.5", "2.5", "+Inf"].entries()) {
    all.push(counter({ __name__: "latency_seconds_bucket", job: "api", le }, scale * (1 + i) * 2));
  }
  all.push(counter({ __name__: "latency_seconds_count", job: "api" }, scale * 8));
  all.push(counter({ __name__: "latency_seconds_sum", job: "api" }, scale * 5.5));
  // Names before, between and after the external labels, and series that extend one another.
  for (const more of [
    {},
    { az: "1" },
    { az: "1", job: "x" },
    { job: "x" },
    { job: "x", zone: "1" },
    { zone: "1" },
  ]) {
    all.push(gauge({ __name__: "queue", ...more }, 10 * scale + Object.keys(more).length, 250));
  }
  // Labels of a series that external labels win over.
  for (const job of ["x", "y"]) {
    all.push(gauge({ __name__: "clash", job, cluster: "inner", replica: job }, 7, 200));
  }
  all.push({ ...gauge({ __name__: "only_one", job: "x" }, 3, 100), only: ({ replica }) => replica === "1" });
  return all;
}

/** One series with its samples; times in milliseconds. */
export interface DataSeries {
  readonly labels: LabelRecord;
  readonly samples: readonly Sample[];
}

/** What one server has scraped. */
export function seriesOfServer(server: ServerName): readonly DataSeries[] {
  const key = `${server.cluster}${server.replica}`;
  const gapAt = (gaps[key] ?? Number.POSITIVE_INFINITY) * 1000;
  const timesMs = Array.from(
    { length: scrapes },
    (_, i) => (startSeconds + i * scrapeSeconds) * 1000 + (shiftMs[key] ?? 0),
  );
  const scraped = timesMs.filter((t) => t < gapAt || t >= gapAt + gapSeconds * 1000);
  return processes(server.cluster)
    .filter(({ only }) => only?.(server) ?? true)
    .map(({ labels, valueAt }) => ({
      labels,
      samples: scraped.map((t) => ({ t, v: valueAt(t / 1000 - startSeconds) })),
    }));
}

/** A counter as it would be without resets: what dedup sees of one under `rate` and its like. */
function lifted(samples: readonly Sample[]): readonly Sample[] {
  let total = 0;
  let last = 0;
  return samples.map(({ t, v }) => {
    total += v < last ? v : v - last;
    last = v;
    return { t, v: total };
  });
}

/** What dedup keeps of all servers, by the naive model; `counter` as under `rate` and its like. The cluster is a label. */
export function dedupedSeries(options: { readonly counter: boolean }): readonly DataSeries[] {
  const byLabels = new Map<string, { labels: LabelRecord; replicas: (readonly Sample[])[] }>();
  for (const server of servers) {
    for (const { labels, samples } of seriesOfServer(server)) {
      const { replica: _, ...others } = labels;
      const withCluster = { ...others, cluster: server.cluster };
      const key = JSON.stringify(withCluster);
      const known = byLabels.get(key);
      if (known === undefined) byLabels.set(key, { labels: withCluster, replicas: [samples] });
      else known.replicas.push(samples);
    }
  }
  return [...byLabels.values()].map(({ labels, replicas }) => ({
    labels,
    samples: naiveDedup(options.counter ? replicas.map(lifted) : replicas, options),
  }));
}

/** OpenMetrics text, as promtool makes blocks from. */
export function openMetricsText(series: readonly DataSeries[]): string {
  const lines: string[] = [];
  for (const { labels, samples } of series) {
    const { __name__: name, ...others } = labels;
    const pairs = Object.entries(others).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
    for (const { t, v } of samples) lines.push(`${name}{${pairs.join(",")}} ${v} ${t / 1000}\n`);
  }
  return `${lines.join("")}# EOF\n`;
}
