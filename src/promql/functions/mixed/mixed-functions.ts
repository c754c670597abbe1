import { checkFactors } from "../experimental-over-time.ts";
import type { Extension } from "../extended-range.ts";
import type { RangeKernel } from "../range-kernel.ts";
import { isXFunction, noHistogramsInXFunctions } from "../x-functions.ts";
import { createMixedEvents } from "./count-events.ts";
import { createMixedExtendedRate } from "./extended-histograms.ts";
import { createMixedPick } from "./first-and-last.ts";
import { createMixedRate } from "./histogram-rate.ts";
import { createMixedSum } from "./histogram-sums.ts";
import { createMixedInstantDelta } from "./instant-delta.ts";
import { floatsOnly, type MixedKernel } from "./mixed-kernel.ts";

/** Functions that look at times only: their kernels do not care what a sample is. */
const timesOnly: ReadonlySet<string> = new Set([
  "count_over_time",
  "present_over_time",
  "ts_of_first_over_time",
  "ts_of_last_over_time",
]);

/** The functions that ask when counters began. */
export const askForStartTimes: ReadonlySet<string> = new Set(["increase", "irate", "rate", "resets"]);

type Maker = (compacts: boolean) => MixedKernel;

const makers: ReadonlyMap<string, Maker> = new Map<string, Maker>([
  ["rate", (compacts) => createMixedRate({ counter: true, perSecond: true }, compacts)],
  ["increase", (compacts) => createMixedRate({ counter: true, perSecond: false }, compacts)],
  ["delta", (compacts) => createMixedRate({ counter: false, perSecond: false }, compacts)],
  ["irate", (compacts) => createMixedInstantDelta(true, compacts)],
  ["idelta", (compacts) => createMixedInstantDelta(false, compacts)],
  ["changes", () => createMixedEvents("changes", undefined)],
  ["resets", () => createMixedEvents("resets", undefined)],
  ["sum_over_time", () => createMixedSum(false)],
  ["avg_over_time", () => createMixedSum(true)],
  ["first_over_time", () => createMixedPick("first")],
  ["last_over_time", () => createMixedPick("last")],
]);

export interface MixedCall {
  readonly func: string;
  /** The function's kernel over floats. */
  readonly kernel: RangeKernel;
  readonly params: readonly Float64Array[];
  readonly extension: Extension | undefined;
  /** Whether differences of histograms drop their empty buckets, as upstream's do. */
  readonly compacts: boolean;
}

/** The kernel of a range function over samples of which some are histograms. */
export function mixedKernel({ func, kernel, params, extension, compacts }: MixedCall): MixedKernel {
  if (extension !== undefined) return extendedKernel(func, extension);
  if (isXFunction(func)) {
    return (input, out) => {
      for (let i = 0; i < input.length; i++) if (input.histograms.has(i)) throw noHistogramsInXFunctions();
      return kernel(input, out);
    };
  }
  if (timesOnly.has(func)) return kernel;
  const maker = makers.get(func);
  if (maker !== undefined) return maker(compacts);
  const floats = floatsOnly(kernel);
  if (func !== "double_exponential_smoothing") return floats;
  return (input, out) => {
    checkFactors(input.windows, params);
    return floats(input, out);
  };
}

function extendedKernel(func: string, extension: Extension): MixedKernel {
  if (func === "changes" || func === "resets") return createMixedEvents(func, extension);
  const counter = func !== "delta";
  return createMixedExtendedRate({ counter, perSecond: func === "rate" }, extension);
}
