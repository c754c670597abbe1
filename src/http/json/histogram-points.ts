import { createHistogram, type Histogram } from "../../model/histogram/histogram.ts";
import { createBucketWalk, nextBucket, walkUp } from "../../model/histogram/walk-buckets.ts";
import type { ResultColumn, StepGrid } from "../../promql/engine.ts";
import { maxFloatBytes, writeFloat } from "./float-text.ts";
import { itemBytes, type JsonWriter } from "./json-writer.ts";
import { writePoint } from "./points.ts";
import { writeTimestamp } from "./timestamps.ts";

/** Most bytes of `,[0,"lower","upper","count"]`. */
const bucketBytes = 3 * maxFloatBytes + 16;

const lent = createHistogram();
const walk = createBucketWalk();

/** A column with histograms, and the grid that its entries stand on where it brings no times. */
interface Entries {
  readonly column: ResultColumn;
  readonly grid: StepGrid;
}

/**
 * Writes `,"values":[…],"histograms":[…]` of a column that may have both, each left out where it is empty
 * (Prometheus's marshalSeriesJSON).
 */
export function writeMixedPoints(writer: JsonWriter, entries: Entries): void {
  writeEntries(writer, entries, false);
  writeEntries(writer, entries, true);
}

/** Writes `,"value":[t,"v"]` or `,"histogram":[t,{…}]` of the only entry of a column. */
export function writeMixedPoint(writer: JsonWriter, { column, grid }: Entries): void {
  const timeMs = column.timesMs?.[0] ?? grid.startMs;
  if (column.histograms?.has(0) === true) {
    writer.raw(',"histogram":');
    writeHistogramPoint(writer, timeMs, column.histograms.lend(0, lent));
    return;
  }
  writer.raw(',"value":');
  writePoint(writer, timeMs, column.values[0] as number);
}

function writeEntries(writer: JsonWriter, { column, grid }: Entries, areHistograms: boolean): void {
  const { histograms, length, present, timesMs, values } = column;
  let first = true;
  for (let i = 0; i < length; i++) {
    if (present !== undefined && present[i] === 0) continue;
    const isHistogram = histograms?.has(i) === true;
    if (isHistogram !== areHistograms) continue;
    if (!first) writer.raw(",");
    else writer.raw(areHistograms ? ',"histograms":[' : ',"values":[');
    first = false;
    const timeMs = timesMs?.[i] ?? grid.startMs + i * grid.stepMs;
    if (isHistogram) writeHistogramPoint(writer, timeMs, histograms.lend(i, lent));
    else writePoint(writer, timeMs, values[i] as number);
  }
  if (!first) writer.raw("]");
}

/** `[t,{"count":"…","sum":"…","buckets":[[boundaries,"lower","upper","count"],…]}]`; empty buckets are left out. */
function writeHistogramPoint(writer: JsonWriter, timeMs: number, histogram: Histogram): void {
  writer.room(itemBytes);
  writer.bytes[writer.at] = 91;
  writer.at = writeTimestamp(writer.bytes, writer.at + 1, timeMs);
  writer.raw(',{"count":');
  writer.quotedFloat(histogram.count);
  writer.raw(',"sum":');
  writer.quotedFloat(histogram.sum);
  let first = true;
  walkUp(walk, histogram);
  while (nextBucket(walk)) {
    if (walk.count === 0) continue;
    if (first) writer.raw(',"buckets":[');
    writeBucket(writer, first);
    first = false;
  }
  writer.raw(first ? "}]" : "]}]");
}

/** Boundaries: 0 (lower, upper], 1 [lower, upper), 2 (lower, upper), 3 [lower, upper]. */
function writeBucket(writer: JsonWriter, first: boolean): void {
  writer.room(bucketBytes);
  const { bytes, view } = writer;
  let { at } = writer;
  if (!first) bytes[at++] = 44;
  bytes[at++] = 91;
  if (walk.lowerInclusive) bytes[at++] = walk.upperInclusive ? 51 : 49;
  else bytes[at++] = walk.upperInclusive ? 48 : 50;
  at = quoted(bytes, view, at, walk.lower);
  at = quoted(bytes, view, at, walk.upper);
  at = quoted(bytes, view, at, walk.count);
  bytes[at] = 93;
  writer.at = at + 1;
}

/** Writes `,"value"`; returns the end. */
function quoted(bytes: Uint8Array, view: DataView, start: number, value: number): number {
  bytes[start] = 44;
  bytes[start + 1] = 34;
  const end = writeFloat(bytes, view, start + 2, value);
  bytes[end] = 34;
  return end + 1;
}
