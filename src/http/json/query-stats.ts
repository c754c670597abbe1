import type { QueryStats } from "../../promql/engine.ts";
import type { JsonWriter } from "./json-writer.ts";

export interface QueryTimings {
  readonly preparationMs: number;
  readonly queueMs: number;
  /** From the request's query on, writing included, because evaluation and writing are one here. */
  readonly totalMs: number;
}

/** Writes `,"stats":{…}` in Thanos's shape, times in seconds. */
export function writeQueryStats(writer: JsonWriter, stats: QueryStats, timings: QueryTimings): void {
  const seconds = (ms: number) => Number((ms / 1000).toFixed(9));
  const evalTotalTime = seconds(timings.totalMs - timings.queueMs);
  const value = {
    timings: {
      evalTotalTime,
      resultSortTime: 0,
      queryPreparationTime: seconds(timings.preparationMs),
      innerEvalTime: seconds(timings.totalMs - timings.queueMs - timings.preparationMs),
      execQueueTime: seconds(timings.queueMs),
      execTotalTime: seconds(timings.totalMs),
    },
    samples: { totalQueryableSamples: stats.totalQueryableSamples, peakSamples: stats.peakSamples },
  };
  writer.raw(`,"stats":${JSON.stringify(value)}`);
}
