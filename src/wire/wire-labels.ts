import type { Label, Labels } from "../model/labels.ts";
import { labelSize } from "./label-records.ts";
import { LabelWalker } from "./label-walker.ts";
import { internString, nameBytes } from "./string-cache.ts";
import { writeVarint } from "./varint.ts";

const walker = new LabelWalker();
const encoder = new TextEncoder();

/** All labels of a region; empty values are left out. Strings that repeat are shared. */
export function decodeLabels(bytes: Uint8Array, start: number, end: number): Labels {
  const labels: Label[] = [];
  walker.reset(bytes, start, end);
  while (walker.next()) {
    if (walker.valueStart === walker.valueEnd) continue;
    labels.push({
      name: internString(bytes, walker.nameStart, walker.nameEnd),
      value: internString(bytes, walker.valueStart, walker.valueEnd),
    });
  }
  return labels;
}

/** Value of the label whose name is `name` in UTF-8 (`nameBytes`), "" where the region lacks it. */
export function labelValueOf(bytes: Uint8Array, start: number, end: number, name: Uint8Array): string {
  walker.reset(bytes, start, end);
  while (walker.next()) {
    if (isName(bytes, walker.nameStart, walker.nameEnd, name)) {
      return internString(bytes, walker.valueStart, walker.valueEnd);
    }
  }
  return "";
}

/** Whether [start, end) of `bytes` is exactly `name`. */
export function isName(bytes: Uint8Array, start: number, end: number, name: Uint8Array): boolean {
  const length = end - start;
  if (length !== name.length) return false;
  // From the back: names of one metric family differ there.
  for (let i = length - 1; i >= 0; i--) if (bytes[start + i] !== name[i]) return false;
  return true;
}

/** Labels of a region, decoded on demand; `reset` points it at the next one. Has the shape of the store's SeriesLabels. */
export interface WireSeriesLabels {
  reset(bytes: Uint8Array, start: number, end: number): void;
  /** Value of one label, "" where the series lacks it. */
  get(name: string): string;
  /** The whole set, decoded once per reset; safe to keep. */
  all(): Labels;
}

export function createSeriesLabels(): WireSeriesLabels {
  let bytes: Uint8Array = new Uint8Array(0);
  let start = 0;
  let end = 0;
  let decoded: Labels | undefined;
  return {
    reset(nextBytes, nextStart, nextEnd) {
      bytes = nextBytes;
      start = nextStart;
      end = nextEnd;
      decoded = undefined;
    },
    get: (name) => labelValueOf(bytes, start, end, nameBytes(name)),
    all: () => {
      decoded ??= decodeLabels(bytes, start, end);
      return decoded;
    },
  };
}

/** Plain labels as a region. They must be sorted by name. */
export function encodeLabels(labels: Labels): Uint8Array {
  const out = new Uint8Array(labelsSize(labels));
  writeLabels(out, 0, labels);
  return out;
}

/** Bytes that `writeLabels` takes. */
export function labelsSize(labels: Labels): number {
  let size = 0;
  for (const { name, value } of labels) size += labelSize(utf8Size(name), utf8Size(value));
  return size;
}

/** Writes plain labels as a region; returns the offset past it. */
export function writeLabels(out: Uint8Array, at: number, labels: Labels): number {
  let pos = at;
  for (const { name, value } of labels) {
    const record = labelSize(utf8Size(name), utf8Size(value));
    out[pos] = 0x0a;
    pos = writeVarint(out, pos + 1, contentSize(record));
    pos = writeText(out, pos, 0x0a, name);
    pos = writeText(out, pos, 0x12, value);
  }
  return pos;
}

/** Size of a record's content, given the size of the record. */
function contentSize(record: number): number {
  let lengthSize = 1;
  while (record - 1 - lengthSize >= 2 ** (7 * lengthSize)) lengthSize++;
  return record - 1 - lengthSize;
}

function writeText(out: Uint8Array, at: number, tag: number, text: string): number {
  if (text === "") return at;
  out[at] = tag;
  const size = utf8Size(text);
  const pos = writeVarint(out, at + 1, size);
  encoder.encodeInto(text, out.subarray(pos, pos + size));
  return pos + size;
}

/** Bytes of a string in UTF-8, lone surrogates counted as U+FFFD. */
function utf8Size(text: string): number {
  let size = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    if (unit < 0x800) size += 1;
    else if (unit < 0xd800 || unit > 0xdbff) size += 2;
    else {
      const low = text.charCodeAt(i + 1);
      if (low >= 0xdc00 && low <= 0xdfff) i++;
      size += 2;
    }
  }
  return size;
}
