const leading = ["ts", "level", "msg"];

/** One entry as logfmt: `ts=… level=… msg="…" key=value`. Values with spaces, quotes or equals signs are quoted. */
export function formatLogfmt(entry: Readonly<Record<string, unknown>>): string {
  const rest = Object.keys(entry).filter((key) => !leading.includes(key));
  return [...leading, ...rest]
    .filter((key) => entry[key] !== undefined)
    .map((key) => `${key}=${valueText(entry[key])}`)
    .join(" ");
}

function valueText(value: unknown): string {
  const text = typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
  return /^[^\s"=\\]+$/.test(text) ? text : JSON.stringify(text);
}
