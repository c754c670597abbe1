import type { ResultColumn } from "../../promql/engine.ts";
import { writeFloat } from "./float-text.ts";
import { itemBytes, type JsonWriter } from "./json-writer.ts";
import { type StepPrefixes, writePointPrefix } from "./timestamps.ts";

/** Writes `[t,"v"],[t,"v"]…` of a column on the grid, leaving out steps without a sample. */
export function writeStepPoints(writer: JsonWriter, column: ResultColumn, prefixes: StepPrefixes): void {
  const { values, present, length } = column;
  const { bytes: prefixText, stride, lengths } = prefixes;
  let { bytes, at } = writer;
  let limit = bytes.length - itemBytes;
  let first = true;
  // Where the value before stands in this chunk: gauges repeat themselves.
  let last = Number.NaN;
  let lastStart = 0;
  let lastEnd = 0;
  for (let i = 0; i < length; i++) {
    if (present !== undefined && present[i] === 0) continue;
    if (at > limit) {
      writer.at = at;
      writer.flush();
      ({ bytes, at } = writer);
      limit = bytes.length - itemBytes;
      last = Number.NaN;
    }
    if (first) first = false;
    else bytes[at++] = 44;
    const from = i * stride;
    const to = from + (lengths[i] as number);
    for (let j = from; j < to; j++) bytes[at++] = prefixText[j] as number;
    const value = values[i] as number;
    if (value === last && value !== 0) {
      for (let j = lastStart; j < lastEnd; j++) bytes[at++] = bytes[j] as number;
    } else {
      lastStart = at;
      at = writeFloat(bytes, at, value);
      lastEnd = at;
      last = value;
    }
    bytes[at] = 34;
    bytes[at + 1] = 93;
    at += 2;
  }
  writer.at = at;
}

/** The same for a column that brings its own times: samples of a range selector. */
export function writeTimedPoints(writer: JsonWriter, column: ResultColumn, timesMs: Float64Array): void {
  const { values, present, length } = column;
  let first = true;
  for (let i = 0; i < length; i++) {
    if (present !== undefined && present[i] === 0) continue;
    if (!first) writer.raw(",");
    first = false;
    writePoint(writer, timesMs[i] as number, values[i] as number);
  }
}

/** One `[t,"v"]`. */
export function writePoint(writer: JsonWriter, timeMs: number, value: number): void {
  writer.room(itemBytes);
  const { bytes } = writer;
  const end = writeFloat(bytes, writePointPrefix(bytes, writer.at, timeMs), value);
  bytes[end] = 34;
  bytes[end + 1] = 93;
  writer.at = end + 2;
}

/** Whether a column has any sample at all; series without one are not part of an answer. */
export function hasPoints(column: ResultColumn): boolean {
  const { present, length } = column;
  if (present === undefined) return length > 0;
  for (let i = 0; i < length; i++) if (present[i] !== 0) return true;
  return false;
}
