/** Calendar parts, in UTC, of a Unix time in seconds; the fraction is cut off, NaN stays NaN. */
export const dateFunctions: ReadonlyMap<string, (seconds: number) => number> = new Map<
  string,
  (seconds: number) => number
>([
  ["year", (s) => dateOf(s).getUTCFullYear()],
  ["month", (s) => dateOf(s).getUTCMonth() + 1],
  ["day_of_month", (s) => dateOf(s).getUTCDate()],
  ["day_of_week", (s) => dateOf(s).getUTCDay()],
  ["day_of_year", (s) => dayOfYear(dateOf(s))],
  ["hour", (s) => dateOf(s).getUTCHours()],
  ["minute", (s) => dateOf(s).getUTCMinutes()],
  ["days_in_month", (s) => daysInMonth(dateOf(s))],
]);

function dateOf(seconds: number): Date {
  return new Date(Math.trunc(seconds) * 1000);
}

const dayMs = 86_400_000;

function dayOfYear(date: Date): number {
  const startMs = Date.UTC(date.getUTCFullYear(), 0, 1);
  return Math.floor((date.getTime() - startMs) / dayMs) + 1;
}

function daysInMonth(date: Date): number {
  const year = date.getUTCFullYear();
  const month = date.getUTCMonth();
  return Math.round((Date.UTC(year, month + 1, 1) - Date.UTC(year, month, 1)) / dayMs);
}
