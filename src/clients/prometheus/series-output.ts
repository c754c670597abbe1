import { GatewayError } from "../../lib/errors.ts";
import { formatLabels } from "../../model/labels.ts";
import type { MemoryAccount } from "../../store/store.ts";
import { BatchBuilder } from "../../wire/batch-builder.ts";
import { compareWireLabels } from "../../wire/compare-wire-labels.ts";
import type { SeriesBatch } from "../../wire/series-batch.ts";
import { decodeLabels } from "../../wire/wire-labels.ts";
import { createExternalLabelOrder } from "./external-label-order.ts";
import type { RemoteSeries } from "./remote-series.ts";

/** Collects series in label order into batches and checks that they are. */
export class SeriesOutput {
  readonly #builder = new BatchBuilder();
  readonly #limit: number;
  #last: RemoteSeries | undefined;
  #distinct = 0;

  /** `limit` is the most series that are let through, 0 for all. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether the limit is reached: what is added now is not kept. */
  done = false;

  get sizeBytes(): number {
    return this.#builder.sizeBytes;
  }

  /** Throws GatewayError `internal` where the series sorts before the one added last. */
  readonly add = (series: RemoteSeries): void => {
    if (this.done) return;
    const last = this.#last;
    const order =
      last === undefined
        ? 1
        : compareWireLabels(series.buffer, series.start, series.end, last.buffer, last.start, last.end);
    if (order < 0 && last !== undefined) throw outOfOrder(series, last);
    if (order > 0 && this.#limit > 0 && this.#distinct === this.#limit) {
      this.done = true;
      return;
    }
    if (order > 0) this.#distinct++;
    // A long series comes in several pieces; within a batch they are one row.
    if (order > 0 || this.#builder.count === 0)
      this.#builder.appendRow(series.buffer, series.start, series.end);
    for (const chunk of series.chunks) this.#builder.appendChunk(chunk);
    this.#last = series;
  };

  /** What was collected since the last call; `undefined` for nothing. */
  take(): SeriesBatch | undefined {
    return this.#builder.empty ? undefined : this.#builder.take();
  }
}

function outOfOrder(series: RemoteSeries, last: RemoteSeries): GatewayError {
  const text = ({ buffer, start, end }: RemoteSeries) => formatLabels(decodeLabels(buffer, start, end));
  return new GatewayError(
    "internal",
    `Cannot answer series of Prometheus: ${text(series)} came after ${text(last)}, wants label order`,
  );
}

/** Brings series as Prometheus sorted them into the order of their new labels. */
export interface SeriesSorter {
  push(series: RemoteSeries): void;
  /** Series that are now in order go to the output; call until it says false. Some may come before the end. */
  end(): Iterable<void>;
  /** Gives back the memory of what is held. */
  close(): void;
}

/** Holds next to nothing; right where no series carries a label of a name that is put in or left out. */
export function createStreamingSorter(
  output: SeriesOutput,
  options: { readonly greatestName: Uint8Array | undefined; readonly memory: MemoryAccount },
): SeriesSorter {
  const order = createExternalLabelOrder<RemoteSeries>({ ...options, emit: output.add });
  return {
    push: order.push,
    *end() {
      order.end();
      yield;
    },
    close: order.close,
  };
}

/** Holds everything, counted, and sorts it at the end. */
export function createBufferingSorter(output: SeriesOutput, memory: MemoryAccount): SeriesSorter {
  const held: RemoteSeries[] = [];
  return {
    push(series) {
      memory.take(series.sizeBytes);
      held.push(series);
    },
    *end() {
      held.sort((a, b) => compareWireLabels(a.buffer, a.start, a.end, b.buffer, b.start, b.end));
      for (const series of held) {
        output.add(series);
        yield;
      }
    },
    close() {
      for (const series of held) memory.give(series.sizeBytes);
      held.length = 0;
    },
  };
}
