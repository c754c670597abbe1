/** A number as Go's `%g` and `%v`: shortest digits, with an exponent below 1e-4 and from 1e6 on (`1e+06`). */
export function formatGeneral(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  const magnitude = Math.abs(value);
  if (magnitude === 0 || (magnitude >= 1e-4 && magnitude < 1e6)) {
    return Object.is(value, -0) ? "-0" : String(value);
  }
  const [digits = "", power = ""] = value.toExponential().split("e");
  const exponent = Number(power);
  return `${digits}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
}
