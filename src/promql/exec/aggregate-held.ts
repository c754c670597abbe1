import type { Accumulator } from "../functions/accumulators.ts";
import { quantileOf } from "../functions/quantile.ts";
import type { Run } from "./run.ts";

/** quantile: holds the series of its group. φ may differ from step to step. */
export function createQuantile(run: Run, steps: number, phi: Float64Array): Accumulator {
  const held: { readonly values: Float64Array; readonly present: Uint8Array | undefined }[] = [];
  return {
    add(values, present, full) {
      run.hold(steps);
      held.push({ values: values.slice(), present: full ? undefined : present.slice() });
    },
    seen() {
      const seen = new Uint8Array(steps);
      for (const { present } of held) {
        if (present === undefined) return seen.fill(1);
        for (let k = 0; k < steps; k++) seen[k] = (seen[k] as number) | (present[k] as number);
      }
      return seen;
    },
    finish() {
      const out = new Float64Array(steps);
      const seen = new Uint8Array(steps);
      const scratch = new Float64Array(held.length);
      let count = 0;
      for (let k = 0; k < steps; k++) {
        let size = 0;
        for (const { values, present } of held) {
          if (present === undefined || present[k] === 1) scratch[size++] = values[k] as number;
        }
        if (size === 0) continue;
        out[k] = quantileOf(phi[k] as number, scratch, size);
        seen[k] = 1;
        count++;
      }
      run.release(held.length * steps);
      held.length = 0;
      return { values: out, present: seen, count };
    },
  };
}
