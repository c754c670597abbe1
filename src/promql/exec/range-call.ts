import type { RangeKernel } from "../functions/range-kernel.ts";
import { createWindowCache, type WindowGrid } from "../functions/windows.ts";
import { createNameDropper } from "./drop-name.ts";
import {
  type Column,
  createColumn,
  type Operator,
  type Samples,
  type SamplesOperator,
  type ScalarOperator,
} from "./operator.ts";
import { afterPreparing, pullMapped, whenReady } from "./pull.ts";
import type { Run } from "./run.ts";
import { readAll } from "./scalar.ts";
import { noLabels } from "./series-labels.ts";

export interface RangeCall {
  readonly input: SamplesOperator;
  readonly windows: WindowGrid;
  readonly params: readonly ScalarOperator[];
  /** Makes the kernel once the parameters are known. */
  readonly kernel: (params: readonly Float64Array[]) => RangeKernel;
  /** last_over_time and first_over_time keep the metric name. */
  readonly keepsName: boolean;
}

/** A function of a range vector, series by series. */
export function createRangeCall(run: Run, call: RangeCall): Operator {
  const { input } = call;
  const cache = createWindowCache(call.windows, run.holdBytes);
  const column = createColumn(call.windows.count, noLabels);
  const dropper = call.keepsName ? undefined : createNameDropper(run, input.names, true);
  let kernel: RangeKernel | undefined;
  const evaluate = (samples: Samples): Column | undefined => {
    if (kernel === undefined || samples.length === 0) return undefined;
    const { times, values, length } = samples;
    const windows = cache.windowsOf(times, length);
    run.count(0, windows.total);
    column.count = kernel({ times, values, length, windows }, column);
    if (column.count === 0) return undefined;
    column.labels = samples.labels;
    column.dropName = samples.dropName;
    dropper?.apply(column);
    return column;
  };
  return {
    names: dropper?.names ?? input.names,
    ordered: input.ordered && (dropper?.keepsOrder ?? true),
    repeats: false,
    next: afterPreparing(
      () => {
        const ready = whenReady(readAll(call.params), (params) => {
          kernel = call.kernel(params);
        });
        return ready instanceof Promise ? ready : undefined;
      },
      () => pullMapped(input, evaluate),
    ),
  };
}
