/**
 * PromQL as a library: parser, printer, prettifier, syntax tree as JSON, and the engine over any source of series.
 * Nothing in here reads files or sockets: series come from the `Selectable` that a query is run over, which is written by
 * hand or made of a `Store` by `createSelectable`.
 */
export { createSelectable, type SelectableOptions } from "../federation/select.ts";
export { type ErrorCode, GatewayError } from "../lib/errors.ts";
export type { HistogramColumn } from "../model/histogram/histogram-column.ts";
export {
  compareLabels,
  formatLabels,
  type Label,
  type Labels,
  labelsOf,
  labelValue,
} from "../model/labels.ts";
export type { Matcher, MatcherType } from "../model/matcher.ts";
export { allMatch, type CompiledMatcher, createMatcher } from "../model/matches.ts";
export type { TimeRange } from "../model/time-range.ts";
export { type Clock, systemClock } from "../runtime/clock.ts";
export type {
  Projection,
  SampleColumn,
  SampleSource,
  Selectable,
  SelectRequest,
  SeriesLabels,
} from "../store/samples.ts";
export type { MemoryAccount, QueryContext, Store } from "../store/store.ts";
export type { AnnotationTexts } from "./annotations.ts";
export type {
  Engine,
  EngineOptions,
  InstantTime,
  OperatorAnalysis,
  PreparedQuery,
  QueryResult,
  QueryStats,
  RangeTimes,
  ResultColumn,
  RunOptions,
  StepGrid,
} from "./engine.ts";
export { createEngine, prepareExpr } from "./exec/create-engine.ts";
export type * from "./syntax/ast.ts";
export { typeOf } from "./syntax/check.ts";
export { exprJson, type JsonValue } from "./syntax/expr-json.ts";
export { type FunctionSignature, functions } from "./syntax/functions.ts";
export {
  allFeatures,
  type Diagnostic,
  maxQueryBytes,
  type ParseResult,
  type ParserOptions,
  parseExpr,
  parseMetricSelector,
  parseQuery,
  stableFeatures,
} from "./syntax/parse.ts";
export { prettyExpr } from "./syntax/prettifier.ts";
export { printDuration, printExpr, printMatcher } from "./syntax/printer.ts";
