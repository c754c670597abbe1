import type { Metrics } from "../telemetry/metrics.ts";

const durationBuckets = [0.001, 0.01, 0.1, 0.3, 0.6, 1, 3, 6, 9, 20, 30, 60, 90, 120, 240, 360, 720];
const sizeBuckets = Array.from({ length: 10 }, (_, i) => 64 * 2 ** i);

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
  const inFlight = new Map<string, { count: number; readonly labels: Readonly<Record<string, string>> }>();
  metrics.observe(
    "http_inflight_requests",
    "Current number of HTTP requests the handler is responding to.",
    () => [...inFlight.values()].map(({ count, labels }) => ({ value: count, labels })),
  );
  return {
    begin(handler, method, tenant) {
      const labels = { handler, method: method.toLowerCase(), tenant };
      const key = `${handler} ${labels.method} ${tenant}`;
      const running = inFlight.get(key) ?? { count: 0, labels };
      inFlight.set(key, running);
      running.count++;
      return ({ status, seconds, requestBytes, responseBytes }) => {
        running.count--;
        const outcome = { code: String(status), ...labels };
        total.add(1, outcome);
        duration.record(seconds, outcome);
        requestSize.record(requestBytes, outcome);
        responseSize.record(responseBytes, outcome);
      };
    },
  };
}
