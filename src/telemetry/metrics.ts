/** Label values of one measurement. */
export type MetricLabels = Readonly<Record<string, string>>;

export interface Counter {
  add(value: number, labels?: MetricLabels): void;
  /** The counter of one label set: adding to it costs no look-up. It is exposed from here on. */
  with(labels: MetricLabels): { add(value: number): void };
}
export interface Gauge {
  set(value: number, labels?: MetricLabels): void;
}
export interface Histogram {
  record(value: number, labels?: MetricLabels): void;
  /** The histogram of one label set, as `Counter.with`. */
  with(labels: MetricLabels): { record(value: number): void };
}

/** Makes instruments by their exposed Prometheus name (`thanos_…_total`, `…_seconds`). The same name gives the same instrument. */
export interface Metrics {
  counter(name: string, help: string): Counter;
  gauge(name: string, help: string): Gauge;
  histogram(name: string, help: string, buckets: readonly number[]): Histogram;
  /** A gauge that is read when scraped. */
  observe(
    name: string,
    help: string,
    read: () => readonly { readonly value: number; readonly labels?: MetricLabels }[],
  ): void;
  /** A counter that is read when scraped; values only grow. */
  observeCounter(
    name: string,
    help: string,
    read: () => readonly { readonly value: number; readonly labels?: MetricLabels }[],
  ): void;
}

/** Measures nothing; for tests and tools. */
export const noMetrics: Metrics = {
  counter: () => ({ add: () => undefined, with: () => ({ add: () => undefined }) }),
  gauge: () => ({ set: () => undefined }),
  histogram: () => ({ record: () => undefined, with: () => ({ record: () => undefined }) }),
  observe: () => undefined,
  observeCounter: () => undefined,
};
