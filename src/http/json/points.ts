import type { ResultColumn } from "../../promql/engine.ts";
import { writeFloat } from "./float-text.ts";
import { itemBytes, type JsonWriter } from "./json-writer.ts";
import { type StepPrefixes, writePointPrefix } from "./timestamps.ts";

/** Writes `[t,"v"],[t,"v"]…` of a column on the grid, leaving out steps without a sample. */
export function writeStepPoints(writer: JsonWriter, column: ResultColumn, prefixes: StepPrefixes): void {
  const { values, present } = column;
  const { words, stride, lengths } = prefixes;
  let { bytes, view, at } = writer;
  let limit = bytes.length - itemBytes;
  let first = true;
  // Where the value before stands in this chunk: gauges repeat themselves.
  let last = Number.NaN;
  let lastStart = 0;
  let lastEnd = 0;
  for (let i = 0; i < column.length; i++) {
    if (present !== undefined && present[i] === 0) continue;
    if (at > limit) {
      writer.at = at;
      writer.flush();
      ({ bytes, view, at } = writer);
      limit = bytes.length - itemBytes;
      last = Number.NaN;
    }
    if (first) first = false;
    else bytes[at++] = 44;
    // Whole words: what they write too far is written over.
    const length = lengths[i] as number;
    const from = i * stride;
    for (let j = 0; j < length; j += 4) view.setUint32(at + j, words[from + (j >> 2)] as number, true);
    at += length;
    const value = values[i] as number;
    if (value === last && value !== 0) {
      for (let j = lastStart; j < lastEnd; j++) bytes[at++] = bytes[j] as number;
    } else {
      lastStart = at;
      at = writeFloat(bytes, view, at, value);
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
  const { bytes, view } = writer;
  const end = writeFloat(bytes, view, writePointPrefix(bytes, writer.at, timeMs), value);
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
