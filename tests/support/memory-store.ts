import { compareBytewise } from "../../src/lib/bytes.ts";
import { GatewayError } from "../../src/lib/errors.ts";
import { compareLabels, type Labels, labelValue, sortLabels } from "../../src/model/labels.ts";
import { allMatch, createMatcher } from "../../src/model/matches.ts";
import { allTime, type TimeRange } from "../../src/model/time-range.ts";
import type { LabelRequest, QueryContext, SeriesRequest, Store, StoreInfo } from "../../src/store/store.ts";
import { BatchBuilder, type EncodedChunk } from "../../src/wire/batch-builder.ts";
import { encodeXor, samplesPerChunk } from "../../src/wire/encode-xor.ts";
import { SampleBuffer } from "../../src/wire/sample-buffer.ts";
import type { SeriesBatch } from "../../src/wire/series-batch.ts";

/** Time in Unix milliseconds and value; `"stale"` is the staleness marker. */
export type MemorySample = readonly [number, number | "stale"];

/** A series by its samples, or by chunks where a test cares how they are cut. */
export interface MemorySeries {
  readonly labels: Labels;
  readonly samples?: readonly MemorySample[];
  readonly chunks?: readonly EncodedChunk[];
}

export interface MemoryStoreOptions {
  readonly name?: string;
  readonly series: readonly MemorySeries[];
  /** Put on every series, over its own labels, and advertised. */
  readonly externalLabels?: Labels;
  readonly info?: Partial<StoreInfo>;
  /** Rows of a batch. */
  readonly batchRows?: number;
  /** Come with the first batch. */
  readonly warnings?: readonly string[];
}

/** A store over series in memory, for tests and demos: samples become XOR chunks of 120 as Prometheus cuts them. */
export function createMemoryStore(options: MemoryStoreOptions): Store {
  const external = options.externalLabels ?? [];
  const all = options.series.map((series): StoredSeries => {
    const own = series.labels.filter(({ name }) => labelValue(external, name) === undefined);
    return {
      labels: sortLabels([...own, ...external]),
      chunks: series.chunks ?? encodeChunks(series.samples ?? []),
    };
  });
  const info: StoreInfo = {
    labelSets: external.length > 0 ? [external] : [],
    timeRange: allTime,
    component: "sidecar",
    supportsSharding: false,
    supportsWithoutReplicaLabels: true,
    ...options.info,
  };

  const select = (request: LabelRequest | SeriesRequest): StoredSeries[] => {
    const matchers = request.matchers.map(createMatcher);
    const drop = new Set(info.supportsWithoutReplicaLabels ? request.withoutReplicaLabels : []);
    return all
      .filter(({ labels }) => allMatch(matchers, (name) => labelValue(labels, name) ?? ""))
      .map(({ labels, chunks }) => ({
        labels: labels.filter(({ name }) => !drop.has(name)),
        chunks: chunks.filter((chunk) => overlaps(chunk, request.range)),
      }))
      .filter(({ chunks }) => chunks.length > 0)
      .sort((a, b) => compareLabels(a.labels, b.labels));
  };

  return {
    name: options.name ?? "memory",
    info: () => info,
    async *series(ctx, request) {
      if (request.matchers.length === 0)
        throw new GatewayError("bad_data", "no matchers specified (excluding external labels)");
      let rows = select(request);
      if (request.limit > 0) rows = rows.slice(0, request.limit);
      yield* batchesOf(ctx, rows, { ...options, skipChunks: request.skipChunks });
    },
    async labelNames(_ctx, request) {
      const names = new Set(select(request).flatMap(({ labels }) => labels.map(({ name }) => name)));
      return limited([...names], request.limit);
    },
    async labelValues(_ctx, request) {
      if (request.label === "") throw new GatewayError("bad_data", "label name parameter cannot be empty");
      const values = new Set<string>();
      for (const { labels } of select(request)) {
        const value = labelValue(labels, request.label);
        if (value !== undefined) values.add(value);
      }
      return limited([...values], request.limit);
    },
  };
}

/** Samples as XOR chunks of at most 120, or `perChunk`. */
export function encodeChunks(samples: readonly MemorySample[], perChunk = samplesPerChunk): EncodedChunk[] {
  const buffer = new SampleBuffer(samples.length);
  for (const [timeMs, value] of samples) {
    if (value === "stale") {
      buffer.push(timeMs, 2, 0x7ff00000);
      continue;
    }
    buffer.ensure(1);
    buffer.times[buffer.length] = timeMs;
    buffer.values[buffer.length++] = value;
  }
  const chunks: EncodedChunk[] = [];
  for (let from = 0; from < buffer.length; from += perChunk) {
    const to = Math.min(from + perChunk, buffer.length);
    chunks.push({
      minMs: buffer.times[from] ?? 0,
      maxMs: buffer.times[to - 1] ?? 0,
      encoding: 0,
      data: encodeXor(buffer.times, buffer.words, from, to),
    });
  }
  return chunks;
}

/** A context for tests: never aborted, without deadline and limit; warnings are collected. */
export function createTestContext(
  parts: Partial<QueryContext> = {},
): QueryContext & { readonly warnings: string[]; heldBytes(): number } {
  const warnings: string[] = [];
  let held = 0;
  return {
    signal: new AbortController().signal,
    deadlineMs: undefined,
    warn(message) {
      if (!warnings.includes(message)) warnings.push(message);
    },
    metadata: {},
    memory: {
      take(sizeBytes) {
        held += sizeBytes;
      },
      give(sizeBytes) {
        held -= sizeBytes;
      },
    },
    ...parts,
    warnings,
    heldBytes: () => held,
  };
}

/** A request for everything, to be changed where a test cares. */
export function seriesRequest(parts: Partial<SeriesRequest> = {}): SeriesRequest {
  return {
    range: allTime,
    matchers: [{ type: "=~", name: "__name__", value: ".*" }],
    withoutReplicaLabels: [],
    partialResponse: "warn",
    skipChunks: false,
    limit: 0,
    maxResolutionMs: 0,
    aggregates: ["RAW"],
    shard: undefined,
    storeMatchers: [],
    ...parts,
  };
}

export function labelRequest(parts: Partial<LabelRequest> = {}): LabelRequest {
  return {
    range: allTime,
    matchers: [],
    withoutReplicaLabels: [],
    partialResponse: "warn",
    limit: 0,
    storeMatchers: [],
    ...parts,
  };
}

interface StoredSeries {
  readonly labels: Labels;
  readonly chunks: readonly EncodedChunk[];
}

function overlaps(chunk: EncodedChunk, range: TimeRange): boolean {
  return chunk.minMs <= range.maxMs && chunk.maxMs >= range.minMs;
}

function limited(values: string[], limit: number): string[] {
  const sorted = values.sort(compareBytewise);
  return limit > 0 ? sorted.slice(0, limit) : sorted;
}

async function* batchesOf(
  ctx: QueryContext,
  rows: readonly StoredSeries[],
  options: {
    readonly batchRows?: number;
    readonly warnings?: readonly string[];
    readonly skipChunks: boolean;
  },
): AsyncGenerator<SeriesBatch> {
  const builder = new BatchBuilder();
  for (const warning of options.warnings ?? []) builder.addWarning(warning);
  for (const { labels, chunks } of rows) {
    builder.appendLabels(labels);
    if (!options.skipChunks) for (const chunk of chunks) builder.appendChunk(chunk);
    if (builder.count < (options.batchRows ?? 64)) continue;
    ctx.signal.throwIfAborted();
    yield builder.take();
  }
  ctx.signal.throwIfAborted();
  if (!builder.empty) yield builder.take();
}
