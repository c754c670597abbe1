import { GatewayError } from "../../lib/errors.ts";
import type { TimeRange } from "../../model/time-range.ts";
import { createAnchoredEvents, createExtendedRate, type Extension } from "../functions/extended-range.ts";
import type { RangeKernel } from "../functions/range-kernel.ts";
import type { WindowGrid } from "../functions/windows.ts";
import { isXFunction, xLookbackMs } from "../functions/x-functions.ts";
import type { SelectorNode } from "../plan/node.ts";

/** The windows of an anchored or smoothed selector, and of Thanos's x-functions: they reach further than the range. */
export function extendWindows(grid: WindowGrid, selector: SelectorNode, lookbackMs: number): WindowGrid {
  if (isXFunction(selector.func)) return { ...grid, rangeMs: grid.rangeMs + xLookbackMs };
  if (selector.extension === undefined) return grid;
  const smoothed = selector.extension === "smoothed";
  return {
    ...grid,
    firstEndMs: grid.firstEndMs + (smoothed ? lookbackMs : 0),
    rangeMs: grid.rangeMs + (smoothed ? 2 : 1) * lookbackMs,
  };
}

/** The times that such a selector reads, from those of a plain one. */
export function extendRange(range: TimeRange, selector: SelectorNode, lookbackMs: number): TimeRange {
  if (isXFunction(selector.func)) return { ...range, minMs: range.minMs - xLookbackMs };
  if (selector.extension === undefined) return range;
  const smoothed = selector.extension === "smoothed";
  return { minMs: range.minMs - lookbackMs, maxMs: range.maxMs + (smoothed ? lookbackMs : 0) };
}

export function extensionOf(selector: SelectorNode, rangeMs: number, lookbackMs: number): Extension {
  return { smoothed: selector.extension === "smoothed", rangeMs, lookbackMs };
}

/** The kernel of a function over an anchored or smoothed range. Throws upstream's text where there is none. */
export function extendedKernel(func: string, extension: Extension): RangeKernel {
  switch (func) {
    case "rate":
    case "increase":
    case "delta":
      return createExtendedRate({ counter: func !== "delta", perSecond: func === "rate" }, extension);
    case "changes":
    case "resets":
      if (!extension.smoothed) return createAnchoredEvents(func, extension);
      break;
    default:
  }
  const [modifier, allowed] = extension.smoothed
    ? ["smoothed", "delta, increase, rate"]
    : ["anchored", "changes, delta, increase, rate, resets"];
  throw new GatewayError(
    "execution",
    `${modifier} modifier can only be used with: ${allowed} - not with ${func}`,
  );
}
