import type { MixedKernel } from "./mixed-kernel.ts";

/** first_over_time and last_over_time: one sample of the window as it is. */
export function createMixedPick(which: "first" | "last"): MixedKernel {
  return ({ values, histograms, windows: { lo, hi } }, out) => {
    let count = 0;
    for (let k = 0; k < lo.length; k++) {
      const from = lo[k] as number;
      const to = hi[k] as number;
      out.present[k] = 0;
      if (to === from) continue;
      const at = which === "first" ? from : to - 1;
      if (histograms.has(at)) out.histograms.setFrom(k, histograms, at);
      else out.values[k] = values[at] as number;
      out.present[k] = 1;
      count++;
    }
    return count;
  };
}
