const metric = "prometheus_tsdb_lowest_timestamp_seconds";
/** Go's MaxInt64 in seconds: what Prometheus says while it holds nothing. */
const emptySeconds = 9.2e15;
/** A line of /metrics that is longer than this is none of ours. */
const maxLineBytes = 64 * 1024;

/**
 * Time of Prometheus's oldest sample, Unix milliseconds, from the body of /metrics; −Infinity while it holds nothing,
 * `undefined` where the metric is not there. Stops reading where it stands.
 */
export async function readLowestTimestamp(body: AsyncIterable<Uint8Array>): Promise<number | undefined> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const piece of body) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const found = parseLine(line);
      if (found !== undefined) return found;
    }
    if (rest.length > maxLineBytes) rest = rest.slice(0, metric.length + 64);
  }
  return parseLine(rest);
}

function parseLine(line: string): number | undefined {
  if (!line.startsWith(metric)) return undefined;
  const match = /^(?:\{[^}]*\})?\s+(\S+)/.exec(line.slice(metric.length));
  const seconds = match === null ? Number.NaN : Number(match[1]);
  if (Number.isNaN(seconds)) return undefined;
  return seconds >= emptySeconds ? Number.NEGATIVE_INFINITY : Math.trunc(seconds * 1000);
}
