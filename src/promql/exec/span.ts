import type { TimeRange } from "../../model/time-range.ts";
import type { StepGrid } from "../engine.ts";

/** The steps an operator answers for, and the times its selectors say they read. */
export interface Span {
  readonly grid: StepGrid;
  /** Where the range ends that the steps are of, at the last one or after it. */
  readonly endMs: number;
  /** Where the steps begin and end for select requests: upstream does not align these for subqueries. */
  readonly hint: TimeRange;
  /** Step told to stores, ms. */
  readonly hintStepMs: number;
}

/** Where something is placed in time. */
interface Placed {
  readonly atMs: number | undefined;
  readonly offsetMs: number;
}

export function lastStepMs(grid: StepGrid): number {
  return grid.startMs + (grid.count - 1) * grid.stepMs;
}

/** One step, at the start of the span: what does not depend on the step is evaluated there. */
export function firstStepOf(span: Span): Span {
  return { ...span, grid: { ...span.grid, count: 1 }, endMs: span.grid.startMs };
}

/** The grid of window ends for something placed by `@` and offset. */
export function endsOf(
  grid: StepGrid,
  placed: Placed,
): { firstEndMs: number; stepMs: number; count: number } {
  return placed.atMs === undefined
    ? { firstEndMs: grid.startMs - placed.offsetMs, stepMs: grid.stepMs, count: grid.count }
    : { firstEndMs: placed.atMs - placed.offsetMs, stepMs: 0, count: grid.count };
}

/** The times that a selector of `rangeMs` (left-open) reads, as upstream tells stores. */
export function readRange(span: Span, placed: Placed, rangeMs: number): TimeRange {
  const from = placed.atMs ?? span.hint.minMs;
  const to = placed.atMs ?? span.hint.maxMs;
  return { minMs: from - placed.offsetMs - rangeMs + 1, maxMs: to - placed.offsetMs };
}

/**
 * The span of a subquery's inner expression: multiples of its step, the first one after the oldest window's start.
 * Division cuts towards zero, as upstream's. Where `trimmed`, selectors are told to begin at the first inner step.
 */
export function subquerySpan(
  span: Span,
  placed: Placed,
  shape: { readonly rangeMs: number; readonly stepMs: number; readonly trimmed: boolean },
): Span {
  const { rangeMs, stepMs, trimmed } = shape;
  const from = (placed.atMs ?? span.grid.startMs) - placed.offsetMs - rangeMs;
  const to = (placed.atMs ?? lastStepMs(span.grid)) - placed.offsetMs;
  let startMs = Math.trunc(from / stepMs) * stepMs;
  if (startMs <= from) startMs += stepMs;
  const count = startMs > to ? 0 : Math.floor((to - startMs) / stepMs) + 1;
  return {
    grid: { startMs, stepMs, count },
    endMs: to,
    hint: {
      minMs: trimmed ? startMs : (placed.atMs ?? span.hint.minMs) - placed.offsetMs - rangeMs,
      maxMs: (placed.atMs ?? span.hint.maxMs) - placed.offsetMs,
    },
    hintStepMs: stepMs,
  };
}
