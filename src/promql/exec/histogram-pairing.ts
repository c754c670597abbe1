import { createHistogram } from "../../model/histogram/histogram.ts";
import { HistogramColumn } from "../../model/histogram/histogram-column.ts";
import { createOperation, type ElementOp, operate } from "../functions/histogram-arithmetic.ts";
import type { ManySeries } from "./fill.ts";
import type { Column } from "./operator.ts";

/** The steps of a pair of series at which a side is a histogram, or the operator a trim operator. */
export interface HistogramPairing {
  /**
   * Works them out into the `histograms` of `out`, whose presence says where both sides are; takes away what has no
   * answer. Of a comparison every left side is an answer.
   */
  work(lhs: Side, rhs: Side): void;
  /** Writes whether comparisons hold, at those steps only. */
  tellHolds(holds: Uint8Array): void;
}

type Side = Pick<ManySeries, "values" | "histograms">;

const untouched = 2;

export function createHistogramPairing(
  op: ElementOp,
  to: { readonly out: Column; readonly note: (step: number, note: number) => void },
): HistogramPairing {
  const { out, note } = to;
  const steps = out.present.length;
  const results = new HistogramColumn();
  const entry = createOperation();
  const left = createHistogram();
  const right = createHistogram();
  let held = new Uint8Array(0);
  const trims = op === "</" || op === ">/";
  return {
    work(lhs, rhs) {
      if (held.length === 0) held = new Uint8Array(steps);
      held.fill(untouched);
      results.clear();
      for (let k = 0; k < steps; k++) {
        if (out.present[k] === 0) continue;
        entry.lhs = lhs.histograms?.has(k) ? lhs.histograms.lend(k, left) : undefined;
        entry.rhs = rhs.histograms?.has(k) ? rhs.histograms.lend(k, right) : undefined;
        if (entry.lhs === undefined && entry.rhs === undefined && !trims) continue;
        entry.left = lhs.values[k] as number;
        entry.right = rhs.values[k] as number;
        operate(op, entry);
        if (entry.note !== 0) note(k, entry.note);
        if (entry.failed) {
          out.present[k] = 0;
          out.count--;
          continue;
        }
        held[k] = entry.keep ? 1 : 0;
        results.set(k, entry.histogram);
        out.histograms = results;
      }
    },
    tellHolds(holds) {
      for (let k = 0; k < steps; k++) if (held[k] !== untouched) holds[k] = held[k] as number;
    },
  };
}
