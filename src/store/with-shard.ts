import { BatchBuilder } from "../wire/batch-builder.ts";
import type { SeriesBatch } from "../wire/series-batch.ts";
import { createShardMatcher } from "../wire/shard.ts";
import type { ShardInfo, Store } from "./store.ts";

/** Applies `shard` of a request to the answers of a store that does not do it itself; the store gets none. */
export function withShard(inner: Store): Store {
  return {
    ...inner,
    info: () => ({ ...inner.info(), supportsSharding: true }),
    series(ctx, request) {
      const { shard } = request;
      if (shard === undefined || shard.totalShards < 1) return inner.series(ctx, request);
      return rowsOfShard(inner.series(ctx, { ...request, shard: undefined, limit: 0 }), shard);
    },
  };
}

async function* rowsOfShard(
  batches: AsyncIterable<SeriesBatch>,
  shard: ShardInfo,
): AsyncGenerator<SeriesBatch, void, undefined> {
  const matcher = createShardMatcher(shard);
  const builder = new BatchBuilder();
  for await (const batch of batches) {
    for (const warning of batch.warnings) builder.addWarning(warning);
    for (let row = 0; row < batch.count; row++) {
      const bytes = batch.buffers[batch.labelBuffer[row] as number] as Uint8Array;
      const start = batch.labelStart[row] as number;
      if (matcher.matches(bytes, start, batch.labelEnd[row] as number)) builder.addRowOf(batch, row);
    }
    if (!builder.empty) yield builder.take();
  }
}
