import { copyBytes } from "./copy-bytes.ts";
import { LabelWalker } from "./label-walker.ts";
import { isName } from "./wire-labels.ts";

const walker = new LabelWalker();
const added = new LabelWalker();

/** Whether a region has a label of one of these names (UTF-8). */
export function hasLabelOf(
  bytes: Uint8Array,
  start: number,
  end: number,
  names: readonly Uint8Array[],
): boolean {
  walker.reset(bytes, start, end);
  while (walker.next()) if (isOneOf(names)) return true;
  return false;
}

/**
 * Writes a region without the labels of these names (UTF-8) into `out`, which needs room for the whole region;
 * returns the offset past it.
 */
export function writeWithoutLabels(
  out: Uint8Array,
  at: number,
  region: { readonly bytes: Uint8Array; readonly start: number; readonly end: number },
  names: readonly Uint8Array[],
): number {
  const { bytes, start, end } = region;
  let pos = at;
  let kept = start;
  walker.reset(bytes, start, end);
  while (walker.next()) {
    if (!isOneOf(names)) continue;
    pos = copyBytes(out, pos, bytes, kept, walker.recordStart);
    kept = walker.pos;
  }
  return copyBytes(out, pos, bytes, kept, end);
}

/**
 * Writes a region with the labels of region `labels` put in, in name order; these replace labels of the same name.
 * `out` needs room for both regions; returns the offset past what was written.
 */
export function writeWithLabels(
  out: Uint8Array,
  at: number,
  region: { readonly bytes: Uint8Array; readonly start: number; readonly end: number },
  labels: Uint8Array,
): number {
  let pos = at;
  walker.reset(region.bytes, region.start, region.end);
  added.reset(labels, 0, labels.length);
  let more = walker.next();
  let moreAdded = added.next();
  while (more || moreAdded) {
    const order = !moreAdded ? -1 : !more ? 1 : compareNames();
    const from = order < 0 ? walker : added;
    pos = copyBytes(out, pos, from.bytes, from.recordStart, from.pos);
    if (order <= 0) more = walker.next();
    if (order >= 0) moreAdded = added.next();
  }
  return pos;
}

/** A copy of a region without the labels of these names (UTF-8). */
export function withoutLabels(
  bytes: Uint8Array,
  start: number,
  end: number,
  names: readonly Uint8Array[],
): Uint8Array {
  const out = new Uint8Array(end - start);
  return out.subarray(0, writeWithoutLabels(out, 0, { bytes, start, end }, names));
}

/** A copy of a region with the labels of another region put in; these replace labels of the same name. */
export function withLabels(bytes: Uint8Array, start: number, end: number, labels: Uint8Array): Uint8Array {
  const out = new Uint8Array(end - start + labels.length);
  return out.subarray(0, writeWithLabels(out, 0, { bytes, start, end }, labels));
}

function isOneOf(names: readonly Uint8Array[]): boolean {
  for (const name of names) if (isName(walker.bytes, walker.nameStart, walker.nameEnd, name)) return true;
  return false;
}

function compareNames(): number {
  const shared = Math.min(walker.nameEnd - walker.nameStart, added.nameEnd - added.nameStart);
  for (let i = 0; i < shared; i++) {
    const x = walker.bytes[walker.nameStart + i] as number;
    const y = added.bytes[added.nameStart + i] as number;
    if (x !== y) return x - y;
  }
  return walker.nameEnd - walker.nameStart - (added.nameEnd - added.nameStart);
}
