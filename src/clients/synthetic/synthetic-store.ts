import { compareBytewise } from "../../lib/bytes.ts";
import { compareLabels, type Labels, labelValue, sortLabels } from "../../model/labels.ts";
import type { Matcher } from "../../model/matcher.ts";
import { allMatch, createMatcher } from "../../model/matches.ts";
import { intersect, type TimeRange } from "../../model/time-range.ts";
import { yieldToLoop } from "../../runtime/clock.ts";
import type { LabelRequest, QueryContext, SeriesRequest, Store, StoreInfo } from "../../store/store.ts";
import { BatchBuilder } from "../../wire/batch-builder.ts";
import { encodeXor, samplesPerChunk } from "../../wire/encode-xor.ts";
import { SampleBuffer } from "../../wire/sample-buffer.ts";
import type { SeriesBatch } from "../../wire/series-batch.ts";
import type { SyntheticSeries } from "./series.ts";
import { fraction } from "./signal.ts";

export interface SyntheticStoreOptions {
  readonly name: string;
  readonly component: "sidecar" | "store";
  readonly externalLabels: Labels;
  readonly series: readonly SyntheticSeries[];
  readonly intervalMs: number;
  /** How much later than its twin it scrapes. */
  readonly shiftMs: number;
  /** What it has; the end may be +∞ for a store that goes on scraping. */
  readonly range: TimeRange;
  /** Times at which it did not scrape at all. */
  readonly isMissing: (timeMs: number) => boolean;
  readonly nowMs: () => number;
}

/** Samples made before other work gets a turn. */
const samplesPerBatch = 12_000;
/** Scrapes start up to this much late. */
const jitterMs = 4;

interface Row {
  readonly labels: Labels;
  readonly series: SyntheticSeries;
}

/**
 * A store that holds nothing: samples are functions of series and time, chunks are encoded when they are asked for.
 * A target that cannot be scraped leaves `up` at 0 and a staleness marker in its other series, as in Prometheus.
 */
export function createSyntheticStore(options: SyntheticStoreOptions): Store {
  const rows = options.series.map((series) => ({
    labels: sortLabels([...series.labels, ...options.externalLabels]),
    series,
  }));
  const info: StoreInfo = {
    labelSets: [options.externalLabels],
    timeRange: options.range,
    component: options.component,
    supportsSharding: false,
    supportsWithoutReplicaLabels: true,
  };
  const select = (request: Pick<SeriesRequest, "range" | "matchers" | "withoutReplicaLabels">): Row[] => {
    if (heldRange(options, request.range) === undefined) return [];
    return withoutLabels(matching(rows, request.matchers), request.withoutReplicaLabels);
  };
  return {
    name: options.name,
    info: () => info,
    series: (ctx, request) => streamRows(ctx, request, options, select(request)),
    async labelNames(_ctx, request: LabelRequest) {
      const names = select(request).flatMap((row) => row.labels.map((label) => label.name));
      return limited(names, request.limit);
    },
    async labelValues(_ctx, request) {
      const values = select(request).flatMap((row) =>
        row.labels.filter((label) => label.name === request.label).map((label) => label.value),
      );
      return limited(values, request.limit);
    },
  };
}

async function* streamRows(
  ctx: QueryContext,
  request: SeriesRequest,
  options: SyntheticStoreOptions,
  rows: readonly Row[],
): AsyncGenerator<SeriesBatch> {
  const range = heldRange(options, request.range);
  if (range === undefined) return;
  const builder = new BatchBuilder();
  const samples = new SampleBuffer();
  let made = 0;
  let sent = 0;
  for (const row of rows) {
    if (request.limit > 0 && sent === request.limit) break;
    if (request.skipChunks) builder.appendLabels(row.labels);
    else made += appendSeries(builder, samples, { row, options, range });
    sent++;
    if (made < samplesPerBatch && builder.count < 256) continue;
    yield builder.take();
    made = 0;
    await yieldToLoop();
    ctx.signal.throwIfAborted();
  }
  if (!builder.empty) yield builder.take();
}

interface SeriesJob {
  readonly row: Row;
  readonly options: SyntheticStoreOptions;
  /** What is held of what was asked for. */
  readonly range: TimeRange;
}

/** Adds a row with every chunk that touches the range, none if there is no sample; returns how many samples it took. */
function appendSeries(builder: BatchBuilder, samples: SampleBuffer, job: SeriesJob): number {
  const { intervalMs } = job.options;
  const first = Math.floor((job.range.minMs - 2 * intervalMs) / intervalMs / samplesPerChunk);
  const last = Math.floor(job.range.maxMs / intervalMs / samplesPerChunk);
  let open = false;
  let made = 0;
  for (let chunk = first; chunk <= last; chunk++) {
    samples.clear();
    scrape(samples, chunk * samplesPerChunk, job);
    const minMs = samples.times[0] as number;
    const maxMs = samples.times[samples.length - 1] as number;
    if (samples.length === 0 || maxMs < job.range.minMs || minMs > job.range.maxMs) continue;
    if (!open) builder.appendLabels(job.row.labels);
    open = true;
    made += samples.length;
    const data = encodeXor(samples.times, samples.words, 0, samples.length);
    builder.appendChunk({ minMs, maxMs, encoding: 0, data });
  }
  return made;
}

/** Makes the samples of one chunk's worth of scrapes that the store holds by now. */
function scrape(samples: SampleBuffer, firstScrape: number, job: SeriesJob): void {
  const { row, options } = job;
  const { target, always, valueAt } = row.series;
  const minMs = options.range.minMs;
  const maxMs = Math.min(options.range.maxMs, options.nowMs());
  const phaseMs =
    (Math.floor(fraction(target.seed, 1) * options.intervalMs) + options.shiftMs) % options.intervalMs;
  samples.ensure(samplesPerChunk);
  for (let n = firstScrape; n < firstScrape + samplesPerChunk; n++) {
    const timeMs = n * options.intervalMs + phaseMs + Math.floor(fraction(target.seed + 2, n) * jitterMs);
    if (timeMs < minMs || timeMs > maxMs || options.isMissing(timeMs)) continue;
    const down = !always && target.isDown(timeMs);
    if (down && target.isDown(timeMs - options.intervalMs)) continue;
    const at = samples.length;
    samples.push(timeMs, 2, 0x7ff00000);
    if (!down) samples.values[at] = valueAt(timeMs);
  }
}

/** The part of a range that the store holds now. */
function heldRange(options: SyntheticStoreOptions, range: TimeRange): TimeRange | undefined {
  const held = intersect(options.range, { minMs: Number.NEGATIVE_INFINITY, maxMs: options.nowMs() });
  return held && intersect(held, range);
}

function matching(rows: readonly Row[], matchers: readonly Matcher[]): Row[] {
  const compiled = matchers.map(createMatcher);
  return rows.filter((row) => allMatch(compiled, (name) => labelValue(row.labels, name) ?? ""));
}

function withoutLabels(rows: readonly Row[], names: readonly string[]): Row[] {
  return rows
    .map(({ labels, series }) => ({ labels: labels.filter((label) => !names.includes(label.name)), series }))
    .sort((a, b) => compareLabels(a.labels, b.labels));
}

function limited(words: readonly string[], limit: number): string[] {
  const sorted = [...new Set(words)].sort(compareBytewise);
  return limit > 0 ? sorted.slice(0, limit) : sorted;
}
