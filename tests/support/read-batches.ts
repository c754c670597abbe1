import { formatLabels, type Labels } from "../../src/model/labels.ts";
import { isStale, SampleBuffer } from "../../src/wire/sample-buffer.ts";
import type { SeriesBatch } from "../../src/wire/series-batch.ts";
import { decodeLabels } from "../../src/wire/wire-labels.ts";
import { decodeXor } from "../../src/wire/xor.ts";
import type { MemorySample } from "./memory-store.ts";

/** A row of a batch, decoded and safe to keep. */
export interface ReadSeries {
  readonly labels: Labels;
  readonly chunks: readonly {
    readonly minMs: number;
    readonly maxMs: number;
    readonly samples: readonly MemorySample[];
  }[];
}

/** All rows of a stream and the warnings that came along. */
export async function readBatches(
  batches: AsyncIterable<SeriesBatch>,
): Promise<{ readonly series: readonly ReadSeries[]; readonly warnings: readonly string[] }> {
  const series: ReadSeries[] = [];
  const warnings: string[] = [];
  for await (const batch of batches) {
    warnings.push(...batch.warnings);
    for (let row = 0; row < batch.count; row++) series.push(readRow(batch, row));
  }
  return { series, warnings };
}

/** Each series as text, `{a="1"} 0:0 2:1 | 3:2`, chunks apart by bars. */
export function seriesTexts(series: readonly ReadSeries[]): string[] {
  return series.map(({ labels, chunks }) => {
    const texts = chunks.map(({ samples }) => samples.map(([t, v]) => `${t}:${v}`).join(" "));
    return `${formatLabels(labels)} ${texts.join(" | ")}`.trimEnd();
  });
}

function readRow(batch: SeriesBatch, row: number): ReadSeries {
  const bytes = batch.buffers[batch.labelBuffer[row] ?? 0] ?? new Uint8Array(0);
  const labels = decodeLabels(bytes, batch.labelStart[row] ?? 0, batch.labelEnd[row] ?? 0);
  const chunks: ReadSeries["chunks"][number][] = [];
  for (let chunk = batch.chunkFrom[row] ?? 0; chunk < (batch.chunkFrom[row + 1] ?? 0); chunk++) {
    const samples = new SampleBuffer();
    const data = batch.buffers[batch.chunkBuffer[chunk] ?? 0] ?? new Uint8Array(0);
    if (batch.rawEncoding[chunk] === 0)
      decodeXor(data, batch.rawStart[chunk] ?? 0, batch.rawEnd[chunk] ?? 0, samples);
    chunks.push({
      minMs: batch.chunkMinMs[chunk] ?? 0,
      maxMs: batch.chunkMaxMs[chunk] ?? 0,
      samples: Array.from({ length: samples.length }, (_, i): MemorySample => {
        const stale = isStale(samples.words[2 * i] ?? 0, samples.words[2 * i + 1] ?? 0);
        return [samples.times[i] ?? 0, stale ? "stale" : (samples.values[i] ?? 0)];
      }),
    });
  }
  return { labels, chunks };
}
