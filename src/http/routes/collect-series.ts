import { proxyError } from "../../federation/proxy-error.ts";
import { compareLabels, type Labels } from "../../model/labels.ts";
import type { Matcher } from "../../model/matcher.ts";
import type { QueryContext, Store } from "../../store/store.ts";
import { decodeLabels } from "../../wire/wire-labels.ts";
import type { SeriesParameters } from "../parameters/metadata.ts";

/** Label sets of an answer, sorted, each once. They count against the memory limit until `release`. */
export interface FoundSeries {
  readonly series: readonly Labels[];
  /** Whether the limit left some out. */
  readonly cut: boolean;
  release(): void;
}

/** What a label set takes in memory beside the bytes of its strings, which are shared. */
const labelOverheadBytes = 48;

/** Asks the store for the label sets of every matcher set and merges them. */
export async function collectSeries(
  store: Store,
  ctx: QueryContext,
  parameters: SeriesParameters,
): Promise<FoundSeries> {
  let heldBytes = 0;
  const hold = (labels: Labels): void => {
    const sizeBytes = labelOverheadBytes * (labels.length + 1);
    ctx.memory.take(sizeBytes);
    heldBytes += sizeBytes;
  };
  const release = () => {
    ctx.memory.give(heldBytes);
    heldBytes = 0;
  };
  try {
    const sets = await Promise.all(
      parameters.matcherSets.map((matchers) => collectSet(store, ctx, parameters, matchers, hold)),
    );
    const series = uniqueInOrder(sets.flat());
    const { limit } = parameters;
    const cut = limit > 0 && series.length > limit;
    return { series: cut ? series.slice(0, limit) : series, cut, release };
  } catch (error) {
    release();
    throw proxyError("Series", error, ctx.signal);
  }
}

async function collectSet(
  store: Store,
  ctx: QueryContext,
  parameters: SeriesParameters,
  matchers: readonly Matcher[],
  hold: (labels: Labels) => void,
): Promise<readonly Labels[]> {
  const { range, partialResponse, storeMatchers, limit, dedup, replicaLabels } = parameters;
  const found: Labels[] = [];
  const batches = store.series(ctx, {
    range,
    matchers,
    withoutReplicaLabels: dedup ? replicaLabels : [],
    partialResponse,
    skipChunks: true,
    limit: limit > 0 ? limit + 1 : 0,
    maxResolutionMs: Number.POSITIVE_INFINITY,
    aggregates: [],
    shard: undefined,
    storeMatchers,
  });
  for await (const batch of batches) {
    for (const warning of batch.warnings) ctx.warn(warning);
    for (let row = 0; row < batch.count; row++) {
      const bytes = batch.buffers[batch.labelBuffer[row] as number] as Uint8Array;
      const labels = decodeLabels(bytes, batch.labelStart[row] as number, batch.labelEnd[row] as number);
      const last = found.at(-1);
      if (last !== undefined && compareLabels(last, labels) === 0) continue;
      hold(labels);
      found.push(labels);
      if (limit > 0 && found.length > limit) return found;
    }
  }
  return found;
}

function uniqueInOrder(series: readonly Labels[]): readonly Labels[] {
  const sorted = series.toSorted(compareLabels);
  return sorted.filter((labels, i) => i === 0 || compareLabels(sorted[i - 1] as Labels, labels) !== 0);
}
