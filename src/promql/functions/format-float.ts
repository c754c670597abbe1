/** A float as Go's strconv.FormatFloat(v, 'f', -1, 64): the shortest digits, never an exponent. */
export function formatFloat(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (value === Infinity) return "+Inf";
  if (value === -Infinity) return "-Inf";
  if (Object.is(value, -0)) return "-0";
  const text = String(value);
  const split = text.indexOf("e");
  if (split < 0) return text;
  const sign = text.startsWith("-") ? "-" : "";
  const [whole = "", fraction = ""] = text.slice(sign.length, split).split(".");
  const digits = whole + fraction;
  const point = whole.length + Number(text.slice(split + 1));
  if (point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`;
  return `${sign}${digits.padEnd(point, "0")}`;
}

/** A float as OpenMetrics writes quantiles and bounds: shortest, with an exponent past six digits, never an integer. */
export function formatOpenMetrics(value: number): string {
  if (!Number.isFinite(value)) return formatFloat(value);
  if (value === 0) return "0.0"; // Negative zero too.
  const size = Math.abs(value);
  if (size < 1e-4 || size >= 1e6) {
    return value.toExponential().replace(/e([+-])(\d)$/, "e$10$2");
  }
  const text = formatFloat(value);
  return text.includes(".") ? text : `${text}.0`;
}
