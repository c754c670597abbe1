import type { Counter, Histogram, MetricLabels, Metrics } from "../telemetry/metrics.ts";

const durationBuckets = [0.001, 0.01, 0.1, 0.3, 0.6, 1, 3, 6, 9, 20, 30, 60, 90, 120, 240, 360, 720];
const sizeBuckets = Array.from({ length: 10 }, (_, i) => 64 * 2 ** i);

const mostTenants = 1_000;
const otherTenants = "(others)";

/** What is told of an answered request. */
export interface RequestOutcome {
  readonly status: number;
  readonly seconds: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
}

/** The HTTP metrics that Thanos's dashboards and alerts read. */
export interface HttpMetrics {
  /** Counts a request in; the returned function counts its answer. */
  begin(handler: string, method: string, tenant: string): (outcome: RequestOutcome) => void;
}

export function createHttpMetrics(metrics: Metrics): HttpMetrics {
  const total = metrics.counter("http_requests_total", "Tracks the number of HTTP requests.");
  const duration = metrics.histogram(
    "http_request_duration_seconds",
    "Tracks the latencies for HTTP requests.",
    durationBuckets,
  );
  const requestSize = metrics.histogram(
    "http_request_size_bytes",
    "Tracks the size of HTTP requests.",
    sizeBuckets,
  );
  const responseSize = metrics.histogram(
    "http_response_size_bytes",
    "Tracks the size of HTTP responses.",
    sizeBuckets,
  );
  const countersOf = (labels: MetricLabels): OutcomeCounters => ({
    total: total.with(labels),
    duration: duration.with(labels),
    requestSize: requestSize.with(labels),
    responseSize: responseSize.with(labels),
  });
  const kinds = new Map<string, RequestKind>();
  const tenants = new Set<string>();
  /** Anybody may name any tenant: past so many they are counted together, lest names fill the memory. */
  const counted = (tenant: string): string => {
    if (tenants.has(tenant)) return tenant;
    if (tenants.size >= mostTenants) return otherTenants;
    tenants.add(tenant);
    return tenant;
  };
  const kindOf = (handler: string, method: string, tenant: string): RequestKind => {
    const key = `${handler} ${method} ${tenant}`;
    const known = kinds.get(key);
    if (known !== undefined) return known;
    const labels = { handler, method: method.toLowerCase(), tenant };
    const kind: RequestKind = { labels, inFlight: 0, outcomes: new Map() };
    kinds.set(key, kind);
    return kind;
  };
  metrics.observe(
    "http_inflight_requests",
    "Current number of HTTP requests the handler is responding to.",
    () => [...kinds.values()].map(({ inFlight, labels }) => ({ value: inFlight, labels })),
  );
  return {
    begin(handler, method, tenant) {
      const kind = kindOf(handler, method, counted(tenant));
      kind.inFlight++;
      return ({ status, seconds, requestBytes, responseBytes }) => {
        kind.inFlight--;
        const counters = kind.outcomes.get(status) ?? countersOf({ code: String(status), ...kind.labels });
        kind.outcomes.set(status, counters);
        counters.total.add(1);
        counters.duration.record(seconds);
        counters.requestSize.record(requestBytes);
        counters.responseSize.record(responseBytes);
      };
    },
  };
}

/** Requests to one handler, by one method, of one tenant. */
interface RequestKind {
  readonly labels: MetricLabels;
  inFlight: number;
  /** By status. */
  readonly outcomes: Map<number, OutcomeCounters>;
}

interface OutcomeCounters {
  readonly total: ReturnType<Counter["with"]>;
  readonly duration: ReturnType<Histogram["with"]>;
  readonly requestSize: ReturnType<Histogram["with"]>;
  readonly responseSize: ReturnType<Histogram["with"]>;
}
