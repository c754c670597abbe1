import { equalBytes } from "../../lib/bytes.ts";
import type { MemoryAccount } from "../../store/store.ts";

/** A series on its way through: the label region that its sender sorted it by, and what it costs to keep it. */
export interface OrderedSeries {
  /** Records `0x0a len (0x0a n name 0x12 n value)` in name order, without the labels that will be put in. */
  readonly sortedBy: Uint8Array;
  readonly sizeBytes: number;
}

/** Keeps a stream in label order while the same new labels are put into each of its series. */
export interface ExternalLabelOrder<S> {
  /** Takes the next series of the sorted stream; emits those that no later series can precede. */
  push(series: S): void;
  /** Emits what waits. */
  end(): void;
  /** Forgets what waits and gives its memory back. */
  close(): void;
}

export interface ExternalLabelOrderOptions<S> {
  /** Greatest name among the labels put in, UTF-8; undefined where none is put in. No series has a label of such a name. */
  readonly greatestName: Uint8Array | undefined;
  /** Where the bytes of waiting series are counted. */
  readonly memory: MemoryAccount;
  readonly emit: (series: S) => void;
}

/**
 * Labels put into all series of a sorted stream keep the order of two series, unless one extends the other and its
 * next label name sorts before the greatest new name. So a series waits while such extensions of it pass:
 *
 *   in, sorted without `cluster`     waiting          out, sorted with it
 *   {n="up"}                         up
 *   {n="up", a="1"}                  up, up·a
 *   {n="up", a="1", b="2"}           up, up·a, up·a·b
 *   {n="up", a="2"}                  up, up·a2        up·a·b, up·a
 *   {n="up", z="1"}                  up·z             up·a2, up
 *
 * Extensions of a series follow it at once, those with the smaller next names first; hence a stack is enough.
 * A series that comes in several pieces waits with all of them.
 */
export function createExternalLabelOrder<S extends OrderedSeries>(
  options: ExternalLabelOrderOptions<S>,
): ExternalLabelOrder<S> {
  const { greatestName, memory, emit } = options;
  const waiting: Waiting<S>[] = [];

  const emitDownTo = (depth: number) => {
    while (waiting.length > depth) {
      const { pieces } = waiting.pop() as Waiting<S>;
      for (const { sizeBytes } of pieces) memory.give(sizeBytes);
      for (const piece of pieces) emit(piece);
    }
  };
  return {
    push(series) {
      const { sortedBy, sizeBytes } = series;
      const last = waiting.at(-1);
      if (last !== undefined && equalBytes(last.sortedBy, sortedBy)) {
        memory.take(sizeBytes);
        last.pieces.push(series);
        return;
      }
      let depth = waiting.length;
      while (depth > 0 && !goesFirst(sortedBy, (waiting[depth - 1] as Waiting<S>).sortedBy, greatestName))
        depth--;
      emitDownTo(depth);
      if (!canBeOvertaken(sortedBy, greatestName)) return emit(series);
      memory.take(sizeBytes);
      waiting.push({ sortedBy, pieces: [series] });
    },
    end: () => emitDownTo(0),
    close() {
      for (const { pieces } of waiting) for (const { sizeBytes } of pieces) memory.give(sizeBytes);
      waiting.length = 0;
    },
  };
}

/** A series that waits, in the pieces that it came in. */
interface Waiting<S> {
  readonly sortedBy: Uint8Array;
  readonly pieces: S[];
}

/** Whether `labels` extends `base` and its next label name sorts before the greatest new name. */
function goesFirst(labels: Uint8Array, base: Uint8Array, greatestName: Uint8Array | undefined): boolean {
  if (greatestName === undefined || labels.length <= base.length) return false;
  for (let i = base.length - 1; i >= 0; i--) if (labels[i] !== base[i]) return false;
  return nameSortsBefore(labels, base.length, greatestName);
}

/** Whether an extension may come that goes first: its next name lies between the last one here and the greatest new one. */
function canBeOvertaken(labels: Uint8Array, greatestName: Uint8Array | undefined): boolean {
  if (greatestName === undefined) return false;
  if (labels.length === 0) return true;
  let last = 0;
  for (let next = 0; next < labels.length; next = recordEnd(labels, next)) last = next;
  return nameSortsBefore(labels, last, greatestName);
}

function nameSortsBefore(labels: Uint8Array, record: number, name: Uint8Array): boolean {
  let at = afterVarint(labels, record + 1) + 1; // Past the record's tag and length and the name's tag.
  const length = varintAt(labels, at);
  at = afterVarint(labels, at);
  const shared = Math.min(length, name.length);
  for (let i = 0; i < shared; i++) {
    const difference = (labels[at + i] as number) - (name[i] as number);
    if (difference !== 0) return difference < 0;
  }
  return length < name.length;
}

function recordEnd(labels: Uint8Array, record: number): number {
  return afterVarint(labels, record + 1) + varintAt(labels, record + 1);
}

function varintAt(bytes: Uint8Array, at: number): number {
  let value = 0;
  for (let scale = 1; ; scale *= 128) {
    const byte = bytes[at++] ?? 0;
    value += (byte & 127) * scale;
    if (byte < 128) return value;
  }
}

function afterVarint(bytes: Uint8Array, at: number): number {
  while ((bytes[at] ?? 0) >= 128) at++;
  return at + 1;
}
