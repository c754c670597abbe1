import { type Label, sortLabels } from "../../src/model/labels.ts";
import type { QueryResult } from "../../src/promql/engine.ts";
import type { HeldSeries } from "./sample-source.ts";

/**
 * Series from lines such as `up{job="a"} 1 2 _ stale 5`: one point every `stepMs` from 0 on, `_` for none.
 * Values are as JavaScript reads them; `{}` may be left out.
 */
export function seriesOf(text: string, stepMs = 60_000): HeldSeries[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .map((line) => parseLine(line, stepMs));
}

function parseLine(line: string, stepMs: number): HeldSeries {
  const [, name = "", body = "", points = ""] = /^([\w:]*)(?:\{(.*?)\})?\s+(.*)$/.exec(line) ?? [];
  const labels: Label[] = name === "" ? [] : [{ name: "__name__", value: name }];
  for (const [, label = "", value = ""] of body.matchAll(/(\w+)="(.*?)"/g))
    labels.push({ name: label, value });
  const times: number[] = [];
  const values: number[] = [];
  const stale: number[] = [];
  points.split(/\s+/).forEach((point, i) => {
    if (point === "_") return;
    if (point === "stale") stale.push(values.length);
    times.push(i * stepMs);
    values.push(point === "stale" ? 0 : Number(point));
  });
  return {
    labels: sortLabels(labels),
    timesMs: Float64Array.from(times),
    values: Float64Array.from(values),
    stale,
  };
}

/** The lines of an answer as `{a="1"} 1 _ 3`, in the order they come; times stand as `value@seconds` where they are given. */
export async function linesOf(result: QueryResult): Promise<string[]> {
  const lines: string[] = [];
  try {
    for (let column = await result.next(); column !== undefined; column = await result.next()) {
      const { labels, length, values, present, timesMs } = column;
      const name = labels.get("__name__");
      const rest = labels
        .all()
        .filter((label) => label.name !== "__name__")
        .map((label) => `${label.name}="${label.value}"`);
      const points = Array.from({ length }, (_, k) => {
        if (present !== undefined && present[k] === 0) return "_";
        const value = Object.is(values[k], -0) ? "-0" : String(values[k]);
        return timesMs === undefined ? value : `${value}@${(timesMs[k] as number) / 1000}`;
      });
      lines.push(`${name}{${rest.join(", ")}} ${points.join(" ")}`);
    }
    return lines;
  } finally {
    await result.close();
  }
}
