import { compareLabels, type Label, type Labels, sortLabels } from "../../model/labels.ts";
import type { QueryContext, SeriesRequest } from "../../store/store.ts";
import { BatchBuilder } from "../../wire/batch-builder.ts";
import type { SeriesBatch } from "../../wire/series-batch.ts";
import { createShardMatcher } from "../../wire/shard.ts";
import { encodeLabels } from "../../wire/wire-labels.ts";
import type { PrometheusFacts } from "./prometheus-facts.ts";
import type { SeriesSource } from "./read-series.ts";

const batchRows = 1024;
/** What a label costs beside its texts, about. */
const labelOverheadBytes = 48;

/**
 * Series without chunks: label sets from the series API, which knows no external labels of Prometheus and keeps no
 * order. Held as a whole, counted, sorted. The request is as for `readSeries`.
 */
export async function* readLabelSets(
  { api, call, facts }: SeriesSource,
  ctx: Pick<QueryContext, "memory">,
  request: SeriesRequest,
): AsyncGenerator<SeriesBatch> {
  const sets = await api.series({ ...call, memory: ctx.memory }, request);
  const held = sizeOf(sets);
  ctx.memory.take(held);
  try {
    const answered = sets
      .map((labels) => relabel(labels, facts, request.withoutReplicaLabels))
      .sort(compareLabels);
    yield* batchesOf(answered, request);
  } finally {
    ctx.memory.give(held);
  }
}

function relabel(labels: Labels, facts: PrometheusFacts, without: readonly string[]): Labels {
  const byName = new Map(
    [...labels, ...facts.externalLabels].map((label): [string, Label] => [label.name, label]),
  );
  for (const name of without) byName.delete(name);
  return sortLabels([...byName.values()]);
}

function* batchesOf(sorted: readonly Labels[], request: SeriesRequest): Generator<SeriesBatch> {
  const shard = createShardMatcher(request.shard);
  const builder = new BatchBuilder();
  let previous: Labels | undefined;
  let count = 0;
  for (const labels of sorted) {
    if (previous !== undefined && compareLabels(previous, labels) === 0) continue;
    previous = labels;
    const region = encodeLabels(labels);
    if (!shard.matches(region, 0, region.length)) continue;
    if (request.limit > 0 && count === request.limit) break;
    count++;
    builder.appendRow(region, 0, region.length);
    if (builder.count === batchRows) yield builder.take();
  }
  if (!builder.empty) yield builder.take();
}

function sizeOf(sets: readonly Labels[]): number {
  let size = 0;
  for (const labels of sets) {
    for (const { name, value } of labels) size += name.length + value.length + labelOverheadBytes;
  }
  return size;
}
