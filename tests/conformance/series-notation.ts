import { parseDuration } from "../../src/model/duration.ts";
import { type Labels, sortLabels } from "../../src/model/labels.ts";
import { parseMetricSelector } from "../../src/promql/syntax/parse.ts";
import { parseNumber } from "../../src/promql/syntax/parse-number.ts";
import { histogramSequence, parseHistogram, type WrittenHistogram } from "./histogram-notation.ts";

/** One place of a series: a number, a staleness marker, nothing, or a histogram. */
export type Point = number | "stale" | "gap" | WrittenHistogram;

/** A line `metric{labels} points` of a script, its points written out. */
export interface SeriesLine {
  readonly labels: Labels;
  readonly points: readonly Point[];
  /** Whether the line gives start times (`metric{…}@st`); its points are then offsets in milliseconds. */
  readonly startTimes: boolean;
}

/** Reads a series line. Throws with what is wrong. */
export function parseSeriesLine(line: string): SeriesLine {
  const end = metricEnd(line);
  const startTimes = line.startsWith("@st", end);
  const points = line.slice(startTimes ? end + 3 : end).trim();
  return { labels: parseMetric(line.slice(0, end)), points: expandPoints(points), startTimes };
}

/** Where the metric ends: behind its name, or behind the brace that closes its labels. */
function metricEnd(line: string): number {
  const name = /^[A-Za-z_:][A-Za-z0-9_:]*/.exec(line)?.[0] ?? "";
  if (line[name.length] !== "{") {
    if (name === "") throw new Error(`no metric in ${line}`);
    return name.length;
  }
  const braces = /^\{(?:[^"'`}]|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)*\}/.exec(
    line.slice(name.length),
  );
  if (braces === null) throw new Error(`unclosed braces in ${line}`);
  return name.length + braces[0].length;
}

function parseMetric(text: string): Labels {
  return sortLabels(parseMetricSelector(text).map(({ name, value }) => ({ name, value })));
}

/** Writes out `a+bxN`, `{{…}}xN` and the like. */
export function expandPoints(text: string): readonly Point[] {
  const items = text.match(/(?:\{\{.*?\}\}|[^\s{])+/g) ?? [];
  return items.flatMap(expandItem);
}

const number = String.raw`(?:inf|nan|(?:\d+(?:ms|[smhdwy]))+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:e[+-]?\d+)?)`;
const numbers = new RegExp(`^([+-]?${number})(?:([+-])(${number}))?(?:x(\\d+))?$`, "i");

function expandItem(item: string): readonly Point[] {
  const gaps = /^_(?:x(\d+))?$/.exec(item);
  if (gaps !== null) return new Array<Point>(Number(gaps[1] ?? 1)).fill("gap");
  const stale = /^stale(?:x(\d+))?$/.exec(item);
  if (stale !== null) return new Array<Point>(1 + Number(stale[1] ?? 0)).fill("stale");
  if (item.startsWith("{{")) return expandHistogram(item);
  const parts = numbers.exec(item);
  if (parts === null) throw new Error(`cannot read the points ${item}`);
  const [, first = "", sign, increment = "0", times = "0"] = parts;
  const step = signedNumber((sign ?? "+") + increment);
  const out: number[] = [];
  for (let value = signedNumber(first), i = 0; i <= Number(times); i++, value += step) out.push(value);
  return out;
}

function expandHistogram(item: string): readonly Point[] {
  const parts = /^(\{\{.*?\}\})(?:([+-])(\{\{.*?\}\}))?(?:x(\d+))?$/.exec(item);
  if (parts === null) throw new Error(`cannot read the histogram ${item}`);
  const [, text = "", sign, increment, times = "0"] = parts;
  const first = parseHistogram(text, signedNumber);
  if (increment === undefined) return new Array<Point>(1 + Number(times)).fill(first);
  return histogramSequence(first, {
    sign: sign === "-" ? "-" : "+",
    increment: parseHistogram(increment, signedNumber),
    times: Number(times),
  });
}

function signedNumber(text: string): number {
  const negative = text.startsWith("-");
  const digits = text.replace(/^[+-]/, "");
  const value = /^(?:\d+(?:ms|[smhdwy]))+$/.test(digits) ? parseDuration(digits) / 1000 : parseNumber(digits);
  if (typeof value !== "number") throw new Error(`cannot read the number ${text}`);
  return negative ? -value : value;
}
