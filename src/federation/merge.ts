import { createLoserTree } from "../lib/loser-tree.ts";
import { BatchBuilder } from "../wire/batch-builder.ts";
import { compareWireLabels } from "../wire/compare-wire-labels.ts";
import type { SeriesBatch } from "../wire/series-batch.ts";
import { BatchCursor } from "./batch-cursor.ts";
import { SeriesGroup } from "./series-group.ts";

export interface MergeOptions {
  /** Makes all sources let go. Called before they are closed, as closing waits for a source that is silent. */
  abort(): void;
  /** Lets the event loop have a turn where this merge has run for long; `undefined` where it has not. */
  pause?(): Promise<void> | undefined;
  /** Told of every batch that a source answers, before its rows are merged. What it throws ends the merge. */
  saw?(source: number, batch: SeriesBatch): void;
  /** Rows of a merged batch at most. */
  readonly rowsPerBatch?: number;
}

const defaultRowsPerBatch = 128;

type Seer = (batch: SeriesBatch) => void;

/**
 * Merges streams of batches, each in label order, into one; rows of equal labels become one row (see ChunkMerge).
 *
 *   a: ab d          groups: [ab/a ab/b] [c/b] [d/a d/b]
 *   b: ab c d
 *
 * Inside a group rows keep the order of `sources`, then that of their stream; a stream that repeats labels goes on with
 * the same series. Runs without awaiting until a source's batch is used up: what is merged is handed over then, before
 * the next batch of that source is asked for, as rows go by reference. So each source has one batch in hand here and
 * one under way in its connection; both are counted by whoever read them. Warnings go out as soon as they come in.
 */
export async function* mergeBatches(
  sources: readonly AsyncIterable<SeriesBatch>[],
  options: MergeOptions,
): AsyncGenerator<SeriesBatch, void, undefined> {
  const cursors = sources.map((batches) => new BatchCursor(batches));
  const builder = new BatchBuilder();
  const group = new SeriesGroup();
  const rowsPerBatch = options.rowsPerBatch ?? defaultRowsPerBatch;
  const seers = sources.map((_, source) => (batch: SeriesBatch) => {
    for (const warning of batch.warnings) builder.addWarning(warning);
    options.saw?.(source, batch);
  });
  try {
    yield* fillAll(cursors, builder, seers);
    const tree = createLoserTree(cursors.length, (a, b) =>
      compareCursors(cursors[a] as BatchCursor, cursors[b] as BatchCursor),
    );
    for (;;) {
      const source = tree.winner();
      const cursor = cursors[source];
      if (cursor?.batch === undefined) break;
      if (!group.accepts(cursor.bytes, cursor.start, cursor.end)) {
        group.writeTo(builder);
        if (builder.count >= rowsPerBatch || builder.full) {
          const merged = builder.take();
          yield merged;
          builder.recycle(merged);
          await options.pause?.();
        }
      }
      group.add(cursor.batch, cursor.row);
      if (!cursor.advance()) {
        group.keep(cursor.batch);
        if (!builder.empty) {
          const merged = builder.take();
          yield merged;
          builder.recycle(merged);
        }
        await cursor.refill(seers[source] as Seer);
        await options.pause?.();
      }
      tree.replay();
    }
    group.writeTo(builder);
    if (!builder.empty) {
      const merged = builder.take();
      yield merged;
      builder.recycle(merged);
    }
  } finally {
    options.abort();
    await Promise.allSettled(cursors.map((cursor) => cursor.close()));
    builder.release();
  }
}

/** Gets the first batch of every source; warnings go out while others are awaited. */
async function* fillAll(
  cursors: readonly BatchCursor[],
  builder: BatchBuilder,
  seers: readonly Seer[],
): AsyncGenerator<SeriesBatch, void, undefined> {
  let wake: () => void = () => undefined;
  let pending = cursors.length;
  let failure: { readonly reason: unknown } | undefined;
  const filled = () => {
    pending--;
    wake();
  };
  const failed = (reason: unknown) => {
    failure ??= { reason };
    filled();
  };
  for (const [source, cursor] of cursors.entries()) {
    cursor.refill(seers[source] as Seer).then(filled, failed);
  }
  while (pending > 0 && failure === undefined) {
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
    if (failure === undefined && !builder.empty) yield builder.take();
  }
  if (failure !== undefined) throw failure.reason;
}

/** Label order, sources at their end last. */
function compareCursors(a: BatchCursor, b: BatchCursor): number {
  if (a.ended || b.ended) return a.ended ? (b.ended ? 0 : 1) : -1;
  return compareWireLabels(a.bytes, a.start, a.end, b.bytes, b.start, b.end);
}
