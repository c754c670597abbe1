import { type Labels, labelValue, sortLabels } from "../../src/model/labels.ts";
import type { MemorySample, MemorySelectable } from "../support/memory-selectable.ts";
import type { Command } from "./script.ts";
import type { Point, SeriesLine } from "./series-notation.ts";

const histograms = "native histograms";
const startTimes = "start timestamps";

/** Puts the series of a `load` command into the source. What floats alone cannot tell is put there as opaque. */
export function loadSeries(source: MemorySelectable, command: Command & { kind: "load" }): void {
  let dated: SeriesLine | undefined;
  for (const line of command.series) {
    if (line.startTimes) {
      dated = line;
      continue;
    }
    const points = dated?.points;
    const samples = line.points.flatMap((point, i) => sampleOf(point, i * command.stepMs, points?.[i]));
    source.add(line.labels, markStale(samples));
    dated = undefined;
  }
  if (command.nhcb) loadCustomBuckets(source, command);
}

function sampleOf(point: Point, timeMs: number, startTime: Point | undefined): readonly MemorySample[] {
  if (point === "gap") return [];
  if (typeof point === "object") return [{ timeMs, value: 0, opaque: histograms }];
  if (startTime !== undefined && startTime !== "gap") return [{ timeMs, value: point, opaque: startTimes }];
  return [{ timeMs, value: point }];
}

/** A marker behind a histogram ends a series of histograms. */
function markStale(samples: readonly MemorySample[]): readonly MemorySample[] {
  let opaque: string | undefined;
  return samples.map((sample) => {
    if (sample.value === "stale" && opaque !== undefined) return { ...sample, opaque };
    opaque = sample.opaque === histograms ? histograms : undefined;
    return sample;
  });
}

/** `load_with_nhcb` makes a native histogram `x` of `x_bucket`, `x_count` and `x_sum` as well. */
function loadCustomBuckets(source: MemorySelectable, command: Command & { kind: "load" }): void {
  for (const line of command.series) {
    const labels = histogramLabels(line.labels);
    if (labels === undefined) continue;
    const samples = line.points.flatMap((point, i) =>
      typeof point === "number" ? [{ timeMs: i * command.stepMs, value: 0, opaque: histograms }] : [],
    );
    source.add(labels, samples);
  }
}

function histogramLabels(labels: Labels): Labels | undefined {
  const parts = /^(.*)_(?:bucket|count|sum)$/.exec(labelValue(labels, "__name__") ?? "");
  if (parts === null) return undefined;
  const rest = labels.filter(({ name }) => name !== "__name__" && name !== "le");
  return sortLabels([...rest, { name: "__name__", value: parts[1] ?? "" }]);
}
