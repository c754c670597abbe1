import type { Attributes } from "@opentelemetry/api";
import { PrometheusSerializer } from "@opentelemetry/exporter-prometheus";
import { MeterProvider, MetricReader, type ResourceMetrics } from "@opentelemetry/sdk-metrics";
import { createCountedMetrics } from "./counted-metrics.ts";
import type { Metrics } from "./metrics.ts";

/** Label sets of one metric at most; more would be folded into one by the SDK. */
const maxLabelSets = 10_000;

/** Metrics of this process and their exposition. */
export interface MetricsRegistry extends Metrics {
  /** The text format of Prometheus. */
  scrape(): Promise<string>;
}

/** Pulls when it is asked to, nothing else. */
class ScrapeReader extends MetricReader {
  protected override onForceFlush(): Promise<void> {
    return Promise.resolve();
  }
  protected override onShutdown(): Promise<void> {
    return Promise.resolve();
  }
}

/**
 * A private registry over OpenTelemetry's SDK. Names come out exactly as given; counters that were never added to show
 * as 0, so that rates over them work from their first event on.
 */
export function createMetrics(): MetricsRegistry {
  const counted = createCountedMetrics(maxLabelSets);
  const reader = new ScrapeReader({
    cardinalitySelector: () => maxLabelSets,
    metricProducers: [counted.producer],
  });
  const provider = new MeterProvider({ readers: [reader] });
  const meter = provider.getMeter("sluice");
  const serializer = new PrometheusSerializer("", false, undefined, true, true);
  const made = new Map<string, unknown>();
  const counters = new Map<string, string>();

  function once<T>(name: string, make: () => T): T {
    const known = made.get(name);
    if (known !== undefined) return known as T; // One name is asked for as one kind only.
    const instrument = make();
    made.set(name, instrument);
    return instrument;
  }
  return {
    counter: (name, help) => once(name, () => counted.counter(name, help)),
    gauge(name, help) {
      return once(name, () => {
        const gauge = meter.createGauge(name, { description: help });
        return { set: (value, labels) => gauge.record(value, labels as Attributes | undefined) };
      });
    },
    histogram: (name, help, buckets) => once(name, () => counted.histogram(name, help, buckets)),
    observe(name, help, read) {
      once(name, () => {
        const gauge = meter.createObservableGauge(name, { description: help });
        gauge.addCallback((result) => {
          for (const { value, labels } of read()) result.observe(value, labels as Attributes | undefined);
        });
        return gauge;
      });
    },
    observeCounter(name, help, read) {
      once(name, () => {
        counters.set(name, help);
        const counter = meter.createObservableCounter(name, { description: help });
        counter.addCallback((result) => {
          for (const { value, labels } of read()) result.observe(value, labels as Attributes | undefined);
        });
        return counter;
      });
    },
    async scrape() {
      const { resourceMetrics } = await reader.collect();
      return serializer.serialize(resourceMetrics) + zeroCounters(counters, resourceMetrics);
    },
  };
}

function zeroCounters(counters: ReadonlyMap<string, string>, { scopeMetrics }: ResourceMetrics): string {
  const shown = new Set<string>();
  for (const { metrics } of scopeMetrics) {
    for (const { descriptor, dataPoints } of metrics) if (dataPoints.length > 0) shown.add(descriptor.name);
  }
  let text = "";
  for (const [name, help] of counters) {
    if (!shown.has(name)) text += `# HELP ${name} ${help}\n# TYPE ${name} counter\n${name} 0\n`;
  }
  return text;
}
