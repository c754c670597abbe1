import { systemClock } from "../../runtime/clock.ts";
import { operatorName } from "../plan/explain.ts";
import type { PlanNode } from "../plan/node.ts";
import type { OperatorRecord } from "./run.ts";

/** A record of the operator that `node` becomes. */
export function createOperatorRecord(node: PlanNode): OperatorRecord {
  const children: OperatorRecord[] = [];
  const counts = { executionMs: 0, series: 0, samples: 0, held: 0, peak: 0 };
  const note = (startMs: number, pulled: unknown): void => {
    counts.executionMs += systemClock.monotonicMs() - startMs;
    if (pulled !== undefined) counts.series++;
  };
  const record: OperatorRecord = {
    child(input) {
      const made = createOperatorRecord(input);
      children.push(made);
      return made;
    },
    observe: (run) => ({
      ...run,
      record,
      count(read, queryable) {
        counts.samples += queryable;
        run.count(read, queryable);
      },
      hold(samples) {
        run.hold(samples);
        counts.held += samples;
        counts.peak = Math.max(counts.peak, counts.held);
      },
      release(samples) {
        counts.held -= samples;
        run.release(samples);
      },
    }),
    timed: (pull) => () => {
      const startMs = systemClock.monotonicMs();
      const pulled = pull();
      if (!(pulled instanceof Promise)) {
        note(startMs, pulled);
        return pulled;
      }
      return pulled.then((value) => {
        note(startMs, value);
        return value;
      });
    },
    analysis: () => ({
      name: operatorName(node),
      executionMs: counts.executionMs,
      series: counts.series,
      totalSamples: counts.samples,
      peakSamples: counts.peak,
      children: children.map((child) => child.analysis()),
    }),
  };
  return record;
}
