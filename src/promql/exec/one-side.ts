import { GatewayError } from "../../lib/errors.ts";
import { formatLabels, type Labels } from "../../model/labels.ts";
import type { Signature } from "./matching.ts";
import type { Column } from "./operator.ts";
import type { Run } from "./run.ts";

/** One series of the "one" side. */
export interface Member {
  readonly labels: Labels;
  readonly values: Float64Array;
  readonly present: Uint8Array;
  readonly count: number;
  dropName: boolean;
}

/** All series of the "one" side with one signature; more than one only where they share no step, or clash. */
export interface MatchGroup {
  readonly members: Member[];
  /** Steps that a series of the other side has already met; one-to-one only. */
  taken: Uint8Array | undefined;
}

/** Two series of a match group at the same step: an error as soon as the other side has anything there. */
interface Clash {
  readonly steps: Uint8Array;
  readonly error: () => GatewayError;
}

export interface OneSide {
  add(column: Column): void;
  find(key: string): MatchGroup | undefined;
  /** Throws where `present` meets a step with two series of one match group. */
  check(present: Uint8Array): void;
}

/** Holds the side of a vector match on which signatures must be unique. `side` is its name in error texts. */
export function createOneSide(run: Run, signature: Signature, side: "left" | "right"): OneSide {
  const groups = new Map<string, MatchGroup>();
  const clashes: Clash[] = [];
  return {
    add(column) {
      run.hold(column.values.length);
      const member: Member = {
        labels: column.labels.all(),
        values: column.values.slice(),
        present: column.present.slice(),
        count: column.count,
        dropName: column.dropName,
      };
      const key = signature.keyOf(column.labels);
      const group = groups.get(key);
      if (group === undefined) {
        groups.set(key, { members: [member], taken: undefined });
        return;
      }
      for (const other of group.members) {
        const steps = overlap(other.present, member.present);
        if (steps !== undefined) {
          clashes.push({
            steps,
            error: () => duplicate(signature.textOf(member.labels), side, [member, other]),
          });
        }
      }
      group.members.push(member);
    },
    find: (key) => groups.get(key),
    check(present) {
      for (const { steps, error } of clashes) if (overlap(steps, present) !== undefined) throw error();
    },
  };
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

function duplicate(group: string, side: string, members: readonly Member[]): GatewayError {
  const series = members.map((member) => formatLabels(member.labels)).sort();
  return new GatewayError(
    "execution",
    `found duplicate series for the match group ${group} on the ${side} hand-side of the operation: [${series.join(
      ", ",
    )}];many-to-many matching not allowed: matching labels must be unique on one side`,
  );
}
