import { createProxyStore } from "../../src/federation/proxy-store.ts";
import { createSelectable } from "../../src/federation/select.ts";
import { type Labels, labelValue } from "../../src/model/labels.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import type { Selectable } from "../../src/store/samples.ts";
import type { Store } from "../../src/store/store.ts";
import { noMetrics } from "../../src/telemetry/metrics.ts";
import type { EncodedChunk } from "../../src/wire/batch-builder.ts";
import { encodeSamples, isWhole } from "../../src/wire/encode-samples.ts";
import { SampleBuffer } from "../../src/wire/sample-buffer.ts";
import type { MemorySample } from "../support/memory-selectable.ts";
import { createMemoryStore } from "../support/memory-store.ts";
import type { ScriptSource } from "./run-script.ts";

const replicaLabel = "replica";
/** The second replica's chunks are cut after so many samples, so that none is byte for byte one of the first's. */
const otherCut = 17;

/**
 * The series of a script as two stores have them, encoded in chunks and cut at different places; read through merge and
 * dedup. `through` wraps each store.
 */
export function createReplicatedSource(through: (store: Store) => Store = (store) => store): ScriptSource {
  return createSource((series) =>
    [storeOf("a", series, Number.POSITIVE_INFINITY), storeOf("b", series, otherCut)].map(through),
  );
}

/** The series of a script in one store for each value of their label `replica`, which dedup takes away. */
export function createReplicaSource(): ScriptSource {
  return createSource((series) => {
    const names = new Set(series.map(({ labels }) => labelValue(labels, replicaLabel) ?? ""));
    return [...names].sort().map((name) => {
      const own = series.filter(({ labels }) => labelValue(labels, replicaLabel) === name);
      return storeOf(name, own, Number.POSITIVE_INFINITY);
    });
  });
}

interface HeldSeries {
  readonly labels: Labels;
  readonly samples: readonly MemorySample[];
}

function createSource(storesOf: (series: readonly HeldSeries[]) => readonly Store[]): ScriptSource {
  const byKey = new Map<string, HeldSeries>();
  let federation: Selectable | undefined;
  return {
    replicaLabels: [replicaLabel],
    add(labels, samples) {
      federation = undefined;
      const key = JSON.stringify(labels);
      byKey.set(key, { labels, samples: ordered([...(byKey.get(key)?.samples ?? []), ...samples]) });
    },
    clear() {
      federation = undefined;
      byKey.clear();
    },
    select(ctx, request) {
      federation ??= federationOf(storesOf([...byKey.values()]));
      return federation.select(ctx, request);
    },
  };
}

function ordered(samples: readonly MemorySample[]): readonly MemorySample[] {
  const byTime = new Map(samples.map((sample) => [sample.timeMs, sample]));
  return [...byTime.values()].sort((a, b) => a.timeMs - b.timeMs);
}

function federationOf(stores: readonly Store[]): Selectable {
  const proxy = createProxyStore({
    endpoints: () => stores.map((store) => ({ address: store.name, store, tsdbInfos: [] })),
    metrics: noMetrics,
    clock: systemClock,
  });
  return createSelectable(proxy, {
    clock: systemClock,
    dedup: true,
    replicaLabels: [replicaLabel],
    algorithm: "penalty",
    partialResponse: "abort",
  });
}

function storeOf(replica: string, series: readonly HeldSeries[], perChunk: number): Store {
  return createMemoryStore({
    name: replica,
    externalLabels: [{ name: replicaLabel, value: replica }],
    series: series.map(({ labels, samples }) => ({ labels, chunks: chunksOf(samples, perChunk) })),
  });
}

function chunksOf(samples: readonly MemorySample[], perChunk: number): EncodedChunk[] {
  const chunks: EncodedChunk[] = [];
  for (let from = 0; from < samples.length; from += perChunk) {
    const buffer = bufferOf(samples.slice(from, from + perChunk));
    chunks.push(...encodeSamples(buffer, (row) => isWhole(buffer, row)));
  }
  return chunks;
}

function bufferOf(samples: readonly MemorySample[]): SampleBuffer {
  const buffer = new SampleBuffer(samples.length);
  for (const { timeMs, value, histogram } of samples) {
    if (value === "stale") {
      buffer.pushStale(timeMs);
      continue;
    }
    const row = buffer.length;
    buffer.ensure(1);
    buffer.times[row] = timeMs;
    buffer.values[row] = value;
    buffer.length++;
    if (histogram !== undefined) buffer.withHistograms().set(row, histogram);
  }
  return buffer;
}
