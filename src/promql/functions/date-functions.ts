/**
 * Calendar parts, in UTC, of a Unix time in seconds; the fraction is cut off. Any year, unlike JavaScript's own dates. What is
 * no 64-bit integer, NaN too, is the moment that Go makes of it on amd64: 292277026596-12-04T15:30:08.
 */
export const dateFunctions: ReadonlyMap<string, (seconds: number) => number> = new Map<
  string,
  (seconds: number) => number
>([
  ["year", (s) => civilOf(s).year],
  ["month", (s) => civilOf(s).month],
  ["day_of_month", (s) => civilOf(s).day],
  ["day_of_week", (s) => modulo(dayNumber(s) + 4, 7)],
  ["day_of_year", (s) => dayOfYear(s)],
  ["hour", (s) => Math.floor(secondOfDay(s) / 3600)],
  ["minute", (s) => Math.floor(secondOfDay(s) / 60) % 60],
  ["days_in_month", (s) => daysInMonth(civilOf(s))],
]);

const daySeconds = 86_400;
const two63 = 2 ** 63;

function wholeSeconds(seconds: number): number {
  return Math.abs(seconds) < two63 ? Math.trunc(seconds) : two63;
}

function modulo(value: number, by: number): number {
  const rest = value % by;
  return rest < 0 ? rest + by : Math.abs(rest); // No −0.
}

function secondOfDay(seconds: number): number {
  return modulo(wholeSeconds(seconds), daySeconds);
}

/** Days since 1970-01-01. */
function dayNumber(seconds: number): number {
  // The subtraction may round for times that are not exact to a second either.
  return Math.round((wholeSeconds(seconds) - secondOfDay(seconds)) / daySeconds);
}

interface Civil {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

const eraDays = 146_097;

/** The Gregorian date of a day, by eras of 400 years that begin on the first of March (H. Hinnant, days_from_civil). */
function civilOf(seconds: number): Civil {
  const shifted = dayNumber(seconds) + 719_468;
  const era = Math.floor(shifted / eraDays);
  const dayOfEra = shifted - era * eraDays;
  const leaps = Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096);
  const yearOfEra = Math.floor((dayOfEra - leaps) / 365);
  const dayOfMarchYear =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * dayOfMarchYear + 2) / 153);
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfMarchYear - Math.floor((153 * marchMonth + 2) / 5) + 1,
  };
}

const daysBefore = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

function dayOfYear(seconds: number): number {
  const { year, month, day } = civilOf(seconds);
  return (daysBefore[month - 1] ?? 0) + day + (month > 2 && isLeap(year) ? 1 : 0);
}

function daysInMonth({ year, month }: Civil): number {
  if (month === 2) return isLeap(year) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}
