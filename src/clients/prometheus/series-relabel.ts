import type { Labels } from "../../model/labels.ts";
import { Arena } from "../../wire/arena.ts";
import { hasLabelOf, writeWithLabels, writeWithoutLabels } from "../../wire/edit-wire-labels.ts";
import { LabelWalker } from "../../wire/label-walker.ts";
import { nameBytes } from "../../wire/string-cache.ts";
import { encodeLabels, isName } from "../../wire/wire-labels.ts";
import type { PrometheusFacts } from "./prometheus-facts.ts";

/** Label regions of one series before and after. */
export interface RelabelledSeries {
  /** What Prometheus sorted the series by. */
  readonly sortedBy: Uint8Array;
  /** The answer's labels: [start, end) of `buffer`. */
  readonly buffer: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** Turns labels as remote read gives them into labels as they are answered. */
export interface SeriesRelabel {
  /** Names that a series must not carry itself, or the new labels may stand out of order. */
  readonly names: readonly string[];
  /** Greatest name among the labels put in, UTF-8; `undefined` for none. */
  readonly greatestName: Uint8Array | undefined;
  /** `sortedBy` may be a view of `bytes`; the rest is a copy. */
  apply(bytes: Uint8Array, start: number, end: number): RelabelledSeries;
}

/**
 * Takes Prometheus's own external labels out, puts the wanted ones in over labels of the same name, and leaves out
 * those that the request does not want, wherever they come from.
 */
export function createSeriesRelabel(
  facts: Pick<PrometheusFacts, "externalLabels" | "ownLabels">,
  withoutLabels: readonly string[],
): SeriesRelabel {
  const wanted = facts.externalLabels.filter(({ name }) => !withoutLabels.includes(name));
  const putIn = encodeLabels(wanted);
  const greatest = wanted.at(-1)?.name;
  const without = withoutLabels.map(nameBytes);
  const takeOut = encodeOwnLabels(facts.ownLabels);
  const arena = new Arena();
  const names = new Set(
    [...facts.externalLabels, ...facts.ownLabels].map(({ name }) => name).concat(withoutLabels),
  );

  return {
    names: [...names],
    greatestName: greatest === undefined ? undefined : nameBytes(greatest),
    apply(bytes, start, end) {
      const inner =
        takeOut.length === 0
          ? bytes.subarray(start, end)
          : copyWithoutOwn(arena, bytes.subarray(start, end), takeOut);
      const kept =
        without.length > 0 && hasLabelOf(inner, 0, inner.length, without)
          ? copyWithout(arena, inner, without)
          : inner;
      const at = arena.take(kept.length + putIn.length);
      const { buffer } = arena;
      const past = writeWithLabels(buffer, at, { bytes: kept, start: 0, end: kept.length }, putIn);
      return { sortedBy: inner, buffer, start: at, end: past };
    },
  };
}

interface OwnLabel {
  readonly name: Uint8Array;
  readonly value: Uint8Array;
}

function encodeOwnLabels(labels: Labels): readonly OwnLabel[] {
  return labels.map(({ name, value }) => ({ name: nameBytes(name), value: new TextEncoder().encode(value) }));
}

const walker = new LabelWalker();

/** A label of an own label's name with another value is the series' own. */
function copyWithoutOwn(arena: Arena, region: Uint8Array, own: readonly OwnLabel[]): Uint8Array {
  const at = arena.take(region.length);
  const out = arena.buffer;
  let past = at;
  walker.reset(region, 0, region.length);
  while (walker.next()) {
    if (isOwn(own)) continue;
    out.set(region.subarray(walker.recordStart, walker.pos), past);
    past += walker.pos - walker.recordStart;
  }
  return out.subarray(at, past);
}

function isOwn(own: readonly OwnLabel[]): boolean {
  const { bytes, nameStart, nameEnd, valueStart, valueEnd } = walker;
  for (const { name, value } of own) {
    if (isName(bytes, nameStart, nameEnd, name)) return isName(bytes, valueStart, valueEnd, value);
  }
  return false;
}

function copyWithout(arena: Arena, region: Uint8Array, names: readonly Uint8Array[]): Uint8Array {
  const at = arena.take(region.length);
  const out = arena.buffer;
  const past = writeWithoutLabels(out, at, { bytes: region, start: 0, end: region.length }, names);
  return out.subarray(at, past);
}
