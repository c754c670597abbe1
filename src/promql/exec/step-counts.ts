import type { Run } from "./run.ts";

/** How often something was seen at each step: a map while there are few, an array once they are many. */
export interface StepCounts {
  add(step: number): void;
  /** Writes counts and presence, and answers how many steps have any. */
  writeTo(values: Float64Array, present: Uint8Array): number;
}

/** A map entry takes about as much as so many entries of the array. */
const entriesPerMapped = 8;

/** What is held is counted as samples. */
export function createStepCounts(run: Run, steps: number): StepCounts {
  let few: Map<number, number> | undefined = new Map();
  let many = new Float64Array(0);
  return {
    add(step) {
      if (few === undefined) {
        many[step] = (many[step] as number) + 1;
        return;
      }
      const count = few.get(step);
      if (count === undefined) run.hold(1);
      few.set(step, (count ?? 0) + 1);
      if (few.size * entriesPerMapped <= steps) return;
      run.hold(steps - few.size);
      many = new Float64Array(steps);
      for (const [at, seen] of few) many[at] = seen;
      few = undefined;
    },
    writeTo(values, present) {
      const counts = few ?? many.entries();
      let there = 0;
      for (const [step, count] of counts) {
        if (count === 0) continue;
        values[step] = count;
        present[step] = 1;
        there++;
      }
      return there;
    },
  };
}
