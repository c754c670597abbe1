import {
  customSchema,
  type HistogramLayout,
  type ResetHint,
  resetHints,
} from "../model/histogram/histogram.ts";
import { highestInteger } from "./encode-histogram.ts";
import { isKnownSchema, layoutOf } from "./histogram-layout.ts";
import { HistogramRows, highestWhole } from "./histogram-rows.ts";
import { isStale, type SampleBuffer } from "./sample-buffer.ts";
import { viewOf } from "./view-of.ts";
import { WireReader, wireType } from "./wire-reader.ts";

const what = "Histogram";
const double = new Float64Array(1);
const doubleWords = new Int32Array(double.buffer);

/** Numbers of a repeated field, in memory that is used again. */
interface Numbers {
  count: number;
  values: Float64Array;
}

function createNumbers(): Numbers {
  return { count: 0, values: new Float64Array(64) };
}

function add(numbers: Numbers, value: number): void {
  if (numbers.count === numbers.values.length) {
    const grown = new Float64Array(2 * numbers.count);
    grown.set(numbers.values);
    numbers.values = grown;
  }
  numbers.values[numbers.count++] = value;
}

/** One sign of the buckets as the message has them. */
interface Side {
  /** Offset and length of each span. */
  readonly spans: Numbers;
  readonly deltas: Numbers;
  readonly counts: Numbers;
  indexes: Int32Array;
}

function createSide(): Side {
  return {
    spans: createNumbers(),
    deltas: createNumbers(),
    counts: createNumbers(),
    indexes: new Int32Array(64),
  };
}

/** Reads Prometheus's Histogram messages, of remote read and remote write, into rows of a buffer. */
export class HistogramMessageReader {
  readonly #fields = new WireReader(what);
  readonly #part = new WireReader(what);
  readonly #rows = new HistogramRows();
  readonly #positive = createSide();
  readonly #negative = createSide();
  readonly #customValues = createNumbers();
  #schema = 0;
  #zeroThreshold = 0;
  #timeMs = 0;
  /** Whether counts are whole numbers, written as differences. */
  #hasWhole = false;
  /** Whether no count is below zero. */
  #fits = true;
  #stale = false;
  #highest = 0;

  /**
   * Appends the histogram in [start, end) of `bytes`, a stale one as a stale float. Returns whether its counts are
   * whole numbers that a chunk of such can hold. Throws GatewayError `internal` on a broken one, and on whole numbers
   * above 2^51.
   */
  read(bytes: Uint8Array, start: number, end: number, out: SampleBuffer): boolean {
    this.#clear();
    this.#fields.reset(bytes, start, end);
    while (this.#fields.pos < end) this.#readField(bytes);
    if (this.#positive.deltas.count + this.#negative.deltas.count > 0) this.#hasWhole = true;
    if (this.#stale) {
      out.pushStale(this.#timeMs);
      return false;
    }
    this.#rows.use(this.#layout());
    const column = out.withHistograms();
    this.#rows.timeMs = this.#timeMs;
    this.#rows.place(out, column);
    const { counts, at, numbers, positives } = this.#rows;
    this.#highest = Math.max(numbers.count, numbers.zeroCount);
    this.#takeCounts(this.#positive, counts, at);
    this.#takeCounts(this.#negative, counts, at + positives);
    if (this.#hasWhole && this.#highest > highestWhole) {
      out.remove(out.length - 1, out.length);
      this.#fields.fail("a count is above 2^51", this.#fields.pos);
    }
    this.#rows.finish(column);
    return this.#hasWhole && this.#fits && this.#highest <= highestInteger;
  }

  #clear(): void {
    for (const side of [this.#positive, this.#negative])
      side.spans.count = side.deltas.count = side.counts.count = 0;
    this.#customValues.count = 0;
    this.#schema = this.#zeroThreshold = this.#timeMs = 0;
    this.#hasWhole = this.#stale = false;
    this.#fits = true;
    const { numbers } = this.#rows;
    numbers.count = numbers.sum = numbers.zeroCount = 0;
    numbers.resetHint = resetHints.unknown;
  }

  #readField(bytes: Uint8Array): void {
    const reader = this.#fields;
    const { numbers } = this.#rows;
    const tag = reader.uint32();
    switch (tag) {
      case 0x08:
        numbers.count = unsigned(reader);
        this.#hasWhole = true;
        return;
      case 0x11:
        numbers.count = readDouble(reader);
        return;
      case 0x19:
        numbers.sum = readDouble(reader);
        this.#stale = isStale(doubleWords[0] as number, doubleWords[1] as number);
        return;
      case 0x20:
        this.#schema = reader.sint64();
        return;
      case 0x29:
        this.#zeroThreshold = readDouble(reader);
        return;
      case 0x30:
        numbers.zeroCount = unsigned(reader);
        return;
      case 0x39:
        numbers.zeroCount = readDouble(reader);
        return;
      case 0x70:
        numbers.resetHint = hintOf(reader.int64());
        return;
      case 0x78:
        this.#timeMs = reader.int64();
        return;
    }
    this.#readRepeated(bytes, tag);
  }

  #readRepeated(bytes: Uint8Array, tag: number): void {
    const field = tag >>> 3;
    if (field === 8) this.#readSpan(bytes, tag, this.#negative);
    else if (field === 9) this.#readNumbers(bytes, tag, this.#negative.deltas);
    else if (field === 10) this.#readNumbers(bytes, tag, this.#negative.counts);
    else if (field === 11) this.#readSpan(bytes, tag, this.#positive);
    else if (field === 12) this.#readNumbers(bytes, tag, this.#positive.deltas);
    else if (field === 13) this.#readNumbers(bytes, tag, this.#positive.counts);
    else if (field === 16) this.#readNumbers(bytes, tag, this.#customValues);
    else this.#fields.skipUnknown(tag, 0b1100000011111110);
  }

  #readSpan(bytes: Uint8Array, tag: number, side: Side): void {
    const reader = this.#fields;
    if ((tag & 7) !== wireType.bytes) reader.fail(`field ${tag >>> 3} has wire type ${tag & 7}`, reader.pos);
    const stop = reader.lengthEnd();
    const part = this.#part.reset(bytes, reader.pos, stop);
    let offset = 0;
    let length = 0;
    while (part.pos < stop) {
      const inner = part.uint32();
      if (inner === 0x08) offset = part.sint64();
      else if (inner === 0x10) length = part.uint32();
      else part.skipUnknown(inner, 0b110);
    }
    add(side.spans, offset);
    add(side.spans, length);
    reader.pos = stop;
  }

  /** Numbers one by one or packed: doubles, or zig-zag varints in the fields of deltas. */
  #readNumbers(bytes: Uint8Array, tag: number, into: Numbers): void {
    const reader = this.#fields;
    const areDeltas = tag >>> 3 === 9 || tag >>> 3 === 12;
    const type = tag & 7;
    if (type !== wireType.bytes) {
      if (type !== (areDeltas ? wireType.varint : wireType.fixed64))
        reader.fail(`field ${tag >>> 3} has wire type ${type}`, reader.pos);
      add(into, areDeltas ? reader.sint64() : readDouble(reader));
      return;
    }
    const stop = reader.lengthEnd();
    const part = this.#part.reset(bytes, reader.pos, stop);
    while (part.pos < stop) add(into, areDeltas ? part.sint64() : readDouble(part));
    reader.pos = stop;
  }

  #layout(): HistogramLayout {
    const schema = this.#schema;
    if (!isKnownSchema(schema)) this.#fields.fail(`a schema of ${schema}`, this.#fields.pos);
    const { values, count } = this.#customValues;
    return layoutOf({
      schema,
      zeroThreshold: this.#zeroThreshold,
      positive: this.#indexesOf(this.#positive),
      negative: this.#indexesOf(this.#negative),
      customValues: values.subarray(0, schema === customSchema ? count : 0),
    });
  }

  #indexesOf(side: Side): Int32Array {
    const reader = this.#fields;
    const wanted = this.#hasWhole ? side.deltas.count : side.counts.count;
    if (side.indexes.length < wanted) side.indexes = new Int32Array(2 * wanted);
    let at = 0;
    let next = 0;
    for (let i = 0; i < side.spans.count; i += 2) {
      const offset = side.spans.values[i] as number;
      const length = side.spans.values[i + 1] as number;
      if (i > 0 && offset < 0) reader.fail("a span begins before the end of the last one", reader.pos);
      next += offset;
      if (at + length > wanted) break;
      if (next < -0x80000000 || next + length > 0x7fffffff)
        reader.fail("a bucket is too far out", reader.pos);
      for (let j = 0; j < length; j++) side.indexes[at++] = next++;
      if (i + 2 === side.spans.count && at === wanted) return side.indexes.subarray(0, at);
    }
    if (side.spans.count > 0 || wanted > 0)
      reader.fail(`${wanted} buckets, which its spans do not have`, reader.pos);
    return side.indexes.subarray(0, 0);
  }

  #takeCounts(side: Side, counts: Float64Array, from: number): void {
    if (!this.#hasWhole) {
      counts.set(side.counts.values.subarray(0, side.counts.count), from);
      return;
    }
    let count = 0;
    for (let i = 0; i < side.deltas.count; i++) {
      count += side.deltas.values[i] as number;
      counts[from + i] = count;
      if (count < 0) this.#fits = false;
      if (Math.abs(count) > this.#highest) this.#highest = Math.abs(count);
    }
  }
}

function hintOf(value: number): ResetHint {
  return value === 1 || value === 2 || value === 3 ? value : resetHints.unknown;
}

function unsigned(reader: WireReader): number {
  reader.varint();
  return (reader.high >>> 0) * 4_294_967_296 + (reader.low >>> 0);
}

/** Leaves the words of the number in `doubleWords`. */
function readDouble(reader: WireReader): number {
  if (reader.pos + 8 > reader.end) reader.fail("a number is cut off", reader.pos);
  const data = viewOf(reader.bytes);
  const at = reader.bytes.byteOffset + reader.pos;
  doubleWords[0] = data.getInt32(at, true);
  doubleWords[1] = data.getInt32(at + 4, true);
  reader.pos += 8;
  return double[0] as number;
}
