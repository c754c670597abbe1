import type { MemorySample, MemorySelectable } from "../support/memory-selectable.ts";
import { customBucketSeries } from "./custom-bucket-series.ts";
import type { Command } from "./script.ts";
import type { Point, SeriesLine } from "./series-notation.ts";

/** Puts the series of a `load` command into the source. */
export function loadSeries(source: Pick<MemorySelectable, "add">, command: Command & { kind: "load" }): void {
  let dated: SeriesLine | undefined;
  for (const line of command.series) {
    if (line.startTimes) {
      dated = line;
      continue;
    }
    const points = dated?.points;
    const samples = line.points.flatMap((point, i) => sampleOf(point, i * command.stepMs, points?.[i]));
    source.add(line.labels, samples);
    dated = undefined;
  }
  if (!command.nhcb) return;
  for (const { labels, samples } of customBucketSeries(command.series, command.stepMs)) {
    source.add(labels, samples);
  }
}

function sampleOf(point: Point, timeMs: number, startTime: Point | undefined): readonly MemorySample[] {
  if (point === "gap") return [];
  const start = typeof startTime === "number" ? { startTimeMs: Math.round(timeMs + startTime * 1000) } : {};
  return typeof point === "object"
    ? [{ timeMs, value: 0, histogram: point.histogram, ...start }]
    : [{ timeMs, value: point, ...start }];
}
