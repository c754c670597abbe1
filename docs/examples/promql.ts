/**
 * PromQL as a library, over series in an array:
 *
 *   node docs/examples/promql.ts 'sum by (job) (rate(http_requests_total[5m]))'
 *   deno run -A docs/examples/promql.ts
 *
 * Prints the query laid out, and a value for each minute of ten.
 */
import process from "node:process";
import {
  allMatch,
  compareLabels,
  createEngine,
  createMatcher,
  formatLabels,
  type Labels,
  labelsOf,
  labelValue,
  prettyExpr,
  type QueryContext,
  type SampleColumn,
  type Selectable,
} from "sluice/promql";

interface Series {
  readonly labels: Labels;
  readonly timesMs: Float64Array;
  readonly values: Float64Array;
}

/** Two counters that grow by 3 and by 5 a second, scraped every 15 seconds for ten minutes. */
const series: readonly Series[] = [
  ["api", 3],
  ["web", 5],
].map(([job, perSecond]) => {
  const timesMs = Float64Array.from({ length: 41 }, (_, i) => i * 15_000);
  const labels = labelsOf({ __name__: "http_requests_total", job: String(job) });
  return { labels, timesMs, values: timesMs.map((timeMs) => (timeMs / 1000) * Number(perSecond)) };
});

/** Where the engine gets its series: those that match, in label order, whole; the engine takes the times it wants. */
const selectable: Selectable = {
  select(_, { matchers }) {
    const compiled = matchers.map(createMatcher);
    const found = series
      .filter(({ labels }) => allMatch(compiled, (name) => labelValue(labels, name) ?? ""))
      .toSorted((a, b) => compareLabels(a.labels, b.labels))
      .values();
    return {
      next: () => found.map(columnOf).next().value,
      close: async () => undefined,
    };
  },
};

function columnOf({ labels, timesMs, values }: Series): SampleColumn {
  return {
    labels: { get: (name) => labelValue(labels, name) ?? "", all: () => labels },
    length: timesMs.length,
    timesMs,
    values,
    words: new Uint32Array(values.buffer),
    hasStale: false,
    histograms: undefined,
    startTimesMs: undefined,
  };
}

const engine = createEngine({
  lookbackDeltaMs: 300_000,
  defaultSubqueryStepMs: 60_000,
  maxSamples: 1_000_000,
  features: new Set(["promql-experimental-functions"]),
  delayedNameRemoval: false,
});

const context: QueryContext = {
  signal: new AbortController().signal,
  deadlineMs: undefined,
  warn: (message) => console.error(`warning: ${message}`),
  metadata: {},
  memory: { take: () => undefined, give: () => undefined },
};

const text = process.argv[2] ?? "sum by (job) (rate(http_requests_total[5m]))";
const query = engine.prepare(text);
console.log(prettyExpr(query.expr));
const result = query.range(context, selectable, { startMs: 60_000, endMs: 600_000, stepMs: 60_000 });
try {
  for (let column = await result.next(); column !== undefined; column = await result.next()) {
    const { values, present, length } = column;
    const shown = Array.from(values.subarray(0, length), (value, i) => (present?.[i] === 0 ? "-" : value));
    console.log(formatLabels(column.labels.all()), shown.join(" "));
  }
} finally {
  await result.close();
}
