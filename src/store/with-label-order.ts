import { GatewayError } from "../lib/errors.ts";
import { freshBytes } from "../wire/byte-slab.ts";
import { compareWireLabels } from "../wire/compare-wire-labels.ts";
import { copyBytes } from "../wire/copy-bytes.ts";
import type { SeriesBatch } from "../wire/series-batch.ts";
import { firstRows } from "../wire/warning-batch.ts";
import { passBatches } from "./pass-batches.ts";
import type { Store } from "./store.ts";

/**
 * Fails where series of this store are not in label order, after the rows before that place; equal labels in a row are
 * in order. A merge that reads on would take one series for two.
 */
export function withLabelOrder(inner: Store): Store {
  return {
    ...inner,
    series(ctx, request) {
      let last: Uint8Array | undefined;
      let disorder: GatewayError | undefined;
      return passBatches(() => inner.series(ctx, request), {
        before() {
          if (disorder !== undefined) throw disorder;
        },
        batch(batch) {
          const sorted = sortedRows(batch, last);
          if (sorted === batch.count) {
            if (batch.count > 0) last = labelsOfRow(batch, batch.count - 1);
            return batch;
          }
          disorder = new GatewayError(
            "internal",
            `Cannot merge series of ${inner.name}: they are out of order, wants label order`,
          );
          if (sorted === 0 && batch.warnings.length === 0) throw disorder;
          return firstRows(batch, sorted);
        },
      });
    },
  };
}

/** Rows from the first on that are in order after `last`. */
function sortedRows(batch: SeriesBatch, last: Uint8Array | undefined): number {
  const { buffers, labelBuffer, labelStart, labelEnd, count } = batch;
  if (count === 0) return 0;
  let bytes = buffers[labelBuffer[0] as number] as Uint8Array;
  let start = labelStart[0] as number;
  let end = labelEnd[0] as number;
  if (last !== undefined && compareWireLabels(last, 0, last.length, bytes, start, end) > 0) return 0;
  for (let row = 1; row < count; row++) {
    const nextBytes = buffers[labelBuffer[row] as number] as Uint8Array;
    const nextStart = labelStart[row] as number;
    const nextEnd = labelEnd[row] as number;
    if (compareWireLabels(bytes, start, end, nextBytes, nextStart, nextEnd) > 0) return row;
    bytes = nextBytes;
    start = nextStart;
    end = nextEnd;
  }
  return count;
}

function labelsOfRow(batch: SeriesBatch, row: number): Uint8Array {
  const bytes = batch.buffers[batch.labelBuffer[row] as number] as Uint8Array;
  const start = batch.labelStart[row] as number;
  const end = batch.labelEnd[row] as number;
  const labels = freshBytes(end - start);
  copyBytes(labels, 0, bytes, start, end);
  return labels;
}
