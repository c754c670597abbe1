import { GatewayError } from "../../lib/errors.ts";
import { HistogramColumn } from "../../model/histogram/histogram-column.ts";
import { formatLabels, type Labels } from "../../model/labels.ts";
import type { Signature } from "./matching.ts";
import { type Column, heldSamples, keepColumn } from "./operator.ts";
import type { Run } from "./run.ts";

/** One series of the "one" side. */
export interface Member {
  readonly labels: Labels;
  readonly values: Float64Array;
  readonly present: Uint8Array;
  readonly histograms: HistogramColumn | undefined;
}

/** All series of the "one" side with one signature; more than one only where they share no step, or clash. */
export interface MatchGroup {
  readonly members: Member[];
  /** Each series as it came, to tell clashes. */
  readonly sources: Pick<Member, "labels" | "present">[];
  /** Steps at which results were given out; one-to-one only. */
  taken: Uint8Array | undefined;
  /** Steps at which a series of the other side met one of these; kept where it is filled in elsewhere. */
  met: Uint8Array | undefined;
}

/** Two series of a match group at the same step: an error as soon as the other side has anything there. */
interface Clash {
  readonly steps: Uint8Array;
  readonly error: () => GatewayError;
}

export interface OneSide {
  add(column: Column): void;
  /** The group of a signature, an empty one where there is none. */
  find(key: string): MatchGroup;
  groups(): Iterable<MatchGroup>;
  /** Throws where `present`, all steps if undefined, meets a step with two series of one match group. */
  check(present: Uint8Array | undefined): void;
}

export interface OneSideOptions {
  readonly signature: Signature;
  /** The side's name in error texts. */
  readonly side: "left" | "right";
  /** Whether results take nothing of this side's labels, so that series of one signature may be one. */
  readonly joins: boolean;
}

/** Holds the side of a vector match on which signatures must be unique. */
export function createOneSide(run: Run, { signature, side, joins }: OneSideOptions): OneSide {
  const groups = new Map<string, MatchGroup>();
  const clashes: Clash[] = [];
  const find = (key: string): MatchGroup => {
    let group = groups.get(key);
    if (group === undefined) {
      group = { members: [], sources: [], taken: undefined, met: undefined };
      groups.set(key, group);
    }
    return group;
  };
  return {
    find,
    groups: () => groups.values(),
    add(column) {
      run.hold(heldSamples(column));
      const labels = column.labels.all();
      const { values, present, histograms } = keepColumn(column, column.labels);
      const member: Member = { labels, values, present, histograms };
      const group = find(signature.keyOf(column.labels));
      for (const other of group.sources) {
        const steps = overlap(other.present, member.present);
        if (steps === undefined) continue;
        clashes.push({ steps, error: () => duplicate(signature, side, [member, other]) });
      }
      group.sources.push(member);
      const [first] = group.members;
      if (joins && first !== undefined) group.members[0] = joined(first, member);
      else group.members.push(member);
    },
    check(present) {
      const count = clashes[0]?.steps.length ?? 0;
      for (let k = 0; k < count; k++) {
        if (present !== undefined && present[k] === 0) continue;
        for (const { steps, error } of clashes) if (steps[k] === 1) throw error();
      }
    },
  };
}

/** Both as one series; where they clash the first counts, until the clash is told. */
function joined(a: Member, b: Member): Member {
  const values = a.values.slice();
  const present = a.present.slice();
  let { histograms } = a;
  for (let k = 0; k < present.length; k++) {
    if (present[k] === 1 || b.present[k] === 0) continue;
    values[k] = b.values[k] as number;
    present[k] = 1;
    if (!b.histograms?.has(k)) continue;
    histograms ??= new HistogramColumn(present.length);
    histograms.setFrom(k, b.histograms, k);
  }
  return { labels: a.labels, values, present, histograms };
}

function overlap(a: Uint8Array, b: Uint8Array): Uint8Array | undefined {
  let both: Uint8Array | undefined;
  for (let k = 0; k < a.length; k++) {
    if (((a[k] as number) & (b[k] as number)) === 0) continue;
    both ??= new Uint8Array(a.length);
    both[k] = 1;
  }
  return both;
}

function duplicate(
  signature: Signature,
  side: string,
  members: readonly [Pick<Member, "labels">, Pick<Member, "labels">],
): GatewayError {
  const group = formatLabels(signature.labelsOf(members[0].labels));
  const series = members.map((member) => formatLabels(member.labels)).sort();
  return new GatewayError(
    "execution",
    `found duplicate series for the match group ${group} on the ${side} hand-side of the operation: [${series.join(
      ", ",
    )}];many-to-many matching not allowed: matching labels must be unique on one side`,
  );
}
