import type { HistogramColumn } from "../model/histogram/histogram-column.ts";
import type { Selectable, SeriesLabels } from "../store/samples.ts";
import type { QueryContext } from "../store/store.ts";
import type { AnnotationTexts } from "./annotations.ts";
import type { PlanExplanation } from "./plan/explain.ts";
import type { Expr, ValueType } from "./syntax/ast.ts";

/** Steps of an evaluation: startMs, startMs + stepMs, …; `count` of them. An instant query is one step. */
export interface StepGrid {
  readonly startMs: number;
  readonly stepMs: number;
  readonly count: number;
}

/** One series of an answer. Lent until the next call. */
export interface ResultColumn {
  readonly labels: SeriesLabels;
  /** Entries of `values` that count. */
  readonly length: number;
  readonly values: Float64Array;
  /** 1 where the entry is there, 0 where the series has no sample at that step; undefined: all are there. */
  readonly present: Uint8Array | undefined;
  /** Native histograms, a row for each entry: where a row has one, `values` is junk. `undefined` where all are floats. */
  readonly histograms: HistogramColumn | undefined;
  /** Times of the entries, ms; undefined: the steps of the grid. Set for an instant query of a range selector. */
  readonly timesMs: Float64Array | undefined;
}

export interface QueryStats {
  readonly totalQueryableSamples: number;
  readonly samplesRead: number;
  readonly peakSamples: number;
}

/** What one operator of a plan did, its inputs included except for `series`. */
export interface OperatorAnalysis {
  readonly name: string;
  /** Time until its answers were there, waiting included. */
  readonly executionMs: number;
  /** Series, or for a scalar one, that it answered. */
  readonly series: number;
  readonly totalSamples: number;
  readonly peakSamples: number;
  readonly children: readonly OperatorAnalysis[];
}

/** A running query. Pull until undefined, then close; close at any time to cancel. */
export interface QueryResult {
  /** Range queries are always `matrix`. */
  readonly type: Exclude<ValueType, "none">;
  readonly grid: StepGrid;
  /** Whether series come out in label order, so that a range answer may be written as it comes. Others are to be sorted first. */
  readonly ordered: boolean;
  /** The answer of a string query. */
  readonly text: string | undefined;
  /** A scalar answer is one column without labels. */
  next(): ResultColumn | undefined | Promise<ResultColumn | undefined>;
  close(): Promise<void>;
  stats(): QueryStats;
  /** What every operator did so far; `undefined` where the query is not analyzed. */
  analysis(): OperatorAnalysis | undefined;
  /** What the answer should say about its numbers; whole once `next` has answered `undefined`. */
  annotations(): AnnotationTexts;
}

export interface EngineOptions {
  readonly lookbackDeltaMs: number;
  /** Step of subqueries that name none. */
  readonly defaultSubqueryStepMs: number;
  /** Samples that one query may hold at a time. */
  readonly maxSamples: number;
  /** `promql-experimental-functions` and the like. */
  readonly features: ReadonlySet<string>;
  /** Upstream's flag; off in servers, on in the conformance scripts. */
  readonly delayedNameRemoval: boolean;
  /** Thanos's xrate, xincrease and xdelta; off unless given. */
  readonly xFunctions?: boolean;
  /** Names of plan rewrites that are left out; no answer depends on them. */
  readonly disabledRewrites?: ReadonlySet<string>;
}

export interface InstantTime {
  readonly timeMs: number;
}

export interface RangeTimes {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

export interface RunOptions {
  readonly lookbackDeltaMs?: number;
  /** Records what every operator does. */
  readonly analyze?: boolean;
}

/** A parsed and checked query, ready to run over any source of series. */
export interface PreparedQuery {
  readonly expr: Expr;
  readonly type: Exclude<ValueType, "none">;
  /** The plan over `source`, without reading anything. Throws as `instant` and `range` do. */
  explain(source: Selectable, times: InstantTime | RangeTimes): PlanExplanation;
  instant(ctx: QueryContext, source: Selectable, at: InstantTime & RunOptions): QueryResult;
  /** Throws GatewayError `bad_data` for string and range-vector expressions. */
  range(ctx: QueryContext, source: Selectable, over: RangeTimes & RunOptions): QueryResult;
}

export interface Engine {
  /** Throws GatewayError `bad_data` with Prometheus's text and position. */
  prepare(text: string): PreparedQuery;
}
