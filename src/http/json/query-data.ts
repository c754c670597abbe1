import { HistogramColumn } from "../../model/histogram/histogram-column.ts";
import { compareLabels, type Labels } from "../../model/labels.ts";
import type { QueryResult, ResultColumn, StepGrid } from "../../promql/engine.ts";
import type { MemoryAccount } from "../../store/store.ts";
import type { AnswerBody } from "../answer-body.ts";
import type { Pacer } from "../pacer.ts";
import { formatPlainDecimal } from "./decimal.ts";
import { formatFloat } from "./float-text.ts";
import { writeMixedPoint, writeMixedPoints } from "./histogram-points.ts";
import type { JsonWriter } from "./json-writer.ts";
import { writeLabelObject } from "./label-object.ts";
import { hasPoints, writeStepPoints, writeTimedPoints } from "./points.ts";
import { renderStepPrefixes, type StepPrefixes } from "./timestamps.ts";

export interface QueryDataOptions {
  readonly body: AnswerBody;
  readonly pacer: Pacer;
  readonly memory: MemoryAccount;
}

/** A series that waits for its place in the order. */
interface KeptSeries {
  readonly labels: Labels;
  readonly column: ResultColumn;
}

/** Writes `"resultType":…,"result":…` while the result is pulled. Closing the result stays with the caller. */
export async function writeQueryData(result: QueryResult, options: QueryDataOptions): Promise<void> {
  const { writer } = options.body;
  writer.raw(`"resultType":"${result.type}","result":`);
  switch (result.type) {
    case "matrix":
      return result.ordered ? writeMatrix(result, options) : writeSortedMatrix(result, options);
    case "vector":
      return writeVector(result, options);
    case "scalar":
      return writeScalar(result, writer);
    case "string":
      writeInstant(writer, result.grid.startMs, () => writer.htmlSafeString(result.text ?? ""));
  }
}

async function writeMatrix(result: QueryResult, options: QueryDataOptions): Promise<void> {
  const { writer } = options.body;
  const steps = { grid: result.grid, prefixes: renderStepPrefixes(result.grid) };
  let first = true;
  writer.raw("[");
  for (let column = await pull(result); column !== undefined; ) {
    if (hasPoints(column)) {
      if (!first) writer.raw(",");
      first = false;
      writeSeries(writer, column.labels.all(), column, steps);
      await breathe(options);
    }
    const next = result.next();
    column = next instanceof Promise ? await next : next;
  }
  writer.raw("]");
}

async function writeSortedMatrix(result: QueryResult, options: QueryDataOptions): Promise<void> {
  const { memory, body } = options;
  const { writer } = body;
  const kept: KeptSeries[] = [];
  let keptBytes = 0;
  try {
    for (let column = await pull(result); column !== undefined; column = await pull(result)) {
      if (!hasPoints(column)) continue;
      const series = { labels: column.labels.all(), column: copyOf(column) };
      const sizeBytes = keptSize(series);
      memory.take(sizeBytes);
      keptBytes += sizeBytes;
      kept.push(series);
      await options.pacer.turn();
    }
    kept.sort((a, b) => compareLabels(a.labels, b.labels));
    const steps = { grid: result.grid, prefixes: renderStepPrefixes(result.grid) };
    writer.raw("[");
    for (const [i, { labels, column }] of kept.entries()) {
      if (i > 0) writer.raw(",");
      writeSeries(writer, labels, column, steps);
      await breathe(options);
    }
    writer.raw("]");
  } finally {
    memory.give(keptBytes);
  }
}

/** Vectors keep the order of evaluation. */
async function writeVector(result: QueryResult, options: QueryDataOptions): Promise<void> {
  const { writer } = options.body;
  let first = true;
  writer.raw("[");
  for (let column = await pull(result); column !== undefined; column = await pull(result)) {
    if (!hasPoints(column)) continue;
    writer.raw(first ? '{"metric":' : ',{"metric":');
    first = false;
    writeLabelObject(writer, column.labels.all());
    writeMixedPoint(writer, { column, grid: result.grid });
    writer.raw("}");
    await breathe(options);
  }
  writer.raw("]");
}

async function writeScalar(result: QueryResult, writer: JsonWriter): Promise<void> {
  const column = await pull(result);
  const value = column?.values[0] ?? Number.NaN;
  writeInstant(writer, result.grid.startMs, () => writer.raw(`"${formatPlainDecimal(value)}"`));
}

function writeInstant(writer: JsonWriter, timeMs: number, writeValue: () => void): void {
  writer.raw(`[${formatFloat(timeMs / 1000)},`);
  writeValue();
  writer.raw("]");
}

/** The steps of a query, and what is written before the value of each. */
interface Steps {
  readonly grid: StepGrid;
  readonly prefixes: StepPrefixes;
}

function writeSeries(writer: JsonWriter, labels: Labels, column: ResultColumn, steps: Steps): void {
  writer.raw('{"metric":');
  writeLabelObject(writer, labels);
  if (column.histograms !== undefined) {
    writeMixedPoints(writer, { column, grid: steps.grid });
    writer.raw("}");
    return;
  }
  writer.raw(',"values":[');
  if (column.timesMs === undefined) writeStepPoints(writer, column, steps.prefixes);
  else writeTimedPoints(writer, column, column.timesMs);
  writer.raw("]}");
}

async function pull(result: QueryResult): Promise<ResultColumn | undefined> {
  return result.next();
}

/** Lets a slow client catch up and the rest of the process have its turn. */
function breathe({ body, pacer }: QueryDataOptions): Promise<void> | undefined {
  return body.drain() ?? pacer.turn();
}

function copyOf(column: ResultColumn): ResultColumn {
  const { labels, length, values, present, timesMs, histograms } = column;
  return {
    labels,
    length,
    values: values.slice(0, length),
    present: present?.slice(0, length),
    histograms: histograms === undefined ? undefined : copyOfHistograms(histograms, length),
    timesMs: timesMs?.slice(0, length),
  };
}

function copyOfHistograms(histograms: HistogramColumn, length: number): HistogramColumn {
  const copy = new HistogramColumn(length);
  for (let i = 0; i < length; i++) if (histograms.has(i)) copy.setFrom(i, histograms, i);
  return copy;
}

/** Bytes of a kept series, near enough. */
function keptSize({ labels, column }: KeptSeries): number {
  const { length, present, timesMs, histograms } = column;
  const perEntry = 8 + (present === undefined ? 0 : 1) + (timesMs === undefined ? 0 : 8);
  return length * perEntry + (histograms?.sizeBytes ?? 0) + 64 * (labels.length + 1);
}
