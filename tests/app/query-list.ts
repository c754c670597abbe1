import { gapStartSeconds, type ServerName, servers, startSeconds } from "./sample-data.ts";

/** A query over the sample data. */
export interface AppQuery {
  /** PromQL; `$` stands where matchers on the external labels go. */
  readonly template: string;
  /** Whether results keep the labels of their series, so that external labels show. */
  readonly keepsLabels: boolean;
  /** Whether its selectors stand under rate and the like: what dedup makes of counters shows there alone. */
  readonly reads: "plain" | "counter" | "both";
  readonly time: QueryTime;
}

/** Unix seconds. */
export type QueryTime =
  | { readonly kind: "instant"; readonly at: number }
  | { readonly kind: "range"; readonly from: number; readonly to: number; readonly step: number };

interface Shape {
  readonly text: string;
  readonly keeps: boolean;
  readonly reads: AppQuery["reads"];
}

const shape =
  (keeps: boolean, reads: AppQuery["reads"]) =>
  (text: string): Shape => ({ text, keeps, reads });
const kept = shape(true, "plain");
const dropped = shape(false, "plain");
const keptCounter = shape(true, "counter");
const droppedCounter = shape(false, "counter");

/** Fifty shapes of queries. Windows and offsets are multiples of 15 s, subquery steps too. */
export const shapes: readonly Shape[] = [
  kept("up{$}"),
  kept('memory_bytes{$job="node"}'),
  kept("queue{$}"),
  kept('queue{$zone=""}'),
  kept('{$__name__=~"queue|up",job=~".+"}'),
  kept("temperature{$} * 2 + 1"),
  kept("temperature{$} offset 5m"),
  kept("only_one{$}"),
  keptCounter("rate(http_requests_total{$}[5m])"),
  keptCounter('rate(http_requests_total{$code="200"}[2m30s])'),
  keptCounter("increase(http_requests_total{$}[10m])"),
  keptCounter("irate(http_requests_total{$}[5m])"),
  keptCounter("resets(http_requests_total{$}[15m])"),
  kept("delta(temperature{$}[5m])"),
  kept("idelta(temperature{$}[5m])"),
  kept("deriv(memory_bytes{$}[10m])"),
  kept("predict_linear(temperature{$}[10m], 600)"),
  kept("changes(up{$}[15m])"),
  kept("avg_over_time(temperature{$}[5m])"),
  kept("min_over_time(temperature{$}[5m])"),
  kept("max_over_time(temperature{$}[10m])"),
  kept("clash{$}"),
  kept("count_over_time(up{$}[5m])"),
  kept("stddev_over_time(temperature{$}[5m])"),
  kept("quantile_over_time(0.9, temperature{$}[10m])"),
  kept("last_over_time(memory_bytes{$}[5m])"),
  kept("present_over_time(only_one{$}[5m])"),
  kept("absent(nothing{$})"),
  kept('absent_over_time(nothing{$job="x"}[5m])'),
  kept("max_over_time(temperature{$}[10m:1m])"),
  keptCounter("avg_over_time(rate(http_requests_total{$}[5m])[10m:1m])"),
  dropped("sum(up{$})"),
  dropped("sum by (job) (memory_bytes{$})"),
  kept("avg without (instance, az) (temperature{$})"),
  dropped('count by (instance) ({$instance=~".+"})'),
  dropped('count_values("v", up{$})'),
  dropped("quantile(0.5, temperature{$})"),
  dropped("stddev by (az) (temperature{$})"),
  kept("topk(2, memory_bytes{$})"),
  kept("bottomk by (az) (1, temperature{$})"),
  droppedCounter("sum by (code) (rate(http_requests_total{$}[5m]))"),
  droppedCounter(
    'sum by (job) (rate(http_requests_total{$code="500"}[5m])) / sum by (job) (rate(http_requests_total{$}[5m]))',
  ),
  droppedCounter("histogram_quantile(0.9, sum by (le) (rate(latency_seconds_bucket{$}[5m])))"),
  keptCounter("rate(latency_seconds_sum{$}[5m]) / rate(latency_seconds_count{$}[5m])"),
  kept("memory_bytes{$} / on (cluster, instance) group_left (az) temperature{$}"),
  kept("up{$} and on (instance) temperature{$} < 0"),
  kept('label_replace(up{$}, "host", "$1-x", "instance", "(.*)")'),
  kept("clamp(temperature{$}, -10, 10) > bool 0"),
  dropped("scalar(sum(up{$})) + vector(1)"),
  kept(`memory_bytes{$} @ ${startSeconds + 1807} - memory_bytes{$}`),
];

/** 7 s past a multiple of 30 s: before every replica 0's scrape within 15 s, and off every subquery step. */
const base = startSeconds + 30 * 60 + 7;
const times: readonly QueryTime[] = [
  { kind: "instant", at: base },
  { kind: "range", from: base, to: base + 20 * 60, step: 60 },
  // Three minutes into the gap's wake.
  { kind: "instant", at: gapStartSeconds + 187 },
  { kind: "range", from: base + 300, to: base + 900, step: 30 },
];

/** The same list each time: every shape at every kind of time, each with a server that it is narrowed to. */
export const narrowedQueries: readonly (AppQuery & { readonly server: ServerName })[] = shapes.flatMap(
  (each, i) =>
    times.map((time, j) => ({
      ...queryOf(each, time),
      server: servers[(i + j) % servers.length] as ServerName,
    })),
);

/** Queries over both clusters without replicas. */
export const dedupQueries: readonly AppQuery[] = shapes.flatMap((each) =>
  times.map((time) => queryOf(each, time)),
);

function queryOf({ text, keeps, reads }: Shape, time: QueryTime): AppQuery {
  return { template: text, keepsLabels: keeps, reads, time };
}

/** The query with these matchers in every selector. */
export function withMatchers(template: string, matchers: string): string {
  return template.replaceAll("{$", `{${matchers}`).replaceAll(",}", "}");
}
