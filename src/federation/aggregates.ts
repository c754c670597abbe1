import type { SeriesRequest } from "../store/store.ts";
import type { ChunkKind } from "../wire/series-batch.ts";

/** How the samples of a chunk are made: from one kind of aggregate, or as the average of sum and count. Raw data go first. */
export type ChunkReading = Exclude<ChunkKind, "raw"> | "average";

/** How a function reads downsampled chunks, and what is asked of the stores for it (Thanos's aggrsFromFunc). */
export function readingOf(func: string): ChunkReading {
  if (func === "min" || func.startsWith("min_")) return "min";
  if (func === "max" || func.startsWith("max_")) return "max";
  if (func === "count" || func.startsWith("count_")) return "count";
  // The aggregation `sum` wants the samples themselves.
  if (func.startsWith("sum_")) return "sum";
  return counterFunctions.has(func) ? "counter" : "average";
}

export function aggregatesOf(reading: ChunkReading): SeriesRequest["aggregates"] {
  switch (reading) {
    case "average":
      return ["COUNT", "SUM"];
    case "count":
      return ["COUNT"];
    case "sum":
      return ["SUM"];
    case "min":
      return ["MIN"];
    case "max":
      return ["MAX"];
    case "counter":
      return ["COUNTER"];
  }
}

/** Functions whose counters are lifted on a switch of replicas. `xrate` and `xincrease` are not, as upstream. */
export function adjustsCounters(func: string): boolean {
  return adjustedFunctions.has(func);
}

/** Coarsest resolution that may be asked for: a function over a range needs two samples of it in there. */
export function maxResolutionOf(maxResolutionMs: number, rangeMs: number, func: string): number {
  return rangeMs > 0 && rateLikeFunctions.has(func)
    ? Math.min(maxResolutionMs, rangeMs / 2)
    : maxResolutionMs;
}

const adjustedFunctions = new Set(["increase", "rate", "irate", "resets"]);
const counterFunctions = new Set([...adjustedFunctions, "xincrease", "xrate"]);
const rateLikeFunctions = new Set([
  "rate",
  "irate",
  "increase",
  "delta",
  "idelta",
  "deriv",
  "predict_linear",
  "holt_winters",
  "double_exponential_smoothing",
]);
