import { markPresent, type RangeInput, type RangeKernel, type StepsOut } from "./range-kernel.ts";

/** A kernel of one loop over steps. */
function stepwise(least: 1 | 2, fill: (input: RangeInput, out: StepsOut) => void): RangeKernel {
  return (input, out) => {
    const count = markPresent(input.windows, least, out.present);
    if (count > 0) fill(input, out);
    return count;
  };
}

export function createCountOverTime(): RangeKernel {
  return stepwise(1, ({ windows: { lo, hi } }, { values }) => {
    for (let k = 0; k < lo.length; k++) values[k] = (hi[k] as number) - (lo[k] as number);
  });
}

export function createPresentOverTime(): RangeKernel {
  return stepwise(1, (_input, { values }) => void values.fill(1));
}

/** last_over_time, or with `ofTimes` the time of that sample in seconds. */
export function createLastOverTime(ofTimes: boolean): RangeKernel {
  return stepwise(1, (input, { values }) => {
    const { hi } = input.windows;
    for (let k = 0; k < hi.length; k++) {
      const at = (hi[k] as number) - 1;
      values[k] = ofTimes ? (input.times[at] as number) / 1000 : (input.values[at] as number);
    }
  });
}

/** first_over_time, or with `ofTimes` the time of that sample in seconds. */
export function createFirstOverTime(ofTimes: boolean): RangeKernel {
  return stepwise(1, (input, { values }) => {
    const { lo } = input.windows;
    for (let k = 0; k < lo.length; k++) {
      const at = lo[k] as number;
      values[k] = ofTimes ? (input.times[at] as number) / 1000 : (input.values[at] as number);
    }
  });
}

/** changes and resets: how many samples of the window differ from, or are below, the one before. */
export function createCountEvents(event: "changes" | "resets"): RangeKernel {
  let before = new Int32Array(0);
  return stepwise(1, (input, { values: out }) => {
    const { values, length, windows } = input;
    if (before.length < length) before = new Int32Array(length);
    let events = 0;
    before[0] = 0;
    for (let i = 1; i < length; i++) {
      const previous = values[i - 1] as number;
      const value = values[i] as number;
      if (event === "resets") {
        if (value < previous) events++;
      } else if (value !== previous && !(Number.isNaN(value) && Number.isNaN(previous))) {
        events++;
      }
      before[i] = events;
    }
    const { lo, hi } = windows;
    for (let k = 0; k < lo.length; k++) {
      const last = (hi[k] as number) - 1;
      const first = lo[k] as number;
      if (last >= first) out[k] = (before[last] as number) - (before[first] as number);
    }
  });
}

/** irate and idelta: the step between the window's last two samples. */
export function createInstantDelta(perSecond: boolean): RangeKernel {
  return stepwise(2, ({ times, values, windows: { lo, hi } }, out) => {
    for (let k = 0; k < lo.length; k++) {
      const last = (hi[k] as number) - 1;
      if (last <= (lo[k] as number)) continue;
      const value = values[last] as number;
      const previous = values[last - 1] as number;
      const change = perSecond && value < previous ? value : value - previous;
      out.values[k] = perSecond
        ? change / (((times[last] as number) - (times[last - 1] as number)) / 1000)
        : change;
    }
  });
}
