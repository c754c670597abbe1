/** Whole milliseconds as Go writes an int64; infinities are its bounds. */
export function formatInt64(ms: number): string {
  if (ms >= 2 ** 63) return "9223372036854775807";
  if (ms <= -(2 ** 63)) return "-9223372036854775808";
  return Math.trunc(ms).toFixed(0);
}
