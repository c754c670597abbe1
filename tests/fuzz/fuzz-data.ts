import type { WrittenSample, WrittenSeries } from "./remote-write.ts";

/*
 * What both sides answer from: three hours of an ordinary small installation, with everything that makes PromQL hard.
 *
 *   start          + 2 h                  end
 *   |--- blocks ---|------- head ---------|
 *
 * The first part comes as OpenMetrics text, the second as remote writes, which can carry staleness markers and native
 * histograms. Values are multiples of 1/64, so that most sums are exact in any order. Sample times have milliseconds that no
 * query has, and counters start high: no sample lies on an edge of a window, no rate is extrapolated below zero, which
 * Prometheus 2.42 does otherwise than later ones. The `edge_` metrics break both rules.
 */

/** Unix seconds; a multiple of two hours, so that blocks are whole. */
export const startSeconds = 1_717_200_000;
export const headStartSeconds = startSeconds + 2 * 3600;
export const endSeconds = startSeconds + 3 * 3600;

/** Every series has those of its server already: so what comes through a sidecar has no other labels than what does not. */
export const externalLabels = { cluster: "here" } as const;

/** Labels by name, the metric's as `__name__`. */
export type LabelRecord = Readonly<Record<string, string>>;

/** A value; `stale` is the marker that ends a series, `undefined` no sample. */
export type FuzzValue = WrittenSample["v"] | undefined;

/** One series and how it runs. */
export interface FuzzSeries {
  readonly labels: LabelRecord;
  readonly everySeconds: number;
  /** Part of a second at which it is scraped. */
  readonly shiftMs: number;
  /** How much later a scrape may come than it should. */
  readonly jitterMs: number;
  /** Value of a scrape by its number and its time, seconds since the start. */
  readonly valueAt: (scrape: number, seconds: number) => FuzzValue;
}

/** Samples of all series in [from, to), Unix seconds; before the head none that text cannot carry. */
export function samplesBetween(
  series: readonly FuzzSeries[],
  from: number,
  to: number,
): readonly WrittenSeries[] {
  return series.map(({ labels, everySeconds, shiftMs, jitterMs, valueAt }) => {
    const samples: WrittenSample[] = [];
    const first = Math.ceil((from - startSeconds) / everySeconds);
    for (let scrape = first; scrape * everySeconds < to - startSeconds; scrape++) {
      const v = valueAt(scrape, scrape * everySeconds);
      if (v === undefined || (typeof v !== "number" && to <= headStartSeconds)) continue;
      // By half seconds, so that no time becomes a whole or a half one.
      const lateMs = 500 * Math.floor((noise(scrape * 7919 + shiftMs) * jitterMs) / 500);
      samples.push({ t: (startSeconds + scrape * everySeconds) * 1000 + shiftMs + lateMs, v });
    }
    return { labels, samples };
  });
}

/** A number of [0, 1) that looks like chance. */
export function noise(key: number): number {
  let mixed = Math.imul(key ^ 0x9e3779b9, 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return ((mixed ^ (mixed >>> 16)) >>> 0) / 4_294_967_296;
}

/** OpenMetrics text, as promtool makes blocks from. */
export function openMetricsText(series: readonly WrittenSeries[]): string {
  const lines: string[] = [];
  for (const { labels, samples } of series) {
    if (Object.keys(labels).some((label) => label.includes("."))) continue; // UTF-8 names come as remote writes alone.
    const { __name__: name, ...others } = labels;
    const pairs = Object.entries(others).map(([label, value]) => `${label}=${quoted(value)}`);
    for (const { t, v } of samples)
      lines.push(`${name}{${pairs.join(",")}} ${valueText(v)} ${(t / 1000).toFixed(3)}\n`);
  }
  return `${lines.join("")}# EOF\n`;
}

function quoted(value: string): string {
  return `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
}

function valueText(value: WrittenSample["v"]): string {
  if (typeof value !== "number") throw new Error("OpenMetrics text has numbers only");
  if (Object.is(value, -0)) return "-0";
  return Number.isFinite(value) ? String(value) : value > 0 ? "+Inf" : value < 0 ? "-Inf" : "NaN";
}
