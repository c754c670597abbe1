import type { TimeRange } from "../model/time-range.ts";

const least = -(2n ** 63n);
const greatest = 2n ** 63n - 1n;

/** A number as int64: ±Infinity and what lies past the ends become the ends, which Thanos reads as "no limit". */
export function toInt64(value: number): bigint {
  if (value >= 2 ** 63) return greatest;
  if (value <= -(2 ** 63)) return least;
  return BigInt(Math.trunc(value));
}

/** An int64 as the nearest double; its ends are ±Infinity. */
export function fromInt64(value: bigint): number {
  if (value === greatest) return Number.POSITIVE_INFINITY;
  if (value === least) return Number.NEGATIVE_INFINITY;
  return Number(value);
}

/** A range of whole milliseconds that holds no more than `range`. */
export function rangeToInt64(range: TimeRange): { readonly min: bigint; readonly max: bigint } {
  return { min: toInt64(Math.ceil(range.minMs)), max: toInt64(Math.floor(range.maxMs)) };
}

export function rangeFromInt64(min: bigint, max: bigint): TimeRange {
  return { minMs: fromInt64(min), maxMs: fromInt64(max) };
}
