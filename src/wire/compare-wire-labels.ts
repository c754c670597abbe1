import { commonPrefix } from "./common-prefix.ts";
import { LabelWalker } from "./label-walker.ts";

/*
 * Order of label regions without decoding them: Go's `labels.Compare`, that is name, then value, pairwise by bytes, then
 * fewer labels first. Comparing the regions' bytes would be wrong: a length stands before each content ("b" < "aa").
 *
 *   a: |rec|rec|rec…x…|        the first byte that differs lies in a record that starts at the same offset in both;
 *   b: |rec|rec|rec…y…|        the records before it are equal, so this one decides: its name, else its value
 */

const left = new LabelWalker();
const right = new LabelWalker();

/** Below 0, 0 or above 0 as region a sorts before, with or after region b. */
export function compareWireLabels(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
): number {
  const shared = Math.min(aEnd - aStart, bEnd - bStart);
  const same = commonPrefix(a, aStart, b, bStart, shared);
  if (same === shared) return aEnd - aStart - (bEnd - bStart);
  left.reset(a, aStart, aEnd);
  while (left.next()) {
    if (left.pos <= aStart + same) continue;
    right.reset(b, bStart + (left.recordStart - aStart), bEnd).next();
    const byName = compareRanges(a, left.nameStart, left.nameEnd, b, right.nameStart, right.nameEnd);
    if (byName !== 0) return byName;
    return compareRanges(a, left.valueStart, left.valueEnd, b, right.valueStart, right.valueEnd);
  }
  return 0;
}

/** Whether two regions hold the same labels. */
export function equalWireLabels(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
): boolean {
  const size = aEnd - aStart;
  if (size !== bEnd - bStart) return false;
  // The end first: neighbours in a sorted stream differ in their last labels.
  for (let i = 1; i <= 16 && i <= size; i++) if (a[aEnd - i] !== b[bEnd - i]) return false;
  return commonPrefix(a, aStart, b, bStart, size) === size;
}

function compareRanges(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
): number {
  const shared = Math.min(aEnd - aStart, bEnd - bStart);
  for (let i = 0; i < shared; i++) {
    const difference = (a[aStart + i] as number) - (b[bStart + i] as number);
    if (difference !== 0) return difference;
  }
  return aEnd - aStart - (bEnd - bStart);
}
