import type { Labels } from "../../src/model/labels.ts";
import type { SampleColumn, SampleSource } from "../../src/store/samples.ts";
import { isStale } from "../../src/wire/sample-buffer.ts";
import type { MemorySample } from "./memory-store.ts";

/** A series as PromQL would read it, safe to keep. */
export interface ReadColumn {
  readonly labels: Labels;
  readonly samples: readonly MemorySample[];
}

/** Reads a source to its end and closes it. */
export async function readColumns(source: SampleSource): Promise<readonly ReadColumn[]> {
  const columns: ReadColumn[] = [];
  try {
    for (;;) {
      const column = await source.next();
      if (column === undefined) return columns;
      columns.push({ labels: column.labels.all(), samples: samplesOf(column) });
    }
  } finally {
    await source.close();
  }
}

function samplesOf({ length, timesMs, values, words }: SampleColumn): MemorySample[] {
  return Array.from({ length }, (_, i): MemorySample => {
    const stale = isStale(words[2 * i] ?? 0, words[2 * i + 1] ?? 0);
    return [timesMs[i] ?? 0, stale ? "stale" : (values[i] ?? 0)];
  });
}
