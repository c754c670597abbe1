import { parseGoFloat } from "../../src/http/parameters/go-values.ts";
import { customSchema, type Histogram, resetHints } from "../../src/model/histogram/histogram.ts";
import { type Labels, labelValue, sortLabels } from "../../src/model/labels.ts";
import type { MemorySample } from "../support/memory-selectable.ts";
import type { SeriesLine } from "./series-notation.ts";

interface ClassicHistogram {
  readonly buckets: Map<number, number>;
  count: number | undefined;
  sum: number;
}

interface Family {
  readonly labels: Labels;
  readonly byTime: Map<number, ClassicHistogram>;
}

/** The native histograms with custom buckets that `load_with_nhcb` makes of classic ones. */
export function customBucketSeries(
  lines: readonly SeriesLine[],
  stepMs: number,
): readonly { readonly labels: Labels; readonly samples: readonly MemorySample[] }[] {
  const families = new Map<string, Family>();
  for (const line of lines) collect(families, line, stepMs);
  return [...families.values()].map(({ labels, byTime }) => ({
    labels,
    samples: [...byTime].map(([timeMs, classic]) => ({ timeMs, value: 0, histogram: nativeOf(classic) })),
  }));
}

function collect(families: Map<string, Family>, line: SeriesLine, stepMs: number): void {
  const parts = /^(.*)_(bucket|count|sum)$/.exec(labelValue(line.labels, "__name__") ?? "");
  if (parts === null) return;
  const [, name = "", suffix] = parts;
  const bound = suffix === "bucket" ? parseGoFloat(labelValue(line.labels, "le") ?? "") : 0;
  if (bound === undefined || Number.isNaN(bound)) return;
  const rest = line.labels.filter((label) => label.name !== "__name__" && label.name !== "le");
  const labels = sortLabels([...rest, { name: "__name__", value: name }]);
  const key = JSON.stringify(labels);
  const family = families.get(key) ?? { labels, byTime: new Map<number, ClassicHistogram>() };
  families.set(key, family);
  line.points.forEach((point, i) => {
    if (typeof point !== "number") return;
    const timeMs = i * stepMs;
    const classic = family.byTime.get(timeMs) ?? { buckets: new Map(), count: undefined, sum: 0 };
    family.byTime.set(timeMs, classic);
    if (suffix === "count") classic.count = point;
    else if (suffix === "sum") classic.sum = point;
    else if (!classic.buckets.has(bound)) classic.buckets.set(bound, point);
  });
}

function nativeOf(classic: ClassicHistogram): Histogram {
  const bounds = [...classic.buckets].sort(([a], [b]) => a - b);
  const count = classic.count ?? bounds.at(-1)?.[1] ?? 0;
  if (bounds.at(-1)?.[0] !== Infinity) bounds.push([Infinity, count]);
  const buckets = bounds.map(([, total], i) => total - (bounds[i - 1]?.[1] ?? 0));
  const problem = bounds.at(-1)?.[1] !== count || buckets.some((bucket) => bucket < 0);
  if (problem) throw new Error(`a classic histogram is not cumulative: ${bounds.join(" ")}`);
  return {
    layout: {
      schema: customSchema,
      zeroThreshold: 0,
      positive: Int32Array.from(buckets.keys()),
      negative: new Int32Array(0),
      customValues: Float64Array.from(bounds.slice(0, -1), ([bound]) => bound),
    },
    resetHint: resetHints.unknown,
    count,
    sum: classic.sum,
    zeroCount: 0,
    buckets: Float64Array.from(buckets),
    at: 0,
  };
}
