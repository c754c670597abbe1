import { compareLabels, type Labels, labelValue } from "../../src/model/labels.ts";
import { createMatcher } from "../../src/model/matches.ts";
import type { Selectable, SelectRequest, SeriesLabels } from "../../src/store/samples.ts";
import type { QueryContext } from "../../src/store/store.ts";

/** One series held in memory. Stale markers are given by index. */
export interface HeldSeries {
  readonly labels: Labels;
  readonly timesMs: Float64Array;
  readonly values: Float64Array;
  readonly stale?: readonly number[];
}

export interface SampleStore extends Selectable {
  /** Every select request so far. */
  readonly requests: readonly SelectRequest[];
  /** Sources opened and not yet closed. */
  open(): number;
}

/** Answers selects from memory. With `later`, every series comes as a promise. Columns are lent: junk after the next call. */
export function createSampleStore(
  series: readonly HeldSeries[],
  options: { readonly later?: boolean } = {},
): SampleStore {
  const sorted = [...series].sort((a, b) => compareLabels(a.labels, b.labels));
  const requests: SelectRequest[] = [];
  let open = 0;
  return {
    requests,
    open: () => open,
    select(_ctx, request) {
      requests.push(request);
      open++;
      let closed = false;
      const matchers = request.matchers.map(createMatcher);
      const found = sorted.filter(({ labels }) =>
        matchers.every((matcher) => matcher.matches(labelValue(labels, matcher.name) ?? "")),
      );
      let next = 0;
      let lent: ReturnType<typeof lend> | undefined;
      const pull = () => {
        lent?.takeBack();
        const one = found[next++];
        lent = one && lend(one, request);
        return lent?.column;
      };
      return {
        next: () => (options.later ? Promise.resolve().then(pull) : pull()),
        async close() {
          if (!closed) open--;
          closed = true;
        },
      };
    },
  };
}

function lend(series: HeldSeries, request: SelectRequest) {
  const { minMs, maxMs } = request.range;
  let from = 0;
  while (from < series.timesMs.length && (series.timesMs[from] as number) < minMs) from++;
  let to = from;
  while (to < series.timesMs.length && (series.timesMs[to] as number) <= maxMs) to++;
  const timesMs = series.timesMs.slice(from, to);
  const values = series.values.slice(from, to);
  const words = new Uint32Array(values.buffer);
  let hasStale = false;
  for (const index of series.stale ?? []) {
    if (index < from || index >= to) continue;
    words[2 * (index - from)] = 2;
    words[2 * (index - from) + 1] = 0x7ff00000;
    hasStale = true;
  }
  let mine = true;
  const checked = (): Labels => {
    if (!mine) throw new Error("labels are read after they were given back");
    return series.labels;
  };
  const labels: SeriesLabels = {
    get: (name) => labelValue(checked(), name) ?? "",
    all: checked,
  };
  return {
    column: {
      labels,
      length: timesMs.length,
      timesMs,
      values,
      words,
      hasStale,
      histograms: undefined,
      startTimesMs: undefined,
    },
    takeBack() {
      mine = false;
      timesMs.fill(-7);
      values.fill(-7e77);
    },
  };
}

/** A context that never ends and counts no memory. */
export function testContext(signal: AbortSignal = new AbortController().signal): QueryContext {
  return {
    signal,
    deadlineMs: undefined,
    warn: () => undefined,
    metadata: {},
    memory: { take: () => undefined, give: () => undefined },
  };
}
