import type { StepGrid } from "../engine.ts";
import {
  createDoubleExponentialSmoothing,
  createMadOverTime,
  createTimeOfExtreme,
} from "./experimental-over-time.ts";
import { createExtremeOverTime } from "./extremes-over-time.ts";
import { createQuantileOverTime } from "./quantile-over-time.ts";
import type { RangeKernel } from "./range-kernel.ts";
import { createRate } from "./rate.ts";
import { createDeriv, createPredictLinear } from "./regression.ts";
import {
  createCountEvents,
  createCountOverTime,
  createFirstOverTime,
  createInstantDelta,
  createLastOverTime,
  createPresentOverTime,
} from "./simple-over-time.ts";
import { createSumOverTime } from "./sum-over-time.ts";
import { createVarianceOverTime } from "./variance-over-time.ts";

/** Makes the kernel of one call from its scalar arguments, one value per step each. */
type KernelMaker = (params: readonly Float64Array[], grid: StepGrid) => RangeKernel;

const none = new Float64Array(0);

/** Functions of range vectors, absent_over_time apart. */
export const rangeFunctions: ReadonlyMap<string, KernelMaker> = new Map<string, KernelMaker>([
  ["rate", () => createRate({ counter: true, perSecond: true })],
  ["increase", () => createRate({ counter: true, perSecond: false })],
  ["delta", () => createRate({ counter: false, perSecond: false })],
  ["irate", () => createInstantDelta(true)],
  ["idelta", () => createInstantDelta(false)],
  ["changes", () => createCountEvents("changes")],
  ["resets", () => createCountEvents("resets")],
  ["sum_over_time", () => createSumOverTime(false)],
  ["avg_over_time", () => createSumOverTime(true)],
  ["max_over_time", () => createExtremeOverTime("max")],
  ["min_over_time", () => createExtremeOverTime("min")],
  ["count_over_time", createCountOverTime],
  ["present_over_time", createPresentOverTime],
  ["first_over_time", () => createFirstOverTime(false)],
  ["last_over_time", () => createLastOverTime(false)],
  ["stddev_over_time", () => createVarianceOverTime(true)],
  ["stdvar_over_time", () => createVarianceOverTime(false)],
  ["quantile_over_time", ([phi]) => createQuantileOverTime(phi ?? none)],
  ["deriv", createDeriv],
  ["predict_linear", ([seconds], grid) => createPredictLinear(seconds ?? none, grid)],
  ["mad_over_time", createMadOverTime],
  ["double_exponential_smoothing", ([sf, tf]) => createDoubleExponentialSmoothing(sf ?? none, tf ?? none)],
  ["ts_of_first_over_time", () => createFirstOverTime(true)],
  ["ts_of_last_over_time", () => createLastOverTime(true)],
  ["ts_of_max_over_time", () => createTimeOfExtreme("max")],
  ["ts_of_min_over_time", () => createTimeOfExtreme("min")],
]);
