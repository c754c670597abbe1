import { formatGoDuration } from "../../model/go-duration.ts";
import type { OperatorAnalysis } from "../../promql/engine.ts";

/** A tree of operators in Thanos's shape: durations as Go writes them, zeros left out. */
export function analysisObject({
  name,
  executionMs,
  peakSamples,
  totalSamples,
  series,
  children,
}: OperatorAnalysis): unknown {
  return {
    name,
    executionTime: formatGoDuration(executionMs),
    ...(peakSamples === 0 ? {} : { peakSamples }),
    ...(totalSamples === 0 ? {} : { totalSamples }),
    ...(series === 0 ? {} : { series }),
    ...(children.length === 0 ? {} : { children: children.map(analysisObject) }),
  };
}
