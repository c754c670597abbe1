import {
  customSchema,
  emptyLayout,
  type HistogramLayout,
  sameEntries,
} from "../model/histogram/histogram.ts";
import type { BitWriter } from "./bit-writer.ts";
import type { VarbitReader } from "./varbit-reader.ts";
import { writeVarbitInt, writeVarbitUint } from "./varbit-writer.ts";

/*
 * How histogram chunks write their layout (tsdb/chunkenc/histogram_meta.go):
 *
 *   zero threshold  0 none | b power of two 2^(b−244) | 255 + 64 bits
 *   schema varbit | positive spans | negative spans | for custom buckets: bounds
 *   spans   count | (length | offset from the end of the last span) …
 *   bounds  count | (0 + 64 bits | thousandths + 1) …
 */

/** Buckets of this many positions or fewer are kept, to be shared by chunks that are written alike. */
const mostShared = 1024;
const known: (HistogramLayout | undefined)[] = new Array(1024).fill(undefined);

const highestReserved = 52;
const lowestReserved = -9;

let positive = new Int32Array(256);
let negative = new Int32Array(256);
let bounds = new Float64Array(64);
const double = new Float64Array(1);
const doubleWords = new Int32Array(double.buffer);

/**
 * Reads a layout as it stands in the chunk: its schema may be one of the reserved ones, −9 … 52. Equal layouts are
 * mostly the same object. Fails where the schema is unknown, or buckets are not ascending or more than the chunk holds.
 */
export function readHistogramLayout(reader: VarbitReader): HistogramLayout {
  const zeroThreshold = readZeroThreshold(reader);
  const schema = reader.varbitInt();
  if (!isKnownSchema(schema))
    reader.fail(`its schema is ${schema}, wants ${lowestReserved} to ${highestReserved} or ${customSchema}`);
  const positives = readSpans(reader, "positive");
  const negatives = readSpans(reader, "negative");
  const boundCount = schema === customSchema ? readBounds(reader) : 0;
  return layoutOf({
    schema,
    zeroThreshold,
    positive: positive.subarray(0, positives),
    negative: negative.subarray(0, negatives),
    customValues: bounds.subarray(0, boundCount),
  });
}

/** Whether a schema may stand in data; those that are not reckoned with are made coarser. */
export function isKnownSchema(schema: number): boolean {
  return schema === customSchema || (schema >= lowestReserved && schema <= highestReserved);
}

/** A layout of these values, which are copied: mostly the same object for equal ones. */
export function layoutOf(values: HistogramLayout): HistogramLayout {
  const slot = hashOf(values) & (known.length - 1);
  const shared = known[slot];
  if (shared !== undefined && equals(shared, values)) return shared;
  const layout = equals(emptyLayout, values)
    ? emptyLayout
    : {
        schema: values.schema,
        zeroThreshold: values.zeroThreshold,
        positive: values.positive.slice(),
        negative: values.negative.slice(),
        customValues: values.customValues.slice(),
      };
  if (layout.positive.length + layout.negative.length + layout.customValues.length <= mostShared)
    known[slot] = layout;
  return layout;
}

function equals(a: HistogramLayout, b: HistogramLayout): boolean {
  return (
    a.schema === b.schema &&
    Object.is(a.zeroThreshold, b.zeroThreshold) &&
    sameEntries(a.positive, b.positive) &&
    sameEntries(a.negative, b.negative) &&
    sameEntries(a.customValues, b.customValues)
  );
}

function hashOf(values: HistogramLayout): number {
  let hash = Math.imul(values.schema, 31) + values.positive.length;
  for (const index of values.positive) hash = Math.imul(hash, 31) + index;
  hash = Math.imul(hash, 31) + values.negative.length;
  for (const index of values.negative) hash = Math.imul(hash, 31) + index;
  double[0] = values.zeroThreshold;
  hash = Math.imul(hash, 31) + (doubleWords[1] as number);
  for (const bound of values.customValues) {
    double[0] = bound;
    hash = Math.imul(hash, 31) + ((doubleWords[0] as number) ^ (doubleWords[1] as number));
  }
  return hash ^ (hash >>> 15);
}

function readZeroThreshold(reader: VarbitReader): number {
  const code = reader.bits(8);
  if (code === 0) return 0;
  return code === 255 ? readDouble(reader) : 2 ** (code - 244);
}

function readDouble(reader: VarbitReader): number {
  reader.bits64(64);
  doubleWords[0] = reader.low;
  doubleWords[1] = reader.high;
  return double[0] as number;
}

/** Reads spans into `positive` or `negative`; returns how many buckets there are. */
function readSpans(reader: VarbitReader, side: "positive" | "negative"): number {
  const spans = reader.varbitUint();
  let indexes = side === "positive" ? positive : negative;
  let count = 0;
  let next = 0;
  for (let span = 0; span < spans; span++) {
    const length = reader.varbitUint();
    const offset = reader.varbitInt();
    if (span > 0 && offset < 0)
      reader.fail(`a span of ${side} buckets begins before the end of the last one`);
    next += offset;
    // Every bucket takes one bit at least in the first sample.
    if (count + length > reader.left) reader.fail(`${count + length} buckets do not fit it`);
    if (next < -0x80000000 || next + length > 0x7fffffff)
      reader.fail(`bucket ${next + length} is too far out`);
    if (count + length > indexes.length) {
      const grown = new Int32Array(2 * (count + length));
      grown.set(indexes);
      indexes = grown;
      if (side === "positive") positive = grown;
      else negative = grown;
    }
    for (let i = 0; i < length; i++) indexes[count++] = next++;
  }
  return count;
}

function readBounds(reader: VarbitReader): number {
  const count = reader.varbitUint();
  if (count > reader.left) reader.fail(`${count} bounds do not fit it`);
  if (count > bounds.length) bounds = new Float64Array(2 * count);
  for (let i = 0; i < count; i++) {
    const code = reader.varbitUint();
    bounds[i] = code === 0 ? readDouble(reader) : (code - 1) / 1000;
  }
  return count;
}

/** Writes a layout as `readHistogramLayout` reads it. */
export function writeHistogramLayout(out: BitWriter, layout: HistogramLayout): void {
  writeZeroThreshold(out, layout.zeroThreshold);
  writeVarbitInt(out, layout.schema);
  writeSpans(out, layout.positive);
  writeSpans(out, layout.negative);
  if (layout.schema !== customSchema) return;
  writeVarbitUint(out, layout.customValues.length);
  for (const bound of layout.customValues) writeBound(out, bound);
}

function writeZeroThreshold(out: BitWriter, threshold: number): void {
  // Ldexp(0.5, code − 243); powers of two are exact in doubles.
  const code = threshold > 0 ? Math.round(Math.log2(threshold)) + 244 : 0;
  if (Object.is(threshold, 0) || (code > 0 && code < 255 && 2 ** (code - 244) === threshold)) {
    out.bits(code, 8);
    return;
  }
  out.bits(255, 8);
  writeDouble(out, threshold);
}

function writeDouble(out: BitWriter, value: number): void {
  double[0] = value;
  out.bits64(doubleWords[1] as number, doubleWords[0] as number, 64);
}

function writeSpans(out: BitWriter, indexes: Int32Array): void {
  let spans = 0;
  for (let from = 0; from < indexes.length; from = spanEnd(indexes, from)) spans++;
  writeVarbitUint(out, spans);
  let next = 0;
  for (let from = 0; from < indexes.length; ) {
    const to = spanEnd(indexes, from);
    const first = indexes[from] as number;
    writeVarbitUint(out, to - from);
    writeVarbitInt(out, first - next);
    next = first + to - from;
    from = to;
  }
}

/** End of the run of consecutive indexes that begins at `from`. */
function spanEnd(indexes: Int32Array, from: number): number {
  let to = from + 1;
  while (to < indexes.length && indexes[to] === (indexes[to - 1] as number) + 1) to++;
  return to;
}

function writeBound(out: BitWriter, bound: number): void {
  const thousandths = Math.round(bound * 1000);
  if (
    bound * 1000 >= 0 &&
    bound * 1000 <= 33_554_430 &&
    thousandths / 1000 === bound &&
    !Object.is(bound, -0)
  ) {
    writeVarbitUint(out, thousandths + 1);
    return;
  }
  writeVarbitUint(out, 0);
  writeDouble(out, bound);
}
