import { createRun, type Run } from "../../src/promql/exec/run.ts";
import { createSampleStore, testContext } from "./sample-source.ts";

/** A run over no data, for operators alone. Annotations tell no positions. */
export function createTestRun(
  options: { readonly maxSamples?: number; readonly delayedNameRemoval?: boolean } = {},
): Run {
  return createRun(
    testContext(),
    createSampleStore([]),
    {
      lookbackDeltaMs: 300_000,
      defaultSubqueryStepMs: 60_000,
      maxSamples: options.maxSamples ?? 1_000_000,
      features: new Set(),
      delayedNameRemoval: options.delayedNameRemoval ?? false,
    },
    { lookbackMs: 300_000, text: "" },
  );
}
