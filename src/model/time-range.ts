/** A span of time in Unix milliseconds, both ends inclusive. */
export interface TimeRange {
  readonly minMs: number;
  readonly maxMs: number;
}

/** Everything: the int64 bounds that Thanos advertises for "no limit" become ±Infinity here. */
export const allTime: TimeRange = { minMs: Number.NEGATIVE_INFINITY, maxMs: Number.POSITIVE_INFINITY };

/** The part that both ranges share, `undefined` where there is none. */
export function intersect(a: TimeRange, b: TimeRange): TimeRange | undefined {
  const minMs = Math.max(a.minMs, b.minMs);
  const maxMs = Math.min(a.maxMs, b.maxMs);
  return minMs <= maxMs ? { minMs, maxMs } : undefined;
}
