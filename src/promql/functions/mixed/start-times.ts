/**
 * Whether the start time of sample `i` says that its counter was reset since sample `i − 1`. Times are ms, 0 is an
 * unknown start. Follows Prometheus's isStartTimestampReset.
 */
export function isStartReset(times: Float64Array, starts: Float64Array, i: number): boolean {
  const startMs = starts[i] as number;
  const beforeMs = times[i - 1] as number;
  // Unknown; or later than the sample, which is invalid; or at it, which is OpenTelemetry's unknown.
  if (startMs === 0 || startMs >= (times[i] as number) || startMs < beforeMs) return false;
  if (startMs > beforeMs) return true;
  // Deltas begin at the sample before; so do counters of unknown start, of which that sample tells.
  const startBeforeMs = starts[i - 1] as number;
  return startBeforeMs !== 0 && startBeforeMs < beforeMs;
}

/** Whether the counter of sample `i` began before sample `i − 1` was taken, and not when that one's did. */
export function startsOverlap(times: Float64Array, starts: Float64Array, i: number): boolean {
  const startMs = starts[i] as number;
  return startMs !== 0 && startMs < (times[i - 1] as number) && startMs !== starts[i - 1];
}

/** Whether the first sample of a window began its counter within the window, so that it was 0 there. */
export function startsInside(startMs: number, fromMs: number, firstMs: number): boolean {
  return startMs !== 0 && startMs > fromMs && startMs < firstMs;
}
