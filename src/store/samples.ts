import type { HistogramColumn } from "../model/histogram/histogram-column.ts";
import type { Labels } from "../model/labels.ts";
import type { Matcher } from "../model/matcher.ts";
import type { TimeRange } from "../model/time-range.ts";
import type { QueryContext } from "./store.ts";

/** Labels of one series, decoded on demand. Lent with the column they came with: copy out what is to be kept. */
export interface SeriesLabels {
  /** Value of one label, "" where the series lacks it. */
  get(name: string): string;
  /** The whole set, decoded once; safe to keep. */
  all(): Labels;
}

/**
 * Raw samples of one series after replica dedup, in time order without equal times. Lent until the next call.
 * Entries at `length` and past it are junk.
 */
export interface SampleColumn {
  readonly labels: SeriesLabels;
  readonly length: number;
  /** Unix milliseconds. */
  readonly timesMs: Float64Array;
  readonly values: Float64Array;
  /** The same memory as `values`, low word first: a sample i is stale where words[2i] is 2 and words[2i + 1] is 0x7ff00000. */
  readonly words: Uint32Array;
  /** Whether any sample is a staleness marker. Read it before touching values: markers do not survive arithmetic. */
  readonly hasStale: boolean;
  /**
   * Native histograms, row i for sample i; `undefined` where there are none. `values` of a row with a histogram are junk
   * that is no staleness marker: a stale histogram comes as a stale float.
   */
  readonly histograms: HistogramColumn | undefined;
  /** When the counter behind a sample began, Unix ms, 0 for unknown; `undefined` where all are. */
  readonly startTimesMs: Float64Array | undefined;
}

/** Pulls series in label order. `next` may answer without a promise: awaiting what is there costs more than the work. */
export interface SampleSource {
  next(): SampleColumn | undefined | Promise<SampleColumn | undefined>;
  /** Frees the streams behind; safe to call twice and in the middle. */
  close(): Promise<void>;
}

/** What a selector of a query asks for. */
export interface SelectRequest {
  readonly matchers: readonly Matcher[];
  /** Times that the query can read, inclusive. */
  readonly range: TimeRange;
  /** Name of the function or aggregation right around the selector ("" for none): chooses aggregates and counter adjustment. */
  readonly func: string;
  /** Range of a range selector, 0 for an instant one. */
  readonly rangeMs: number;
  readonly stepMs: number;
  /** A hint: labels that the query looks at; a source may still answer all. */
  readonly projection?: Projection | undefined;
}

/** Some labels: those named, or all others. */
export interface Projection {
  readonly labels: readonly string[];
  readonly include: boolean;
}

/** Where PromQL gets its series: a store, its dedup and its failure policy behind one call. */
export interface Selectable {
  /**
   * Labels that dedup takes away, [] where replicas are not merged. What a deduplicated select answers depends on where
   * it starts; where this is not told, plans are not changed in ways that build on it.
   */
  readonly replicaLabels?: readonly string[];
  select(ctx: QueryContext, request: SelectRequest): SampleSource;
}
