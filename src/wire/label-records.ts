import { varintSize, writeVarint } from "./varint.ts";
import { WireReader } from "./wire-reader.ts";

/*
 * A label region holds records `0x0a len (0x0a n name) (0x12 n value)`: name before value, empty ones left out, lengths
 * in as few bytes as they take. In that one form equal label sets are equal bytes, which merging relies on; what a peer
 * wrote in another form is brought into it when a row is read.
 */

const reader = new WireReader("label");

/**
 * Whether [pos, end) is the content of a label record in the one form. A "no" may also mean that it is broken, or that
 * a length takes three bytes: then `copyLabel` tells.
 */
export function isPlainLabel(bytes: Uint8Array, pos: number, end: number): boolean {
  let at = pos;
  if (at < end && bytes[at] === 0x0a) {
    at = stringEnd(bytes, at + 1);
    if (at < 0) return false;
  }
  if (at < end && bytes[at] === 0x12) at = stringEnd(bytes, at + 1);
  return at === end;
}

/** Offset past a string of 1 to 16,383 bytes whose length is at `at`; negative for any other. */
function stringEnd(bytes: Uint8Array, at: number): number {
  const first = bytes[at] as number;
  if (first < 128) return first === 0 ? -1 : at + 1 + first;
  const second = bytes[at + 1] as number;
  return second > 0 && second < 128 ? at + 2 + (first & 127) + second * 128 : -1;
}

/** A label's name and value as offsets into the bytes it was read from; equal offsets where it is empty. */
export interface LabelSpan {
  nameStart: number;
  nameEnd: number;
  valueStart: number;
  valueEnd: number;
}

/** Reads the content of a label record of any form into `span`; throws GatewayError `internal` on broken bytes. */
export function readLabel(bytes: Uint8Array, start: number, end: number, span: LabelSpan): void {
  span.nameStart = span.nameEnd = span.valueStart = span.valueEnd = start;
  reader.reset(bytes, start, end);
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag !== 0x0a && tag !== 0x12) {
      reader.skipUnknown(tag, 0b110);
      continue;
    }
    const stop = reader.lengthEnd();
    if (tag === 0x0a) {
      span.nameStart = reader.pos;
      span.nameEnd = stop;
    } else {
      span.valueStart = reader.pos;
      span.valueEnd = stop;
    }
    reader.pos = stop;
  }
}

/** Size of the record that `writeLabel` writes for a name and a value of these sizes. */
export function labelSize(nameSize: number, valueSize: number): number {
  const content = stringSize(nameSize) + stringSize(valueSize);
  return 1 + varintSize(content) + content;
}

/** Writes the record of a label that lies in `bytes`; returns the offset past it. */
export function writeLabel(out: Uint8Array, at: number, bytes: Uint8Array, span: LabelSpan): number {
  const nameSize = span.nameEnd - span.nameStart;
  const valueSize = span.valueEnd - span.valueStart;
  out[at] = 0x0a;
  let pos = writeVarint(out, at + 1, stringSize(nameSize) + stringSize(valueSize));
  pos = writeString(out, pos, 0x0a, bytes.subarray(span.nameStart, span.nameEnd));
  return writeString(out, pos, 0x12, bytes.subarray(span.valueStart, span.valueEnd));
}

/** Size of a string field, 0 for an empty one. */
function stringSize(size: number): number {
  return size === 0 ? 0 : 1 + varintSize(size) + size;
}

function writeString(out: Uint8Array, at: number, tag: number, text: Uint8Array): number {
  if (text.length === 0) return at;
  out[at] = tag;
  const pos = writeVarint(out, at + 1, text.length);
  out.set(text, pos);
  return pos + text.length;
}

/** Scratch for a label; callers that need it past their own return make their own. */
export function createLabelSpan(): LabelSpan {
  return { nameStart: 0, nameEnd: 0, valueStart: 0, valueEnd: 0 };
}
