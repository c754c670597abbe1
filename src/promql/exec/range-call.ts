import { HistogramColumn } from "../../model/histogram/histogram-column.ts";
import type { ParameterPlace } from "../annotation-texts.ts";
import type { MixedKernel, MixedOut } from "../functions/mixed/mixed-kernel.ts";
import type { RangeKernel } from "../functions/range-kernel.ts";
import { createWindowCache, type WindowGrid, type Windows } from "../functions/windows.ts";
import { createNameDropper } from "./drop-name.ts";
import { createGrowthCount } from "./growth.ts";
import {
  type Column,
  createColumn,
  histogramSize,
  type Operator,
  type Samples,
  type SamplesOperator,
  type ScalarOperator,
} from "./operator.ts";
import { afterPreparing, pullMapped, whenReady } from "./pull.ts";
import { annotateNotes, type Remark } from "./range-notes.ts";
import type { Run } from "./run.ts";
import { readAll } from "./scalar.ts";
import { noLabels } from "./series-labels.ts";

/** The kernels of one call, made once its parameters are known. */
export interface RangeKernels {
  readonly floats: RangeKernel;
  /** Makes the one for series with native histograms, or with start times where the function asks for these. */
  readonly mixed: () => MixedKernel;
  readonly remark: Remark | undefined;
}

export interface RangeCall {
  readonly input: SamplesOperator;
  readonly windows: WindowGrid;
  readonly params: readonly ScalarOperator[];
  readonly kernels: (params: readonly Float64Array[]) => RangeKernels;
  /** Whether the function asks when counters began. */
  readonly asksForStartTimes: boolean;
  /** last_over_time and first_over_time keep the metric name. */
  readonly keepsName: boolean;
  /** What annotations point to. */
  readonly place: ParameterPlace;
}

/** A function of a range vector, series by series. */
export function createRangeCall(run: Run, call: RangeCall): Operator {
  const { input } = call;
  const cache = createWindowCache(call.windows, run.holdBytes);
  const column = createColumn(call.windows.count, noLabels);
  const dropper = call.keepsName
    ? undefined
    : createNameDropper(run, input.names, { strict: true, keepsType: false });
  let kernels: RangeKernels | undefined;
  let mixed: ReturnType<typeof createMixedCall> | undefined;
  const evaluate = (samples: Samples): Column | undefined => {
    if (kernels === undefined || samples.length === 0) return undefined;
    const { times, values, length, histograms } = samples;
    const windows = cache.windowsOf(times, length);
    if (histograms === undefined && (samples.startTimesMs === undefined || !call.asksForStartTimes)) {
      run.count(0, windows.total);
      column.histograms = undefined;
      column.count = kernels.floats({ times, values, length, windows }, column);
    } else {
      mixed ??= createMixedCall(run, call, kernels.mixed());
      mixed(samples, windows, column);
    }
    if (column.count === 0) return undefined;
    kernels.remark?.(samples.labels, column);
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
          kernels = call.kernels(params);
        });
        return ready instanceof Promise ? ready : undefined;
      },
      () => pullMapped(input, evaluate),
    ),
  };
}

const noHistograms = new HistogramColumn();

/** The same for series of which some samples are histograms, or know when their counter began. */
function createMixedCall(run: Run, call: RangeCall, kernel: MixedKernel) {
  const made = new HistogramColumn();
  const countGrowth = createGrowthCount(run);
  let sizesTo = new Float64Array(1);
  return (samples: Samples, windows: Windows, column: Column): void => {
    const { times, values, length, histograms, startTimesMs } = samples;
    if (sizesTo.length <= length) sizesTo = new Float64Array(length + 1);
    run.count(0, histograms === undefined ? windows.total : sizeOf(windows, histograms, sizesTo, length));
    made.clear();
    const out: MixedOut = {
      values: column.values,
      present: column.present,
      histograms: made,
      notes: 0,
      overlaps: 0,
    };
    column.count = kernel(
      {
        times,
        values,
        length,
        windows,
        histograms: histograms ?? noHistograms,
        startTimesMs: call.asksForStartTimes ? startTimesMs : undefined,
      },
      out,
    );
    countGrowth(made);
    column.histograms = undefined;
    for (let k = 0; k < column.present.length; k++) {
      if (column.present[k] === 1 && made.has(k)) {
        column.histograms = made;
        break;
      }
    }
    annotateNotes(run, samples.labels, out, call.place);
  };
}

/** What all windows count, histograms as upstream sizes them; `sizesTo` is room for running sums. */
function sizeOf(
  { lo, hi }: Windows,
  histograms: HistogramColumn,
  sizesTo: Float64Array,
  length: number,
): number {
  let size = 0;
  for (let i = 0; i < length; i++) {
    sizesTo[i] = size;
    size += 1 + histogramSize(histograms, i);
  }
  sizesTo[length] = size;
  let total = 0;
  for (let k = 0; k < lo.length; k++) {
    total += (sizesTo[hi[k] as number] as number) - (sizesTo[lo[k] as number] as number);
  }
  return total;
}
