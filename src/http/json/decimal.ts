/** A float as Go's FormatFloat(v, 'f', -1, 64): the fewest digits, never an exponent. */
export function formatPlainDecimal(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  if (value === Number.NEGATIVE_INFINITY) return "-Inf";
  if (Object.is(value, -0)) return "-0";
  const match = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(String(value));
  if (match === null) return String(value);
  const [, sign = "", lead = "", rest = "", exponentText = ""] = match;
  const exponent = Number(exponentText);
  const digits = lead + rest;
  if (exponent >= 0) return sign + digits.padEnd(exponent + 1, "0");
  return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`;
}
