import type { HistogramColumn } from "../../model/histogram/histogram-column.ts";
import type { SeriesLabels } from "../../store/samples.ts";
import type { Signature } from "./matching.ts";
import type { MatchGroup, Member, OneSide } from "./one-side.ts";
import { fixedLabels } from "./series-labels.ts";

/** A series of the many side, or what stands in for one. */
export interface ManySeries {
  readonly labels: SeriesLabels;
  readonly values: Float64Array;
  readonly present: Uint8Array;
  readonly histograms: HistogramColumn | undefined;
}

/** A series of each side that meet. */
export interface Pair {
  readonly many: ManySeries;
  readonly group: MatchGroup;
  readonly one: Member;
}

/** What stands in on the one side where `many` has a value and no series of its group has. */
export function filledOne(
  many: ManySeries,
  group: MatchGroup,
  fill: { readonly value: number; readonly signature: Signature },
): Member {
  const present = many.present.slice();
  for (const member of group.members) exclude(present, member.present);
  const values = new Float64Array(present.length).fill(fill.value);
  return { labels: fill.signature.labelsOf(many.labels.all()), values, present, histograms: undefined };
}

/** Notes where a series of the many side met one of the group. */
export function markMet(group: MatchGroup, present: Uint8Array): void {
  group.met ??= new Uint8Array(present.length);
  for (let k = 0; k < present.length; k++) {
    group.met[k] = (group.met[k] as number) | (present[k] as number);
  }
}

/** Pairs for what the many side never met, once it is through. */
export function* filledMany(
  side: OneSide,
  fill: { readonly value: number; readonly signature: Signature },
): Generator<Pair, undefined> {
  for (const group of side.groups()) {
    for (const one of group.members) {
      const present = one.present.slice();
      if (group.met !== undefined) exclude(present, group.met);
      if (!present.includes(1)) continue;
      const labels = fixedLabels(fill.signature.labelsOf(one.labels));
      const values = new Float64Array(present.length).fill(fill.value);
      yield { many: { labels, values, present, histograms: undefined }, group, one };
    }
  }
  return undefined;
}

function exclude(present: Uint8Array, other: Uint8Array): void {
  for (let k = 0; k < present.length; k++) if (other[k] === 1) present[k] = 0;
}
