export type {
  Engine,
  EngineOptions,
  PreparedQuery,
  QueryResult,
  QueryStats,
  ResultColumn,
  StepGrid,
} from "./engine.ts";
export { createEngine, prepareExpr } from "./exec/create-engine.ts";
export type { Expr, ValueType } from "./syntax/ast.ts";
export { type ParserOptions, parseExpr, parseMetricSelector, parseQuery } from "./syntax/parse.ts";
